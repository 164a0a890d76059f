"""Webhook in, system told: the whole road, with real processes and nothing between that is not ours.

Each test runs on the embedded shape and on the split one, over PostgreSQL and Redis.
"""

from __future__ import annotations

import json
import threading

import pytest
import requests
from road import ANNA, BORIS, CARLA, ID_INSTANCE, WEBHOOK_TOKEN, Road, until

from tasks.demo.crm import Fault


@pytest.fixture
def road(tmp_path, shape):
    with Road(tmp_path, ("all", "result"), shape) as road:
        yield road


def outcome_labels(road, name):
    return sorted(label for label in road.labels(name) if label[0] != "Incoming call")


def test_each_outcome_is_told_once_in_the_words_of_the_policy(road):
    road.start()
    for outcome in ("pickUp", "hungUp", "hangUp", "missed", "declined"):
        road.ring(ANNA, outcome, after=4.0)
    until(lambda: len(road.kept("all")) == 10 and len(road.kept("result")) == 5, what="all to be told")

    answered, dropped, missed = (f"{word} call" for word in ("Answered", "Dropped", "Missed"))
    assert outcome_labels(road, "all") == sorted(
        (word, "Anna Petrova") for word in [answered, *[dropped] * 2, *[missed] * 2]
    )
    assert outcome_labels(road, "result") == sorted((word, "Anna Petrova") for word in [answered, *[missed] * 4])
    assert set(road.requests("all").values()) == {1}
    road.stop()


def test_a_caller_has_the_name_of_the_address_book_or_their_own_or_a_number(road):
    road.start()
    for chat in (ANNA, BORIS, CARLA):
        road.ring(chat, "declined", after=0.1)
    until(lambda: len(road.kept("result")) == 3, what="all to be told")

    assert sorted(name for _, name in road.labels("result")) == ["+1 555-123-0003", "Anna Petrova", "Boris"]


def test_one_notification_sent_ten_times_at_once_is_one_record(road):
    road.start()
    body = {
        "typeWebhook": "incomingCall", "instanceData": {"idInstance": int(ID_INSTANCE), "wid": ""},
        "from": ANNA, "idMessage": "C1", "status": "declined",
    }  # fmt: skip
    url = f"http://127.0.0.1:{road.port}/webhooks/greenapi"
    codes = []

    def post():
        headers = {"Authorization": f"Bearer {WEBHOOK_TOKEN}"}
        codes.append(requests.post(url, json=body, headers=headers, timeout=20).status_code)

    threads = [threading.Thread(target=post) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    until(lambda: len(road.kept("all")) == 1 and len(road.kept("result")) == 1, what="it to be told")

    assert codes == [200] * 10
    assert road.requests("all") == {f"{ID_INSTANCE}-C1-missed": 1}
    assert len(road.calls()) == 1


def test_an_outcome_before_its_offer_is_told_and_the_offer_is_not(road):
    road.start()
    call = road.ring(ANNA, "pickUp", after=0.5, outcome_first=True)
    until(lambda: road.kept("all") and road.green_api.idle(), what="the outcome to be told")
    road.stop()

    assert road.kept("all") == [f"{call}-answered"]
    [listed] = road.calls()
    assert (listed["status"], [one["state"] for one in listed["deliveries"]]) == ("answered", ["delivered"] * 2)


def test_a_crm_that_was_down_hears_everything_once_and_in_order(road):
    road.start()
    road.crm.fault(Fault(name="all", mode="refuse"))
    calls = [road.ring(chat, "declined", after=1.0) for chat in (ANNA, BORIS)]
    until(lambda: road.green_api.idle() and len(road.kept("result")) == 2, what="the other connection to be told")
    assert road.kept("all") == []

    road.crm.fault(Fault(name="all", count=0))
    until(lambda: len(road.kept("all")) >= 2, 60, what="the connection to be told after all")

    for call in calls:
        told = [one.rpartition("-")[2] for one in road.kept("all") if one.startswith(call)]
        assert told in (["missed"], ["ringing", "missed"])
    assert len(set(road.kept("all"))) == len(road.kept("all"))


def test_a_connection_that_is_gone_is_paused_and_the_others_go_on(road):
    road.start()
    road.crm.fault(Fault(name="all", mode="refuse", status=410))
    road.ring(ANNA, "declined", after=0.2)
    until(lambda: road.kept("result"), what="the other connection to be told")

    def held():
        states = {one["connection"]: one["state"] for one in json.loads(road.run("delivery", "list", "--json"))}
        return states == {"all": "held", "result": "delivered"}

    until(held, what="the delivery to be held")


def test_what_was_refused_is_told_after_a_replay_while_the_bridge_runs(road):
    road.start()
    road.crm.fault(Fault(name="all", mode="refuse", status=422))
    call = road.ring(ANNA, "declined", after=0.2)

    def failed():
        return json.loads(road.run("delivery", "list", "--connection", "all", "--state", "failed", "--json"))

    until(lambda: [one["owes"] for one in failed()] == ["missed"], what="the outcome to be refused")
    road.crm.fault(Fault(name="all", count=0))
    assert road.run("delivery", "replay", "--connection", "all") == "1 delivery replayed.\n"
    until(lambda: road.kept("all") == [f"{call}-missed"], 10, what="the replayed outcome to be told")
    until(lambda: {one["state"] for one in road.calls()[0]["deliveries"]} == {"delivered"}, what="it to be settled")

    story = json.loads(road.run("call", "show", call, "--json"))["story"]
    replayed = [one["what"] for one in story].index("replayed")
    assert [one["what"] for one in story[replayed:]] == ["replayed", "attempt", "record"]
    assert story[replayed + 1]["text"].startswith("missed told; took ")


def test_a_change_is_taken_up_by_a_running_bridge(road):
    road.start()
    road.policies = ("all", "result", "ring")
    road.crm._keys["ring"] = road.crm._keys["all"]
    assert road.apply() == "connection ring: added\n"

    def rung():
        road.ring(ANNA, "declined", after=0.5)
        return road.kept("ring")

    until(rung, 5, what="the new connection to be told")


def test_no_token_is_written_to_the_log(road):
    road.start(RINGBRIDGE_LOG_LEVEL="DEBUG")
    road.ring(ANNA, "declined", after=0.2)
    road.crm.fault(Fault(name="all", mode="refuse", count=1))
    until(lambda: road.kept("result"), what="it to be told")
    road.stop()

    log = road.log()
    assert "notification accepted" in log
    assert "canary" not in log
    assert "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw" not in log

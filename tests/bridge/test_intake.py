"""What is written down, and what is owed for it, when a notification arrives."""

from __future__ import annotations

import json
import threading

import pytest
from desk import CHAT, Desk, notification
from sqlalchemy import select

from bridge.greenapi.events import read
from bridge.store import tables
from connectors.kit import CallStatus

ALL_POLICIES = ("ignore", "ring", "result", "all")


@pytest.fixture
def desk(store, now):
    desk = Desk(store, now, ALL_POLICIES)
    desk.know()
    return desk


def story(desk):
    with desk.store.read() as db:
        return [(row.what, row.connection_id, row.detail) for row in db.execute(select(tables.story))]


def owed(desk):
    return {name: owes for name, (_, owes, _) in desk.states().items()}


def test_an_offer_is_owed_to_those_who_hear_ringing(desk):
    accepted = desk.hear("offer")

    assert owed(desk) == {"ring-1": "ringing", "all-3": "ringing"}
    assert all(bell.ringing for bell in accepted.due)
    assert len(accepted.due) == 2


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("pickUp", "answered"),
        ("hungUp", "dropped"),
        ("hangUp", "dropped"),
        ("HANGUP", "dropped"),
        ("missed", "missed"),
        ("declined", "missed"),
        ("blocked", "unknown"),
    ],
)
def test_an_outcome_is_owed_to_those_who_hear_results(desk, word, status):
    desk.hear("offer")
    desk.hear(word, 5)

    assert desk.calls()[0].status == status
    assert owed(desk) == {"ring-1": "ringing", "result-2": status, "all-3": status}


@pytest.mark.parametrize("status", [None, "", "offer", "OFFER"])
def test_a_status_that_is_absent_or_empty_is_an_offer(desk, status):
    desk.hear(status)

    assert [call.status for call in desk.calls()] == ["ringing"]


def test_a_null_status_is_an_offer():
    body = json.dumps({**notification(), "status": None}).encode()

    assert read(body).call.status is CallStatus.RINGING


def test_a_repeat_changes_nothing(desk):
    desk.hear("offer")
    desk.hear("hangUp", 5)
    before = desk.calls(), desk.states(), desk.verdicts()

    assert desk.hear("offer", 60, stamped=0).verdict == "repeat"
    assert desk.hear("hungUp", 60, stamped=5).verdict == "repeat"
    assert (desk.calls(), desk.states(), desk.verdicts()) == before


def test_the_same_notification_at_once_from_many_makes_one_call(desk):
    verdicts = []
    barrier = threading.Barrier(10)

    def hear():
        barrier.wait()
        verdicts.append(desk.hear("offer").verdict)

    threads = [threading.Thread(target=hear) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(verdicts) == ["call"] + ["repeat"] * 9
    assert len(desk.calls()) == 1
    assert len(desk.states()) == 2


def test_an_outcome_at_once_from_many_without_an_offer_makes_one_call(desk):
    barrier = threading.Barrier(10)

    def hear():
        barrier.wait()
        desk.hear("declined")

    threads = [threading.Thread(target=hear) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert [call.status for call in desk.calls()] == ["missed"]


def test_an_outcome_without_an_offer_is_a_complete_call(desk):
    desk.hear("declined", 3, stamped=2)

    [call] = desk.calls()
    assert (call.status, call.started_at, call.outcome_at) == ("missed", desk.moment(2), desk.moment(2))
    assert owed(desk) == {"result-2": "missed", "all-3": "missed"}


def test_an_offer_after_its_outcome_changes_nothing(desk):
    desk.hear("declined", 3)
    before = desk.calls(), desk.states()

    desk.hear("offer", 4, stamped=0)

    assert (desk.calls(), desk.states()) == before


def test_the_first_real_outcome_stands_and_another_is_kept_as_late(desk):
    desk.hear("offer")
    desk.hear("pickUp", 5)
    desk.hear("declined", 6)

    assert [call.status for call in desk.calls()] == ["answered"]
    assert desk.verdicts() == ["call", "call", "late_outcome"]


@pytest.mark.parametrize("first", ["pickUp", "hungUp", "declined"])
@pytest.mark.parametrize("later", ["teleported", "offer", None])
def test_no_outcome_gives_way_to_one_that_we_do_not_know_or_to_ringing(desk, first, later):
    desk.hear(first, 5)
    before = desk.calls(), desk.states()

    assert desk.hear(later, 6).due == ()
    assert (desk.calls(), desk.states()) == before


def test_a_real_outcome_replaces_an_unknown_one(desk):
    desk.hear("offer")
    desk.hear("teleported", 5)
    assert desk.calls()[0].raw_status == "teleported"
    desk.hear("pickUp", 6)

    [call] = desk.calls()
    assert (call.status, call.raw_status) == ("answered", None)


def test_silence_makes_a_call_unknown_and_a_late_outcome_still_counts(desk):
    desk.hear("offer")
    assert desk.silence(179) == []
    desk.silence(181)
    assert (desk.calls()[0].status, desk.calls()[0].outcome_at) == ("unknown", desk.moment(181))
    assert owed(desk)["result-2"] == "unknown"

    desk.hear("declined", 300)

    assert desk.calls()[0].status == "missed"
    assert owed(desk)["result-2"] == "missed"


def test_silence_counts_from_when_the_offer_was_stored_however_old_it_was(desk):
    desk.hear("offer", 100, stamped=0)

    assert desk.silence(280) == []
    [closed] = desk.silence(281)
    assert (closed.verdict, closed.call_id) == ("call", "7103111222-C1")
    assert ("closed", None, {"waited_seconds": 180.0}) in story(desk)


def test_an_outcome_under_another_id_finds_the_call_that_rings_in_its_chat(desk):
    desk.hear("offer", 0, id_message="C1")
    desk.hear("offer", 10, id_message="C2")
    desk.hear("pickUp", 20, id_message="X")

    assert [call.status for call in desk.calls()] == ["ringing", "answered"]


@pytest.mark.parametrize(
    ("offered", "ended", "found"), [(0, 180, True), (0, 180.5, False), (180, 0, True), (180.5, 0, False)]
)
def test_an_outcome_under_another_id_belongs_to_an_offer_of_the_same_three_minutes(desk, offered, ended, found):
    desk.hear("offer", 200, at=desk.moment(offered).timestamp(), id_message="C1")
    desk.hear("pickUp", 201, at=desk.moment(ended).timestamp(), id_message="X")

    assert [call.status for call in desk.calls()] == (["answered"] if found else ["ringing", "answered"])


def test_an_outcome_under_another_id_is_of_no_other_chat_and_of_no_call_that_is_over(desk):
    desk.hear("offer", 0, id_message="C1", chat="15551230043@c.us")
    desk.hear("offer", 0, id_message="C2")
    desk.hear("busy", 1, id_message="C2")
    desk.hear("pickUp", 2, id_message="X")

    assert [call.status for call in desk.calls()] == ["ringing", "unknown", "answered"]


def test_an_outcome_under_another_id_that_is_sent_again_does_not_end_the_next_call(desk):
    desk.hear("offer", 0, id_message="C1")
    desk.hear("declined", 5, id_message="X")
    desk.hear("offer", 20, id_message="C2")

    assert desk.hear("declined", 65, stamped=5, id_message="X").verdict == "repeat"
    assert [call.status for call in desk.calls()] == ["missed", "ringing"]


def test_an_outcome_without_an_id_finds_its_call_and_is_a_repeat_when_it_comes_again(desk):
    desk.hear("offer", 0, id_message=None)
    desk.hear("hangUp", 5, id_message=None)
    assert desk.hear("hungUp", 65, stamped=5, id_message=None).verdict == "repeat"

    assert [call.status for call in desk.calls()] == ["dropped"]


def test_an_outcome_under_another_id_that_comes_too_long_after_is_a_call_of_its_own(desk):
    desk.hear("offer", 0, id_message="C1")
    desk.hear("pickUp", 181, id_message="X")

    assert [call.status for call in desk.calls()] == ["ringing", "answered"]


def test_another_caller_in_the_outcome_changes_nobody(desk):
    desk.hear("offer")
    desk.hear("pickUp", 5, chat="15557650001@c.us")

    assert [(call.chat_id, call.status) for call in desk.calls()] == [(CHAT, "answered")]


def test_calls_from_our_own_account_are_kept_and_told_to_nobody(desk):
    for status in ("offer", "pickUp"):
        accepted = desk.hear(status, 5, chat="15557650001@c.us")
        assert (accepted.verdict, accepted.call_id, accepted.due) == ("own", None, ())

    assert (desk.calls(), desk.states(), desk.verdicts()) == ([], {}, ["own", "own"])


@pytest.mark.parametrize("outcome_first", [True, False])
def test_an_outcome_from_our_own_account_settles_the_call_of_its_id(desk, outcome_first):
    ours = {"chat": "15557650001@c.us"}
    for status, more in (("declined", ours), ("offer", {})) if outcome_first else (("offer", {}), ("declined", ours)):
        desk.hear(status, 5, stamped=0, **more)

    assert [(call.chat_id, call.status) for call in desk.calls()] == [(CHAT, "missed")]
    assert sorted(desk.verdicts()) == ["call", "own"]
    assert owed(desk)["result-2"] == owed(desk)["all-3"] == "missed"


@pytest.mark.parametrize("outcome_first", [True, False])
def test_an_outcome_from_our_own_account_happened_when_green_api_says(desk, outcome_first):
    ours = {"chat": "15557650001@c.us"}
    if outcome_first:
        desk.hear("declined", 100, stamped=20, **ours)
    desk.hear("offer", 101, stamped=0)
    if not outcome_first:
        desk.hear("declined", 102, stamped=20, **ours)

    [call] = desk.calls()
    assert (call.started_at, call.outcome_at) == (desk.moment(0), desk.moment(20))


def test_an_outcome_from_our_own_account_that_was_too_long_to_keep_happened_when_it_came(desk):
    desk.hear("declined", 100, stamped=20, chat="15557650001@c.us", padding="x" * 70_000)
    desk.hear("offer", 101, stamped=0)

    [call] = desk.calls()
    assert (call.status, call.outcome_at) == ("missed", desk.moment(100))


@pytest.mark.parametrize(
    "at",
    [1763647392, "1763647392", 1763647392000, 1763647392.0, None, "soon", -5, 10**30, float("inf"), [], True],
)
def test_a_timestamp_may_be_anything(desk, at):
    desk.hear("offer", at=at)

    [call] = desk.calls()
    assert call.started_at <= desk.moment()


def test_a_timestamp_in_the_future_is_ours(desk):
    desk.hear("offer", 1, stamped=3600)

    assert desk.calls()[0].started_at == desk.moment(1)


def test_ids_may_be_numbers_and_unreadable_ones_are_hashed(desk):
    desk.hear("offer", id_message=12345)
    desk.hear("offer", id_message="a b/c\ud800", chat="15551230043@c.us")
    desk.hear("offer", id_message=None, chat="15551230044@c.us")

    keys = [call.key for call in desk.calls()]
    assert keys[0] == "7103111222-12345"
    assert all(len(key) == len("7103111222-") + 64 for key in keys[1:])


def test_a_new_caller_is_waited_for_a_moment_and_then_told_by_number(store, now):
    desk = Desk(store, now)

    accepted = desk.hear("offer")

    assert (accepted.due, accepted.look_up) == ([], (1,))
    assert desk.row().due_at == desk.moment(1.5)


def test_nobody_waits_for_a_name_that_would_come_too_late(store, now):
    desk = Desk(store, now)
    for number in range(4):
        desk.hear("offer", id_message=f"C{number}", chat=f"1555123000{number}@c.us")

    dues = [desk.row(number).due_at for number in range(1, 5)]

    assert dues == [desk.moment(1.5), desk.moment(1.5), desk.moment(0), desk.moment(0)]


def test_an_outcome_waits_up_to_a_minute_for_a_name(store, now):
    desk = Desk(store, now, ["result"])
    desk.hear("offer")

    assert desk.hear("declined", 1).due == []
    assert desk.row().due_at == desk.moment(61)


def test_an_old_offer_makes_a_late_call(desk):
    desk.hear("offer", 100, stamped=0)

    assert desk.calls()[0].late is True


def test_a_connection_added_in_between_hears_the_outcome_by_its_policy(desk):
    desk.hear("offer")
    desk.connect("newcomer", "all")
    desk.connect("ringer", "ring")
    desk.hear("pickUp", 5)

    assert desk.states()["newcomer"] == ("due", CallStatus.ANSWERED, None)
    assert "ringer" not in desk.states()


def test_whoever_hears_the_outcome_by_another_policy_is_a_line_of_the_story(desk):
    desk.hear("offer")
    desk.change("all-3", policy="result")
    desk.connect("newcomer", "all")
    desk.hear("pickUp", 5)

    changed = [line for line in story(desk) if line[0] == "policy"]
    assert sorted(changed) == [("policy", 4, {"policy": "result"}), ("policy", 5, {"policy": "all"})]


def test_a_connection_that_is_to_hear_nothing_any_more_hears_no_outcome(desk):
    desk.hear("offer")
    desk.tell(2)
    desk.change("all-3", policy="ignore")
    desk.change("result-2", policy="ignore")
    desk.hear("pickUp", 5)

    assert desk.states()["all-3"] == ("delivered", CallStatus.RINGING, CallStatus.RINGING)
    assert "result-2" not in desk.states()


def test_ringing_that_nobody_was_told_before_the_outcome_is_over_for_those_who_hear_ringing_alone(desk):
    desk.hear("offer")
    desk.hear("pickUp", 5)

    assert desk.states()["ring-1"] == ("skipped", CallStatus.RINGING, None)


def test_many_new_callers_at_once_on_one_instance_do_not_wait_for_each_other_for_ever(store, now):
    desk = Desk(store, now, ["result"])
    barrier, verdicts = threading.Barrier(12), []

    def hear(number):
        barrier.wait()
        verdicts.append(desk.hear("offer", id_message=f"N{number}", chat=f"155512300{number:02}@c.us").verdict)

    threads = [threading.Thread(target=hear, args=(number,)) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)

    assert verdicts == ["call"] * 12
    if store.engine.dialect.name == "postgresql":
        with store.engine.connect() as db:
            deadlocks = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"
            assert db.exec_driver_sql(deadlocks).scalar() == 0

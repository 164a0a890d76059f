"""What the person on duty sees: who may see it, that it is true, and that looking is cheap."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from pathlib import Path

import pytest
from desk import CHAT, LOCKED_OUT, NOT_NOW, REFUSED, Desk, notification
from office import Clock, FullStore, office
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import text

from bridge import claims, figures, firsts, heartbeats, holding, instances, polling
from bridge.instances import InstanceConfig
from bridge.store import StoreUnavailable
from bridge.web import create_app

PAGE = Path(__file__).parents[3] / "docs" / "operating.md"
TOKEN = "canary-token-of-the-metrics"
OTHER = "15551230043@c.us"
WEBHOOK = "/webhooks/greenapi"
on_sqlite = pytest.mark.parametrize("store", ["sqlite"], indirect=True)


@pytest.fixture
def desk(store, now):
    return Desk(store, now, policies=("all", "result"))


@pytest.fixture
def clock(desk):
    return Clock(desk)


@pytest.fixture
def client(desk, clock):
    return create_app(office(desk.store, clock)).test_client()


def scraped(client):
    """{(name, labels): value} of every sample."""
    answer = client.get("/metrics")
    assert (answer.status_code, answer.content_type.partition(";")[0]) == (200, "text/plain")
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


def test_what_is_owed_is_counted_by_connection_and_state(desk, client, clock):
    for number, chat in enumerate((CHAT, "15551230043@c.us")):
        desk.know(chat)
        desk.hear("missed", id_message=f"C{number}", chat=chat)
    desk.tell(1, NOT_NOW, after=1)
    desk.tell(2, REFUSED, after=1)
    clock.after = 61

    found = scraped(client)

    assert [found["ringbridge_deliveries", "all-0", state] for state in ("due", "held", "failed")] == [2, 0, 0]
    assert [found["ringbridge_deliveries", "result-1", state] for state in ("due", "held", "failed")] == [1, 0, 1]
    assert found["ringbridge_delivery_overdue_seconds", "result-1"] == 61


def test_a_delivery_that_fails_is_overdue_since_it_began_to_fail(desk, client, clock):
    desk.know()
    desk.hear("missed")
    for after in (0, 100, 200):
        desk.tell(1, NOT_NOW, after=after)
        desk.tell(2, after=after)
    clock.after = 210

    found = scraped(client)

    assert found["ringbridge_delivery_overdue_seconds", "all-0"] == 210
    assert found["ringbridge_delivery_overdue_seconds", "result-1"] == 0


def test_what_is_due_and_taken_by_nobody_delays_its_queue(desk, client, clock):
    desk.know()
    desk.hear("offer")
    desk.know(OTHER)
    desk.hear("missed", chat=OTHER, id_message="C2", after=2)
    clock.after = 8
    seen = [scraped(client)]
    desk.claim(1, after=8)
    for delivery in (2, 3):
        desk.tell(delivery, after=8)
    seen.append(scraped(client))
    clock.after = 8 + desk.settings.lease_seconds + 3
    seen.append(scraped(client))

    delays = [[found["ringbridge_queue_delay_seconds", queue] for queue in ("ring", "notes")] for found in seen]
    assert delays == [[8, 6], [0, 0], [3, 0]]


def test_how_soon_ringing_is_told_is_counted_once_whoever_told_it(desk, client, clock):
    def sum_and_count(found):
        name = "ringbridge_ring_to_request_seconds"
        return found.get((f"{name}_sum", "all-0")), found.get((f"{name}_count", "all-0"))

    desk.know()
    desk.hear("offer")
    desk.tell(1, after=0.5)
    clock.after = 20
    seen = [sum_and_count(scraped(client))]  # from before it was first asked for
    desk.know(OTHER)
    desk.hear("offer", chat=OTHER, id_message="C2", after=20)
    desk.tell(2, NOT_NOW, after=20.25)
    desk.tell(2, after=23)
    desk.hear("missed", chat=OTHER, id_message="C2", after=24)
    desk.tell(2, after=24)
    desk.tell(3, after=24)
    for clock.after in (25, 26, 40):
        seen.append(sum_and_count(scraped(client)))

    assert seen == [(None, None), (None, None), (0.25, 1), (0.25, 1)]


def test_an_attempt_that_was_given_back_is_not_the_first(desk, client, clock):
    scraped(client)
    desk.know()
    desk.hear("offer")
    claim = desk.claim(1, after=1)
    desk.store.write(lambda db: claims.give_back(db, claim, desk.moment(3), desk.moment(1)))
    desk.tell(1, after=3)
    clock.after = 30

    assert scraped(client)["ringbridge_ring_to_request_seconds_sum", "all-0"] == 3


def test_a_paused_connection_says_why(desk, client):
    desk.know()
    desk.hear("missed")
    desk.tell(1, LOCKED_OUT)

    found = scraped(client)

    paused = {key[1:]: value for key, value in found.items() if key[0] == "ringbridge_connection_paused" and value}
    assert paused == {("all-0", "credentials"): 1}
    assert found["ringbridge_deliveries", "all-0", "held"] == 1
    assert found["ringbridge_connection_paused", "result-1", "credentials"] == 0


def test_a_removed_connection_is_told_of_no_more(desk, client):
    desk.hear("missed")
    connection = desk.directory.current().connections[0]
    desk.store.write(lambda db: holding.remove(db, connection, desk.moment(1)))

    assert not [key for key in scraped(client) if "all-0" in key]


def test_calls_of_a_day_are_counted_by_status_and_those_who_wait_for_a_name(desk, client, clock):
    desk.hear("missed", id_message="C0", at=desk.moment(-2 * 86400))
    desk.hear("missed", id_message="C1", after=1)
    desk.hear("offer", id_message="C2", after=2, chat="15551230043@c.us")
    clock.after = 12

    found = scraped(client)

    counted = {key[2]: value for key, value in found.items() if key[0] == "ringbridge_calls"}
    assert counted == {"ringing": 1, "answered": 0, "dropped": 0, "missed": 1, "unknown": 0}
    assert found["ringbridge_last_notification_age_seconds", "support"] == 10
    assert found["ringbridge_callers_waiting", "support"] == 3


def test_an_instance_that_is_to_be_polled_has_a_gauge_that_says_whether_it_is(desk, client, clock):
    line = InstanceConfig("line", "7103111333", "https://api.example.com", "t0ken", (), intake="poll")
    desk.store.write(lambda db: instances.save(db, desk.store.secrets, line, None))
    seen = [scraped(client)]
    desk.store.write(lambda db: polling.hold(db, "first", [2], 1, clock()) and None)
    seen.append(scraped(client))
    desk.store.write(lambda db: polling.note(db, "first", 2, "GREEN-API refused the token."))
    seen.append(scraped(client))

    assert [found["ringbridge_instance_polled", "line"] for found in seen] == [0, 1, 0]
    assert ("ringbridge_instance_polled", "support") not in seen[-1]


def test_before_anything_happened_ages_are_infinite(client):
    found = scraped(client)

    assert found["ringbridge_sweep_age_seconds",] == float("inf")
    assert found["ringbridge_last_notification_age_seconds", "support"] == float("inf")
    assert found["ringbridge_notifications_unread",] == 0


def test_a_sweep_is_a_sign_of_life(desk, client, clock):
    desk.store.write(lambda db: heartbeats.beat(db, desk.moment()))
    clock.after = 7

    assert scraped(client)["ringbridge_sweep_age_seconds",] == 7


@on_sqlite
def test_every_answer_is_counted_with_its_reason(desk, client):
    def post(body, token="Bearer s3cret", **options):
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        client.post(WEBHOOK, data=data, headers={"Authorization": token}, **options)

    message = {"typeWebhook": "incomingMessageReceived", "instanceData": {"idInstance": 7103111222}}
    for body in (notification(), notification(), message, b"{", notification(instanceData={"idInstance": 5})):
        post(body)
    post(json.dumps({**message, "text": "incomingCall"}).encode())
    post(b"{}", token="Bearer wrong")
    post(b"x" * (16 * 1024 * 1024 + 1))
    post(b"{}", environ_overrides={"CONTENT_LENGTH": "10"})
    found = scraped(client)

    counted = {key[1:]: value for key, value in found.items() if key[0] == "ringbridge_webhook_answers_total"}
    assert counted == {
        ("200", "accepted"): 1, ("200", "repeat"): 1, ("200", "unneeded"): 2, ("200", "unread"): 1,
        ("401", "unauthorized"): 1, ("401", "wrong_instance"): 1, ("413", "too_large"): 1, ("400", "broken_off"): 1,
    }  # fmt: skip
    assert found["ringbridge_intake_duration_seconds_count",] == 8  # all but the one answered in front
    assert found["ringbridge_notifications_unread",] == 1


@on_sqlite
def test_a_store_that_cannot_write_is_counted(desk, clock):
    service = office(FullStore(desk.store), clock)
    client = create_app(service).test_client()
    client.post(WEBHOOK, json=notification(), headers={"Authorization": "Bearer s3cret"})

    assert scraped(client)["ringbridge_webhook_answers_total", "503", "store_unavailable"] == 1


class _Away:
    def __init__(self, store):
        self.write, self.secrets = store.write, store.secrets

    def read(self):
        raise StoreUnavailable("The store cannot be read: db.internal refused")


@on_sqlite
def test_without_a_store_it_is_a_503_with_a_sentence(desk, clock):
    answer = create_app(office(_Away(desk.store), clock)).test_client().get("/metrics")

    assert (answer.status_code, answer.text) == (503, "The store cannot be read; the log says why.\n")


@on_sqlite
@pytest.mark.parametrize(
    ("address", "header", "status"),
    [
        ("127.0.0.1", None, 200), ("127.9.9.9", None, 200), ("::1", None, 200), ("::ffff:127.0.0.1", None, 200),
        ("10.0.0.7", None, 403), ("::ffff:10.0.0.7", None, 403), ("fe80::1%eth0", None, 403), ("", None, 403),
        ("127.0.0.1", "Forwarded", 403), ("127.0.0.1", "X-Forwarded-For", 403), ("127.0.0.1", "X-Real-IP", 403),
        ("127.0.0.1", "Via", 403),
    ],
)  # fmt: skip
def test_without_a_token_it_answers_this_machine_alone(client, address, header, status):
    headers = {header: "203.0.113.7"} if header else {}
    answer = client.get("/metrics", headers=headers, environ_base={"REMOTE_ADDR": address})

    assert answer.status_code == status
    assert status == 200 or "RINGBRIDGE_METRICS_TOKEN" in answer.text


@on_sqlite
@pytest.mark.parametrize(
    ("given", "status"),
    [
        (f"Bearer {TOKEN}", 200), (f"bearer  {TOKEN}", 200), (None, 401), ("", 401), ("Bearer", 401), ("Bearer ", 401),
        (TOKEN, 401), (f"Basic {TOKEN}", 401), (f"Bearer {TOKEN}x", 401), ("Bearer ünits", 401),
    ],
)  # fmt: skip
@pytest.mark.parametrize("address", ["127.0.0.1", "203.0.113.7"])
def test_with_a_token_it_answers_whoever_has_it(desk, clock, given, status, address):
    client = create_app(office(desk.store, clock, metrics_token=TOKEN)).test_client()
    headers = {"X-Forwarded-For": "203.0.113.7"} | ({} if given is None else {"Authorization": given})
    answer = client.get("/metrics", headers=headers, environ_base={"REMOTE_ADDR": address})

    assert answer.status_code == status
    assert TOKEN not in answer.text


def test_no_label_holds_what_a_caller_chose(desk, client):
    desk.know(contact_name="canary-name")
    desk.hear("missed")
    page = client.get("/metrics").text

    assert "canary" not in page
    assert CHAT.partition("@")[0] not in page


@on_sqlite
def test_the_documented_metrics_are_those_that_there_are(desk, client):
    documented = set(re.findall(r"^\| `(ringbridge_\w+)`", PAGE.read_text(), re.MULTILINE))
    families = list(text_string_to_metric_families(client.get("/metrics").text))
    exposed = {family.name + ("_total" if family.type == "counter" else "") for family in families}

    assert documented == exposed
    assert all(family.documentation for family in families)


@on_sqlite
def test_no_question_reads_a_whole_table(desk):
    questions = {
        "deliveries": [figures._OPEN, figures._FAILED, figures.due_since(desk.moment())],
        "calls": [figures._WAITING, figures.calls_since(desk.moment() - timedelta(days=1))],
        "notifications": [figures._UNREAD, figures._HEARD],
    }
    with desk.store.read() as db:
        for table, asked in questions.items():
            for question in asked:
                sql = str(question.compile(db.engine, compile_kwargs={"literal_binds": True}))
                plan = [row.detail for row in db.execute(text(f"EXPLAIN QUERY PLAN {sql}"))]
                steps = [step for step in plan if table in step]
                assert steps, plan
                assert all("USING" in step and "INDEX ix_" in step for step in steps), plan


@on_sqlite
def test_attempts_are_read_by_their_ids_alone(desk):
    with desk.store.read() as db:
        for question in (firsts.end(7, desk.moment()), firsts.between(7, 9)):
            sql = str(question.compile(db.engine, compile_kwargs={"literal_binds": True}))
            plan = [row.detail for row in db.execute(text(f"EXPLAIN QUERY PLAN {sql}"))]
            assert any(step.startswith("SEARCH attempts USING INTEGER PRIMARY KEY (rowid>?") for step in plan), plan
            assert not [step for step in plan if step.startswith("SCAN")], plan

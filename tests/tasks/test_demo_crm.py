"""The CRM of the demo: what it keeps, which faults it can be told to make, and what it tells of both."""

import base64
import json
import threading
import time
from datetime import UTC, datetime

import pytest
import requests
from standardwebhooks import Webhook

from tasks.demo.crm import Crm, Fault

SECRET = "whsec_" + base64.b64encode(b"twenty-four bytes or more").decode()
MISSED = {"type": "call.missed", "data": {"label": "Missed call", "summary": "Missed call from Noor"}}


@pytest.fixture
def crm():
    with Crm() as crm:
        yield crm


def send(crm, webhook_id="7103111222-A-missed", body=MISSED, *, name="sales", headers=None, timeout=5.0):
    with requests.Session() as session:
        return session.post(
            f"{crm.url}/hooks/{name}",
            json=body,
            headers={"webhook-id": webhook_id} | (headers or {}),
            timeout=timeout,
        )


def logged(crm):
    return [(entry["applied"], entry["repeat"], entry["answer"]) for entry in crm.log.entries()]


def test_a_note_makes_a_record_with_its_whole_body(crm):
    assert send(crm).status_code == 200

    [record] = crm.records()
    assert (record["name"], record["webhook_id"], record["type"]) == (
        "sales",
        "7103111222-A-missed",
        "call.missed",
    )
    assert record["body"] == MISSED
    assert logged(crm) == [(True, False, 200)]


def test_a_repeated_note_is_counted_and_changes_nothing(crm):
    send(crm)
    send(crm, body={"type": "call.missed", "data": {}})

    assert [record["body"] for record in crm.records()] == [MISSED]
    assert logged(crm) == [(True, False, 200), (False, True, 200)]


def test_two_hooks_keep_their_own_records(crm):
    send(crm, name="sales")
    send(crm, name="support/berlin")

    assert [record["name"] for record in crm.records()] == ["sales", "support/berlin"]


def test_a_ping_is_answered_and_makes_no_record(crm):
    assert send(crm, body={"type": "ringbridge.ping"}).status_code == 200

    assert crm.records() == []
    assert logged(crm) == [(False, False, 200)]


@pytest.mark.parametrize("body", ["text", {"data": {}}, {"type": 7}])
def test_what_has_no_type_is_refused(crm, body):
    assert send(crm, body=body).status_code == 400
    assert logged(crm) == [(False, False, 400)]


def test_a_note_without_an_id_is_refused(crm):
    assert send(crm, webhook_id="").status_code == 400


def signed(body, *, at=None, secret=SECRET):
    at = int(time.time()) if at is None else at
    signature = Webhook(secret).sign("id-1", datetime.fromtimestamp(at, UTC), json.dumps(body))
    return {"webhook-id": "id-1", "webhook-timestamp": str(at), "webhook-signature": signature}


def send_signed(headers, body=MISSED):
    with Crm({"sales": SECRET}) as crm, requests.Session() as session:
        return session.post(f"{crm.url}/hooks/sales", json.dumps(body), headers=headers, timeout=5).status_code


def test_a_note_signed_with_the_secret_of_its_hook_is_taken():
    assert send_signed(signed(MISSED)) == 200


def test_one_fitting_signature_of_several_is_enough():
    old = signed(MISSED, secret="whsec_" + base64.b64encode(b"the secret before this one").decode())
    new = signed(MISSED)

    both = new | {"webhook-signature": f"{old['webhook-signature']} v1a,x {new['webhook-signature']}"}

    assert send_signed(both) == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"webhook-id": "id-1"},
        signed(MISSED) | {"webhook-signature": "v1,AAAA"},
        signed(MISSED) | {"webhook-id": "id-2"},
        signed(MISSED) | {"webhook-timestamp": "soon"},
        signed({"type": "call.answered"}),
        signed(MISSED, at=int(time.time()) - 4000),
        signed(MISSED, at=int(time.time()) + 4000),
    ],
)
def test_a_note_whose_signature_does_not_fit_is_refused(headers):
    assert send_signed(headers) == 401


def test_a_hook_can_refuse_for_a_while_and_say_when_to_come_back(crm):
    crm.fault(Fault(name="sales", mode="refuse", status=429, retry_after=7, count=1))

    refused, taken, other = send(crm), send(crm), send(crm, name="support")

    assert (refused.status_code, refused.headers["Retry-After"]) == (429, "7")
    assert (taken.status_code, other.status_code) == (200, 200)
    assert logged(crm) == [(False, False, 429), (True, False, 200), (True, False, 200)]


def test_a_hook_refuses_until_it_is_cleared(crm):
    crm.fault(Fault(name="sales", mode="refuse"))
    assert [send(crm).status_code for _ in range(2)] == [503, 503]

    crm.fault(Fault(name="sales", count=0))

    assert send(crm).status_code == 200


def test_a_dropped_request_leaves_no_record(crm):
    crm.fault(Fault(name="sales", mode="drop", count=1))

    with pytest.raises(requests.ConnectionError):
        send(crm)

    assert crm.records() == []
    assert logged(crm) == [(False, False, None)]


def test_a_note_can_be_applied_and_its_answer_lost(crm):
    crm.fault(Fault(name="sales", mode="apply_then_drop", count=1))

    with pytest.raises(requests.ConnectionError):
        send(crm)
    send(crm)

    assert len(crm.records()) == 1
    assert logged(crm) == [(True, False, None), (False, True, 200)]


@pytest.mark.parametrize("mode", ["hang", "apply_then_hang"])
def test_a_hanging_hook_answers_in_the_end(crm, mode):
    crm.fault(Fault(name="sales", mode=mode, seconds=0.05, count=1))

    before = time.monotonic()
    assert send(crm).status_code == 200

    assert time.monotonic() - before >= 0.05
    assert len(crm.records()) == 1


def test_what_hangs_after_applying_is_applied_although_nobody_waits(crm):
    crm.fault(Fault(name="sales", mode="apply_then_hang", seconds=60, count=1))

    with pytest.raises(requests.ReadTimeout):
        send(crm, timeout=1.0)

    assert len(crm.records()) == 1


def test_a_stop_cuts_what_hangs_before_it_is_applied(crm):
    crm.fault(Fault(name="sales", mode="hang", seconds=60, count=1))
    failures = []

    def hang():
        try:
            send(crm)
        except requests.ConnectionError as error:
            failures.append(error)

    thread = threading.Thread(target=hang)
    thread.start()
    until = time.monotonic() + 5
    while not crm.hanging:
        assert time.monotonic() < until
        time.sleep(0.005)
    crm.stop()
    thread.join(5)

    assert len(failures) == 1
    assert crm.records() == []


def test_records_outlive_a_restart_on_the_same_port(crm):
    send(crm)
    port = int(crm.url.rpartition(":")[2])

    crm.stop()
    with pytest.raises(requests.ConnectionError):
        send(crm)
    crm.start(port)
    send(crm)

    assert logged(crm) == [(True, False, 200), (False, True, 200)]


def test_a_careless_crm_can_forget_and_can_write_twice(crm):
    crm.fault(Fault(name="sales", mode="forget", count=1))
    assert send(crm, "lost").status_code == 200
    crm.fault(Fault(name="sales", mode="twice", count=1))
    assert send(crm, "doubled").status_code == 200

    assert [record["webhook_id"] for record in crm.records()] == ["doubled", "doubled"]


def test_faults_can_be_set_and_what_was_kept_read_over_http(tmp_path):
    path = tmp_path / "received.jsonl"
    with Crm(log=path) as crm, requests.Session() as session:
        fault = {"name": "sales", "mode": "refuse", "status": 500, "count": 1}
        assert session.post(f"{crm.url}/standin/faults", json=fault, timeout=5).status_code == 200
        assert session.post(f"{crm.url}/standin/faults", json={"name": "x", "mode": "?"}, timeout=5).status_code == 400
        send(crm)
        send(crm)

        log = session.get(f"{crm.url}/standin/log", timeout=5).json()
        assert session.get(f"{crm.url}/standin/records", timeout=5).json() == crm.records()

    assert [entry["answer"] for entry in log] == [500, 200]
    assert [json.loads(line) for line in path.read_text().splitlines()] == log

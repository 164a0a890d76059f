import http.client
import json
import re
import time

import pytest
import requests
from flask import Response, request
from pydantic import ValidationError

from bridge.greenapi.standin import Account, Fault, GreenApi
from bridge.greenapi.standin.loopback import Loopback, unanswered

NOOR = "15551230042@c.us"
CONTACT_FIELDS = """avatar name contactName email category description products chatId lastSeen isArchive
    isDisappearing isMute messageExpiration muteExpiration isBusiness"""


class Receiver:
    """A webhook that keeps what it is sent, and answers 200 unless told what to answer next."""

    def __init__(self):
        self.requests = []
        self.answers = []
        self.loopback = Loopback("receiver", None)
        self.loopback.app.add_url_rule("/in", view_func=self.take, methods=["POST"])

    def take(self):
        self.requests.append((dict(request.headers), request.get_data()))
        answer = self.answers.pop(0) if self.answers else 200
        return unanswered() if answer is None else Response(status=answer, headers={"Location": "/in"})

    @property
    def told(self):
        return [json.loads(body) for _, body in self.requests]


@pytest.fixture
def receiver():
    receiver = Receiver()
    receiver.url = receiver.loopback.start() + "/in"
    yield receiver
    receiver.loopback.stop()


@pytest.fixture
def account(receiver):
    contacts = {NOOR: {"contactName": "Noor (bakery)", "name": "Noor"}}
    return Account(
        id_instance="7103111222",
        api_token="t0ken",
        webhook_url=receiver.url,
        webhook_token="s3cret",
        wid="15557650001@c.us",
        contacts=contacts,
    )


@pytest.fixture
def green_api(account):
    with GreenApi([account], pause=0.01, contacts_per_second=None) as green_api:
        yield green_api


def ask(green_api, body, *, token="t0ken", instance="7103111222", method="getContactInfo"):
    with requests.Session() as session:
        return session.post(
            f"{green_api.url}/waInstance{instance}/{method}/{token}",
            data=body if isinstance(body, str) else json.dumps(body),
            timeout=5,
        )


def pushed(green_api):
    return [entry for entry in green_api.log.entries() if entry["what"] == "pushed"]


def test_a_ring_is_told_as_an_offer_and_an_outcome_under_one_id(green_api, receiver):
    id_message = green_api.ring("7103111222", NOOR, "declined", after=0.01)

    assert green_api.idle(timeout=5)
    offer, outcome = receiver.told
    assert re.fullmatch("[0-9A-F]{32}", id_message)
    assert offer | {"timestamp": 0} == {
        "from": NOOR,
        "typeWebhook": "incomingCall",
        "instanceData": {"idInstance": 7103111222, "wid": "15557650001@c.us", "typeInstance": "whatsapp"},
        "status": "offer",
        "timestamp": 0,
        "idMessage": id_message,
    }
    assert (outcome["status"], outcome["idMessage"]) == ("declined", id_message)
    assert abs(outcome["timestamp"] - time.time()) < 5


def test_a_notification_carries_the_token_and_the_content_type_of_green_api(green_api, receiver):
    green_api.ring("7103111222", NOOR, None)

    assert green_api.idle(timeout=5)
    [(headers, _)] = receiver.requests
    assert headers["Authorization"] == "Bearer s3cret"
    assert headers["Content-Type"] == "application/json; charset=utf-8"


@pytest.mark.parametrize(
    ("token", "header"),
    [
        ("", None),
        ("s3cret", "Bearer s3cret"),
        ("Bearer s3cret", "Bearer s3cret"),
        ("Basic dXNlcjpwYXNz", "Basic dXNlcjpwYXNz"),
    ],
)
def test_a_token_that_names_its_scheme_is_sent_as_it_is(account, token, header):
    assert account.model_copy(update={"webhook_token": token}).authorization == header


@pytest.mark.parametrize("answer", [201, 204, 302, 401, 503, None])
def test_whatever_is_not_200_is_sent_again_and_what_is_behind_it_waits(green_api, receiver, answer):
    receiver.answers = [answer, answer]

    green_api.ring("7103111222", NOOR, "pickUp", after=0)

    assert green_api.idle(timeout=5)
    assert [told["status"] for told in receiver.told] == ["offer", "offer", "offer", "pickUp"]
    assert receiver.requests[0][1] == receiver.requests[2][1]
    assert [entry["answer"] for entry in pushed(green_api)] == [answer, answer, 200, 200]


def test_an_account_that_is_refused_holds_up_no_other(green_api, account, receiver):
    green_api.account(account.model_copy(update={"id_instance": "1", "webhook_url": "http://127.0.0.1:9/"}))

    green_api.ring("1", NOOR, None)
    green_api.ring("7103111222", NOOR, None)

    wait_until(lambda: receiver.requests)
    assert not green_api.idle()


def test_a_changed_webhook_address_takes_what_is_queued(green_api, account, receiver):
    green_api.account(account.model_copy(update={"webhook_url": "http://127.0.0.1:9/"}))
    id_message = green_api.ring("7103111222", NOOR, None)
    wait_until(lambda: pushed(green_api))

    green_api.account(account)

    assert green_api.idle(timeout=5)
    assert [told["idMessage"] for told in receiver.told] == [id_message]


def test_it_is_not_idle_before_the_outcome_has_been_taken(green_api):
    green_api.ring("7103111222", NOOR, after=60)

    wait_until(lambda: pushed(green_api))
    assert not green_api.idle()


@pytest.mark.parametrize(
    ("variants", "expected"),
    [
        ({"outcome": "hangUp"}, [("offer", NOOR), ("hangUp", NOOR)]),
        ({"outcome": None}, [("offer", NOOR)]),
        ({"outcome": None, "offer": None}, [(None, NOOR)]),
        ({"outcome_first": True}, [("pickUp", NOOR), ("offer", NOOR)]),
        ({"outcome_from": "15557650001@c.us"}, [("offer", NOOR), ("pickUp", "15557650001@c.us")]),
        ({"duplicate": 1}, [("offer", NOOR), ("offer", NOOR), ("pickUp", NOOR), ("pickUp", NOOR)]),
    ],
)
def test_a_call_can_be_told_in_the_ways_that_have_been_seen(green_api, receiver, variants, expected):
    green_api.ring("7103111222", NOOR, after=0.01, **variants)

    assert green_api.idle(timeout=5)
    assert [(told.get("status"), told["from"]) for told in receiver.told] == expected


def test_fields_can_be_added_and_ids_and_times_can_be_odd(green_api, receiver):
    green_api.ring(
        "7103111222",
        NOOR,
        None,
        id_message="a/b",
        string_id=True,
        timestamp="1795170000",
        extra={"isVideo": True},
    )

    assert green_api.idle(timeout=5)
    [told] = receiver.told
    assert told["instanceData"]["idInstance"] == "7103111222"
    assert (told["idMessage"], told["timestamp"], told["isVideo"]) == ("a/b", "1795170000", True)


def test_a_ring_of_an_unknown_kind_or_account_is_refused(green_api):
    with pytest.raises(ValidationError):
        green_api.ring("7103111222", NOOR, sideways=True)
    with pytest.raises(KeyError):
        green_api.ring("1", NOOR)


def test_a_contact_is_answered_with_both_names(green_api):
    answer = ask(green_api, {"chatId": NOOR}, method="GETcontactinfo")

    assert answer.status_code == 200
    assert set(answer.json()) == set(CONTACT_FIELDS.split())
    assert (answer.json()["contactName"], answer.json()["name"]) == ("Noor (bakery)", "Noor")


def test_a_stranger_has_two_empty_names(green_api):
    answer = ask(green_api, {"chatId": "15550000000@c.us"}).json()

    assert (answer["contactName"], answer["name"], answer["chatId"]) == ("", "", "15550000000@c.us")


@pytest.mark.parametrize(
    ("body", "address", "status", "text"),
    [
        ({"chatId": NOOR}, {"token": "wrong"}, 401, "^$"),
        ({"chatId": NOOR}, {"instance": "1"}, 403, "."),
        ({"chatId": NOOR}, {"method": "getNothing"}, 404, "<html"),
        ("no JSON", {}, 400, "Unexpected token .* in JSON"),
        ({"chatId": "1203630439680000@g.us"}, {}, 400, "^Validation failed"),
        ({}, {}, 400, "^Validation failed"),
        ([], {}, 400, "^Validation failed"),
    ],
)
def test_a_wrong_request_is_refused_as_green_api_refuses_it(green_api, body, address, status, text):
    answer = ask(green_api, body, **address)

    assert answer.status_code == status
    assert re.search(text, answer.text)


def test_a_wrong_verb_is_not_found(green_api):
    with requests.Session() as session:
        answer = session.get(f"{green_api.url}/waInstance7103111222/getContactInfo/t0ken", timeout=5)

    assert answer.status_code == 404
    assert "<html" in answer.text


def test_contacts_are_limited_for_each_account(account):
    other = account.model_copy(update={"id_instance": "1"})
    with GreenApi([account, other], contacts_per_second=1.0) as green_api:
        answers = [ask(green_api, {"chatId": NOOR}, instance=id_) for id_ in ["7103111222", "7103111222", "1"]]

    assert [answer.status_code for answer in answers] == [200, 429, 200]


def test_a_fault_lasts_as_often_as_asked(green_api):
    green_api.fault(Fault(method="getContactInfo", status=502, body="<html>", count=2))

    answers = [ask(green_api, {"chatId": NOOR}) for _ in range(3)]

    assert [answer.status_code for answer in answers] == [502, 502, 200]
    asked = [entry for entry in green_api.log.entries() if entry["what"] == "contact"]
    assert [(entry["chat_id"], entry["answer"]) for entry in asked] == [(NOOR, 502), (NOOR, 502), (NOOR, 200)]


def test_a_fault_without_a_count_lasts_until_it_is_cleared(green_api):
    green_api.fault(Fault(method="getContactInfo", drop=True))
    for _ in range(2):
        with pytest.raises(requests.ConnectionError):
            ask(green_api, {"chatId": NOOR})

    green_api.fault(Fault(method="getContactInfo", count=0))

    assert ask(green_api, {"chatId": NOOR}).status_code == 200


def test_a_slow_answer_is_still_the_right_one(green_api):
    green_api.fault(Fault(method="getContactInfo", delay=0.05))

    before = time.monotonic()
    answer = ask(green_api, {"chatId": NOOR})

    assert time.monotonic() - before >= 0.05
    assert answer.json()["name"] == "Noor"


def test_another_process_can_drive_it_and_read_its_log(account, receiver, tmp_path):
    path = tmp_path / "sent.jsonl"
    with GreenApi(log=path) as green_api, requests.Session() as session:

        def post(what, body):
            return session.post(f"{green_api.url}/standin/{what}", json=body, timeout=5)

        assert post("accounts", account.model_dump()).status_code == 200
        assert post("faults", {"method": "getContactInfo", "status": 500, "count": 1}).status_code == 200
        ring = {"id_instance": "7103111222", "chat_id": NOOR, "outcome": "hungUp", "after": 0}
        id_message = post("ring", ring).json()["idMessage"]
        assert green_api.idle(timeout=5)

        assert ask(green_api, {"chatId": NOOR}).status_code == 500
        assert session.get(f"{green_api.url}/standin/idle", timeout=5).json() == {"idle": True}
        log = session.get(f"{green_api.url}/standin/log", timeout=5).json()
        assert session.get(f"{green_api.url}/standin/log?after=4", timeout=5).json() == log[4:]
        assert post("ring", ring | {"sideways": 1}).status_code == 400
        assert post("ring", ring | {"id_instance": "1"}).status_code == 400

    assert [json.loads(line) for line in path.read_text().splitlines()] == log
    calls = [(entry["what"], entry["status"]) for entry in log if entry.get("id_message") == id_message]
    assert sorted(calls) == [
        ("pushed", "hungUp"),
        ("pushed", "offer"),
        ("queued", "hungUp"),
        ("queued", "offer"),
    ]


def test_a_connection_is_kept_alive_until_the_stand_in_stops(green_api):
    connection = http.client.HTTPConnection(green_api.url.removeprefix("http://"), timeout=5)
    for path in ["/standin/log", "/nowhere", "/standin/log"]:
        connection.request("POST" if path == "/nowhere" else "GET", path, body=b"unread")
        connection.getresponse().read()
        kept = connection.sock
        assert kept is not None

    green_api.stop()

    assert kept.recv(1) == b""
    connection.close()


def wait_until(true):
    until = time.monotonic() + 5
    while not true():
        assert time.monotonic() < until
        time.sleep(0.005)

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


def api(green_api, verb, method, *, behind="", body=None, instance="7103111222"):
    with requests.Session() as session:
        url = f"{green_api.url}/waInstance{instance}/{method}/t0ken{behind}"
        return session.request(verb, url, json=body, timeout=10)


def polled(account, **changes):
    return account.model_copy(update={"webhook_url": "", **changes})


def test_what_is_queued_goes_the_way_that_the_settings_say_at_that_moment(green_api, account, receiver):
    green_api.account(polled(account))
    fetched = green_api.ring("7103111222", NOOR, None)
    head = api(green_api, "GET", "receiveNotification").json()
    assert head["body"]["idMessage"] == fetched
    assert receiver.requests == []

    api(green_api, "POST", "setSettings", body={"webhookUrl": receiver.url})

    assert green_api.idle(timeout=5)
    assert receiver.told[0]["idMessage"] == fetched
    assert "webhook url is set" in api(green_api, "GET", "receiveNotification").text
    assert api(green_api, "DELETE", "deleteNotification", behind=f"/{head['receiptId']}").status_code == 400


def test_who_polls_waits_for_what_comes_and_ends_with_nothing(account):
    with GreenApi([polled(account)], longest_poll=0.05, idle_poll="empty") as green_api:
        assert api(green_api, "GET", "receiveNotification", behind="?receiveTimeout=5").text == ""
        assert api(green_api, "GET", "receiveNotification", behind="?receiveTimeout=4").status_code == 400
        [entry] = [entry for entry in green_api.log.entries() if entry["what"] == "polled"]
    assert entry["receipt_id"] is None


def test_only_the_head_can_be_deleted_and_only_once(green_api, account):
    green_api.account(polled(account))
    green_api.ring("7103111222", NOOR, "pickUp", after=0)
    head = api(green_api, "GET", "receiveNotification").json()["receiptId"]

    results = [
        api(green_api, "DELETE", "deleteNotification", behind=f"/{number}").json()["result"]
        for number in (head + 1, head, head)
    ]

    assert results == [False, True, False]
    assert green_api.waiting("7103111222") == 1
    assert api(green_api, "DELETE", "deleteNotification", behind="/x").status_code == 400


def test_notifications_are_lost_after_a_day(account):
    now = [1_795_170_000.0]
    with GreenApi([polled(account)], clock=lambda: now[0]) as green_api:
        green_api.ring("7103111222", NOOR, None)
        now[0] += 24 * 3600 - 1
        assert green_api.waiting("7103111222") == 1
        now[0] += 1
        assert green_api.waiting("7103111222") == 0
        assert green_api.idle()


@pytest.mark.parametrize(
    ("settings", "needs_messages", "queued"),
    [
        ({}, True, 1),
        ({"incomingCallWebhook": "no"}, False, 0),
        ({"incomingWebhook": "no"}, True, 0),
        ({"incomingWebhook": "no"}, False, 1),
    ],
)
def test_calls_are_told_only_where_the_settings_let_them(account, settings, needs_messages, queued):
    with GreenApi([polled(account, settings=settings)], needs_messages=needs_messages) as green_api:
        green_api.ring("7103111222", NOOR, None)

        assert green_api.waiting("7103111222") == queued
        assert green_api.idle() is not bool(queued)


def test_a_change_of_settings_restarts_the_instance_and_tells_of_it(account):
    with GreenApi([polled(account)], restart_delay=0.2) as green_api:
        assert api(green_api, "POST", "setSettings", body={"keepOnlineStatus": "yes"}).json() == {"saveSettings": True}

        assert api(green_api, "GET", "getStateInstance").json() == {"stateInstance": "starting"}
        assert "starting process" in api(green_api, "GET", "getSettings").text
        wait_until(lambda: green_api.waiting("7103111222") == 2)
        wait_until(lambda: api(green_api, "GET", "getStateInstance").json() == {"stateInstance": "authorized"})
        assert api(green_api, "GET", "getSettings").json()["keepOnlineStatus"] == "yes"
        told = api(green_api, "GET", "receiveNotification").json()["body"]
    assert (told["typeWebhook"], told["stateInstance"]) == ("stateInstanceChanged", "starting")


@pytest.mark.parametrize("changes", [{}, {"colour": "blue"}, {"stateWebhook": True}, {"webhookUrl": 1}, []])
def test_settings_that_there_are_not_are_refused_whole(green_api, changes):
    before = green_api.settings("7103111222")
    body = {**changes, "incomingWebhook": "no"} if changes else changes

    assert api(green_api, "POST", "setSettings", body=body).status_code == 400
    assert green_api.settings("7103111222") == before


def test_the_journal_knows_of_calls_that_are_over_late_and_by_another_chat(account):
    now = [1_795_170_000.0]
    with GreenApi([polled(account)], clock=lambda: now[0], journal_lag=120) as green_api:
        told = green_api.ring("7103111222", NOOR, "pickUp", after=0, talk=60, journal_chat="2147@lid")
        green_api.ring("7103111222", NOOR, None)
        untold = green_api.ring("7103111222", NOOR, "declined", after=0, told=False)
        green_api.ring("7103111222", NOOR, "declined", after=0, journal=False)
        assert api(green_api, "GET", "lastIncomingCalls").json() == []
        now[0] += 180

        journal = {entry["idMessage"]: entry for entry in api(green_api, "GET", "lastIncomingCalls").json()}

        assert set(journal) == {told, untold}
        assert (journal[told]["chatId"], journal[told]["timestamp"]) == ("2147@lid", 1_795_170_060)
        assert green_api.waiting("7103111222") == 5
        now[0] += 3600
        assert api(green_api, "GET", "lastIncomingCalls", behind="?minutes=60").json() == []


@pytest.mark.parametrize(
    ("changes", "method", "said"),
    [
        ({"expired": True}, "getStateInstance", "expired"),
        ({"state": "notAuthorized"}, "getContacts", "not authorized"),
        ({"state": "starting"}, "getSettings", "starting"),
    ],
)
def test_an_account_that_cannot_says_why(green_api, account, changes, method, said):
    green_api.account(account.model_copy(update=changes))

    refused = api(green_api, "GET", method)

    assert refused.status_code == 400
    assert said in refused.text


def test_every_method_is_limited_where_that_is_switched_on(account):
    with GreenApi([account], rate_limits=True) as green_api:
        answers = [
            api(green_api, "GET", method).status_code for method in ("getSettings", "getContacts", "getSettings")
        ]

    assert answers == [200, 200, 429]


def test_the_queue_is_counted_and_cleared_once_a_minute(green_api, account):
    green_api.account(polled(account))
    green_api.ring("7103111222", NOOR, None)
    assert api(green_api, "GET", "getWebhooksCount").json() == {"count": 1}

    assert api(green_api, "DELETE", "clearWebhooksQueue").json()["isCleared"] is True
    assert api(green_api, "DELETE", "clearWebhooksQueue").json()["reason"] == "Too many requests"
    assert green_api.waiting("7103111222") == 0
    assert green_api.idle()


def test_a_fault_may_be_one_accounts_alone(green_api, account):
    green_api.account(account.model_copy(update={"id_instance": "1"}))
    green_api.fault(Fault(method="getSettings", id_instance="1", status=466))

    answers = [api(green_api, "GET", "getSettings", instance=one).status_code for one in ("1", "7103111222")]

    assert answers == [466, 200]


def test_another_process_can_send_anything_and_change_states(green_api, account):
    green_api.account(polled(account))
    with requests.Session() as session:
        message = {"id_instance": "7103111222", "type": "incomingMessageReceived", "fields": {"senderData": {}}}
        for name, body in {
            "notifications": message,
            "state": {"id_instance": "7103111222", "state": "blocked"},
        }.items():
            assert session.post(f"{green_api.url}/standin/{name}", json=body, timeout=5).status_code == 200
            refused = session.post(f"{green_api.url}/standin/{name}", json=body | {"id_instance": "1"}, timeout=5)
            assert refused.status_code == 400

    assert api(green_api, "GET", "getStateInstance").json() == {"stateInstance": "blocked"}
    assert green_api.waiting("7103111222") == 2

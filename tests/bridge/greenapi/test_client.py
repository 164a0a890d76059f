"""The methods that we call, against the stand-in; and what each refusal means."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime
from ipaddress import ip_network

import pytest

from bridge.callers import Names
from bridge.greenapi import rates
from bridge.greenapi.client import Client, Contact, JournalEntry
from bridge.greenapi.errors import (
    Expired,
    Idle,
    LookupsUsedUp,
    NoSuchMethod,
    NotAuthorized,
    QuotaUsedUp,
    Starting,
    Suspended,
    UnknownInstance,
    WebhookIsSet,
)
from bridge.greenapi.standin import Account, Fault, GreenApi, Other
from bridge.instances import InstanceConfig
from connectors.kit import ConnectorError, Http, RateLimited, Rejected, Retryable, Unauthorized

LINE = "7103111222"
NOOR, GROUP = "15551230042@c.us", "1203630439680000@g.us"
TOKEN = "canary-token-of-the-api"
CONTACTS = {NOOR: {"contactName": "Noor (bakery)", "name": "Noor"}, GROUP: {"name": "Bakers"}}
HTTP = Http([ip_network("127.0.0.0/8")])


@pytest.fixture
def green_api():
    account = Account(id_instance=LINE, api_token=TOKEN, contacts=CONTACTS)
    with GreenApi([account], contacts_per_second=None, longest_poll=0.02) as green_api:
        yield green_api


@pytest.fixture
def client(green_api):
    return Client(HTTP, InstanceConfig("support", LINE, green_api.url, TOKEN, ()))


def answering(green_api, method, status, body=""):
    green_api.fault(Fault(method=method, status=status, body=body if isinstance(body, str) else json.dumps(body)))


def test_notifications_are_received_in_order_and_again_until_they_are_deleted(green_api, client):
    green_api.ring(LINE, NOOR, "declined", after=0)

    first = client.receive()
    again = client.receive()
    client.delete(first.receipt_id)
    second = client.receive()

    assert first == again
    assert [json.loads(one.body)["status"] for one in (first, second)] == ["offer", "declined"]


def test_deleting_what_is_deleted_already_is_done(green_api, client):
    green_api.ring(LINE, NOOR, None)
    receipt_id = client.receive().receipt_id
    client.delete(receipt_id)

    client.delete(receipt_id)
    answering(green_api, "deleteNotification", 500, {"message": "findUnAckedMessage failed"})
    client.delete(receipt_id)

    assert green_api.waiting(LINE) == 0


@pytest.mark.parametrize("idle", [(200, "null"), (200, ""), (200, " \n"), (408, ""), (504, "<html>")])
def test_an_idle_poll_is_empty_however_that_is_said(green_api, client, idle):
    answering(green_api, "receiveNotification", *idle)

    assert client.receive() is None


def test_nothing_queued_is_none(client):
    assert client.receive() is None


def test_a_body_that_is_no_notification_can_still_be_deleted(green_api, client):
    answering(green_api, "receiveNotification", 200, '{"receiptId": "7", "body": "\\ud800 hello"}')

    received = client.receive()

    assert received.receipt_id == 7
    assert received.body == b'"? hello"'


def test_an_address_book_and_a_name_are_read_as_they_came(client):
    assert client.contact_names(NOOR) == Names(contact_name="Noor (bakery)", name="Noor")
    assert client.contacts() == [
        Contact(NOOR, name="Noor", contact_name="Noor (bakery)", is_group=False),
        Contact(GROUP, name="Bakers", contact_name="", is_group=True),
    ]


def test_the_journal_is_sorted_and_what_cannot_be_found_by_it_is_left_out(green_api, client):
    now = int(time.time())
    entry = {"idMessage": "A1", "chatId": NOOR, "status": "pickUp", "isVideo": True}
    green_api.remember(LINE, timestamp=now - 60, **entry)
    green_api.remember(LINE, timestamp=now - 120, **entry | {"idMessage": "A0", "isVideo": None})
    green_api.remember(LINE, timestamp=now - 7200, **entry | {"idMessage": "old"})
    green_api.remember(LINE, timestamp=now, status="pickUp")

    assert client.journal(60) == [
        JournalEntry("A0", NOOR, "pickUp", datetime.fromtimestamp(now - 120, UTC), video=None),
        JournalEntry("A1", NOOR, "pickUp", datetime.fromtimestamp(now - 60, UTC), video=True),
    ]


def test_a_list_may_be_longer_than_other_answers(green_api, client):
    now = int(time.time())
    calls = [{"chatId": NOOR, "timestamp": now, "idMessage": f"{number:0200}"} for number in range(10_000)]
    answering(green_api, "lastIncomingCalls", 200, calls)

    assert len(client.journal(60)) == 10_000


def test_settings_are_changed_and_nothing_else_of_them(green_api, client):
    before = client.settings()
    client.change_settings({"incomingCallWebhook": "no"})

    assert client.settings() == {**before, "incomingCallWebhook": "no"}


@pytest.mark.parametrize("answer", [{"saveSettings": False}, {}])
def test_settings_that_were_not_saved_are_an_error(green_api, client, answer):
    answering(green_api, "setSettings", 200, answer)

    with pytest.raises(Rejected):
        client.change_settings({"stateWebhook": "yes"})


@pytest.mark.parametrize(
    ("body", "state"),
    [({"stateInstance": "authorized"}, "authorized"), (None, None), ("", None), ({"stateInstance": None}, None)],
)
def test_a_state_is_green_apis_word_or_none_while_the_instance_is_created(green_api, client, body, state):
    answering(green_api, "getStateInstance", 200, body)

    assert client.state() == state


@pytest.mark.parametrize(
    ("body", "waiting"), [({"count": 3}, 3), ({"ok": True, "queued": 0}, 0), (5, 5), ({"x": "3"}, None), ([], None)]
)
def test_the_number_that_waits_is_the_first_number_of_the_answer(green_api, client, body, waiting):
    answering(green_api, "getWebhooksCount", 200, body)

    assert client.waiting() == waiting


def test_an_instance_is_restarted(green_api, client):
    client.reboot()

    assert [entry["method"] for entry in green_api.log.entries() if entry["what"] == "asked"] == ["reboot"]


SAID = "secret 15550009999@c.us"


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (400, "instance in starting process try later", Starting),
        (400, {"message": "Instance is starting or not authorized"}, Starting),
        (400, "instance account not authorized", NotAuthorized),
        (400, "Instance account is expired. Renew it.", Expired),
        (400, {"reason": "Instance is deleted"}, Expired),
        (400, {"message": "Message cannot be received because CUSTOM webhook url is set."}, WebhookIsSet),
        (400, f"Validation failed. Details: {SAID}", Rejected),
        (401, "", Unauthorized),
        (403, "Forbidden", UnknownInstance),
        (403, "Your account is suspended", Suspended),
        (404, "<html>", NoSuchMethod),
        (408, "", Idle),
        (429, "Too Many Requests", RateLimited),
        (466, {"correspondentsStatus": {"description": SAID}}, QuotaUsedUp),
        (469, {"status": False, "reason": SAID}, LookupsUsedUp),
        (499, "", Retryable),
        (500, SAID, Retryable),
        (502, f"<html>{SAID}", Retryable),
        (504, "", Idle),
        (200, {"status": False, "reason": SAID}, Retryable),
        (200, "<html>", Retryable),
        (200, [SAID], Retryable),
    ],
)
def test_a_refusal_is_told_apart_and_quotes_nothing(green_api, client, status, body, error):
    answering(green_api, "getSettings", status, body)

    with pytest.raises(ConnectorError) as raised:
        client.settings()

    assert type(raised.value) is error or (error is Retryable and type(raised.value).__base__ is Retryable)
    assert raised.value.reason.endswith(".")
    assert SAID not in raised.value.reason
    assert TOKEN not in raised.value.reason
    assert "http" not in raised.value.reason


def test_who_must_wait_is_told_how_long():
    assert (Starting.retry_after, LookupsUsedUp.retry_after) == (30, 7200)


def test_a_poll_where_a_webhook_is_set_is_a_refusal_of_its_own(green_api, client):
    green_api.account(Account(id_instance=LINE, api_token=TOKEN, webhook_url="http://127.0.0.1:9/"))

    with pytest.raises(WebhookIsSet):
        client.receive()
    with pytest.raises(WebhookIsSet):
        client.delete(1)


def test_a_notification_that_names_other_things_than_a_call_is_received_too(green_api, client):
    green_api.tell(Other(id_instance=LINE, type="quotaExceeded", fields={"quotaData": {"used": 3}}))

    assert json.loads(client.receive().body)["quotaData"] == {"used": 3}


def test_each_method_of_each_instance_has_an_allowance_of_its_own():
    one, other = rates.of(LINE, "getSettings"), rates.of("2", "getSettings")

    assert (one.per_second, one.burst) == (1.0, 1)
    assert len({one.account, other.account, rates.of(LINE, "getContacts").account}) == 3
    assert rates.of(LINE, "receiveNotification").per_second == 100

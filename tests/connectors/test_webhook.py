"""What the receiver of our own webhook gets, and what its answers mean."""

import base64
import json
from dataclasses import replace

import pytest
from pydantic import ValidationError
from standardwebhooks import Webhook as Receiver

from connectors.kit import CallStatus, Known, Receipt, Rejected, Unauthorized, faults
from connectors.kit.testing import Recorded
from connectors.webhook import Webhook, WebhookSettings

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
SETTINGS = WebhookSettings(url="https://hooks.test/in/pa7h", secret=SECRET)


def answering(status, body=""):
    return Recorded(
        [
            {
                "method": "POST",
                "path": "/in/pa7h",
                "status": status,
                "body": body,
                "source": "https://www.standardwebhooks.com/",
            }
        ]
    )


def test_a_call_is_posted_as_a_signed_message(missed_call):
    with answering(202) as receiver:
        receipt = Webhook(SETTINGS, receiver.http).deliver(missed_call, Known())

    [request] = receiver.sent
    message = Receiver(SECRET).verify(request.body, request.headers)
    assert receipt == Receipt(record_id=f"{missed_call.id}-missed")
    assert request.headers["webhook-id"] == f"{missed_call.id}-missed"
    assert request.headers["content-type"] == "application/json"
    assert message == {
        "type": "call.missed",
        "timestamp": "2026-11-20T14:03:31Z",
        "data": {
            "id": missed_call.id,
            "instance": "support",
            "status": "missed",
            "label": "Missed call",
            "summary": missed_call.summary,
            "direction": "incoming",
            "video": False,
            "late": False,
            "started_at": "2026-11-20T14:03:12Z",
            "outcome_at": "2026-11-20T14:03:31Z",
            "caller": {
                "name": "Noor (bakery)",
                "source": "contact_name",
                "phone": "+15551230042",
                "chat_id": "15551230042@c.us",
            },
        },
    }


def test_ringing_is_a_message_of_its_own_without_an_outcome(missed_call):
    ringing = replace(missed_call, status=CallStatus.RINGING, outcome_at=None, video=None)

    with answering(200) as receiver:
        Webhook(SETTINGS, receiver.http).deliver(ringing, Known())

    message = json.loads(receiver.sent[0].body)
    assert message["type"] == "call.ringing"
    assert message["timestamp"] == "2026-11-20T14:03:12Z"
    assert message["data"]["outcome_at"] is None
    assert receiver.sent[0].headers["webhook-id"] == f"{missed_call.id}-ringing"


def test_names_in_any_alphabet_are_sent_as_utf_8_and_signed_as_sent(missed_call):
    call = replace(missed_call, caller=replace(missed_call.caller, name="Анна 🥐"))

    with answering(200) as receiver:
        Webhook(SETTINGS, receiver.http).deliver(call, Known())

    [request] = receiver.sent
    assert "Анна 🥐".encode() in request.body
    Receiver(SECRET).verify(request.body, request.headers)


@pytest.mark.parametrize(("status", "body"), [(200, "<html>"), (201, '{"ok": false}'), (204, "")])
def test_any_2xx_will_do_whatever_it_holds(missed_call, status, body):
    with answering(status, body) as receiver:
        assert Webhook(SETTINGS, receiver.http).deliver(missed_call, Known())


def test_a_receiver_that_is_gone_wants_no_more(missed_call):
    with answering(410) as receiver, pytest.raises(Unauthorized, match=r"hooks\.test") as caught:
        Webhook(SETTINGS, receiver.http).deliver(missed_call, Known())

    assert caught.value.gone


def test_a_receiver_that_refuses_has_refused_for_good(missed_call):
    with answering(404) as receiver, pytest.raises(Rejected):
        Webhook(SETTINGS, receiver.http).deliver(missed_call, Known())


def test_a_check_is_a_signed_ping_with_an_id_of_its_own():
    ids = set()
    for _ in range(2):
        with answering(200) as receiver:
            Webhook(SETTINGS, receiver.http).check()
        [request] = receiver.sent
        message = Receiver(SECRET).verify(request.body, request.headers)
        assert (message["type"], message["data"]) == ("ringbridge.ping", {})
        ids.add(request.headers["webhook-id"])

    assert len(ids) == 2


def test_a_secret_may_lack_its_padding(missed_call):
    padded = "whsec_" + base64.b64encode(b"0123456789abcdef0123456789abcdef").decode()

    with answering(200) as receiver:
        Webhook(WebhookSettings(url="https://hooks.test/in/pa7h", secret=padded.rstrip("=")), receiver.http).deliver(
            missed_call, Known()
        )

    [request] = receiver.sent
    Receiver(padded).verify(request.body, request.headers)


@pytest.mark.parametrize("secret", ["", "whsec_", "MfKQ9r8GKYqr", "whsec_не base64", "whsec_abc!", "whsec_abcde"])
def test_a_secret_that_is_none_is_refused_without_being_shown(secret):
    with pytest.raises(ValidationError) as caught:
        WebhookSettings(url="https://hooks.test/", secret=secret)

    assert faults(caught.value) == ["secret: a signing secret is whsec_ followed by base64."]
    assert len(secret) < 8 or secret not in str(caught.value)


def test_an_address_with_a_password_is_refused():
    with pytest.raises(ValidationError) as caught:
        WebhookSettings(url="https://ann:hush@hooks.test/", secret=SECRET)

    assert faults(caught.value) == ["url: the address must not hold a user name or a password."]


def test_settings_show_neither_secret_nor_address():
    assert "pa7h" not in repr(SETTINGS)
    assert SECRET[8:] not in repr(SETTINGS)

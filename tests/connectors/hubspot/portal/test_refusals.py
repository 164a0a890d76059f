"""What the stand-in of HubSpot refuses, and keeps where only a faulty client would have sent it."""

from __future__ import annotations

import json

import pytest
from hubspot_client import CALL


def refusal(answer):
    """The codes in the list inside the message, or else the category."""
    body = answer.json()
    message = body["message"]
    if "[{" not in message:
        return [body["category"]]
    return [one["error"] for one in json.loads(message[message.index("[") : message.rindex("]") + 1])]


@pytest.mark.parametrize(
    ("kind", "properties", "code"),
    [
        ("calls", {"colour": "red"}, "PROPERTY_DOESNT_EXIST"),
        ("calls", {"hs_call_status": "GONE"}, "INVALID_OPTION"),
        ("calls", {"hs_call_disposition": "Busy"}, "INVALID_OPTION"),
        ("calls", {"hs_call_status": "BUSY "}, "LEADING_TRAILING_WHITESPACE"),
        ("calls", {"hs_timestamp": "1795176000"}, "INVALID_DATE"),
        ("calls", {"hs_timestamp": "2026-11-20"}, "INVALID_DATE"),
        ("calls", {"hs_call_duration": "31000"}, "INVENTED"),
        ("calls", {"hs_createdate": "2026-11-20T14:03:12Z"}, "READ_ONLY_VALUE"),
        ("calls", {"hs_call_callee_object_id": "x"}, "INVALID_LONG"),
        ("calls", {"hs_call_body": "x" * 65_537}, "INVALID_STRING_LENGTH"),
        ("calls", {"hs_activity_type": "WhatsApp"}, "INVALID_OPTION"),
        ("calls", {"hubspot_owner_id": "9501"}, "INVALID_OWNER_ID"),
        ("calls", {"hs_call_to_number": 12025550143}, "INVALID_STRING"),
        ("tasks", {"hs_task_reminders": "2026-11-20T14:03:12Z"}, "INVALID_DATE"),
        ("contacts", {"email": "nobody"}, "INVALID_EMAIL"),
        ("contacts", {"hs_calculated_phone_number": "+1"}, "READ_ONLY_VALUE"),
        ("calls", {"hs_timestamp": ""}, "VALIDATION_ERROR"),
    ],
)
def test_what_no_correct_client_sends_is_refused_and_kept(client, portal, kind, properties, code):
    least = {"firstname": "Ann"} if kind == "contacts" else {"hs_timestamp": "1795176000000"}

    answer = client.upsert(kind, "K1", **{**least, **properties})

    assert (answer.status_code, refusal(answer)) == (400, [code])
    assert len(portal.refused) == 1
    assert portal.held() == []


def test_a_contact_needs_a_name(client, portal):
    assert client.upsert("contacts", "447700900123", phone="+447700900123").status_code == 400
    assert portal.refused[0].why == "a contact without a name"


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/crm/v3/objects/contacts/1", 404),
        ("GET", "/crm/objects/2026-03/contacts/1", 404),
        ("GET", "/calling/v1/dispositions", 404),
        ("PUT", "/crm/objects/2026-09/calls", 405),
    ],
)
def test_an_address_that_is_not_there_is_a_page_of_html(client, portal, method, path, status):
    answer = client.ask(method, path)

    assert (answer.status_code, answer.headers["Content-Type"]) == (status, "text/html; charset=utf-8")
    assert [one.status for one in portal.refused] == [status]


@pytest.mark.parametrize(
    ("headers", "body", "status"),
    [
        ({"Content-Type": "text/plain"}, {"properties": CALL}, 415),
        ({}, None, 400),
        ({}, [], 400),
        ({}, {"properties": CALL, "propertys": {}}, 400),
        ({}, {}, 400),
    ],
)
def test_a_body_that_cannot_be_read_is_refused_and_kept(client, portal, headers, body, status):
    assert client.ask("POST", "/crm/objects/2026-09/calls", body, **headers).status_code == status
    assert len(portal.refused) == 1


def test_a_second_record_with_a_unique_value_is_a_conflict(client, portal):
    taken = portal.contact(firstname="Ann", email="ann@example.com", wa_caller_id="447700900123")

    by_mail = client.objects("contacts", {"properties": {"email": "ANN@example.com"}})
    by_key = client.objects("contacts", {"properties": {"firstname": "Bo", "wa_caller_id": "447700900123"}})

    assert (by_mail.status_code, by_mail.json()["message"]) == (409, f"Contact already exists. Existing ID: {taken}")
    assert (by_key.status_code, refusal(by_key)) == (400, ["CONFLICTING_UNIQUE_VALUE"])
    assert portal.refused == []


def test_what_an_administrator_demands_is_demanded_of_new_records_only(client, portal):
    client.upsert("calls", "K1", **CALL)
    portal.required = {"calls": {"hs_call_to_number"}}

    refused = client.upsert("calls", "K2", **CALL)

    assert refused.json()["context"] == {"properties": ["hs_call_to_number"]}
    assert client.upsert("calls", "K1", hs_call_status="COMPLETED").status_code == 200
    assert portal.refused == []


def test_a_portal_may_insist_on_phone_numbers(client, portal):
    portal.validates_phones = True

    assert client.upsert("contacts", "1", firstname="Ann", phone="07700 900123").status_code == 400
    assert client.upsert("contacts", "1", firstname="Ann", phone="+447700900123").status_code == 200

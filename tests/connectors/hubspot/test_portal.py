"""The stand-in is as strict as HubSpot: what it lets through would prove nothing."""

from __future__ import annotations

import json

import pytest
import requests
from hubspot_portal import (
    BAD_GATEWAY,
    DAILY,
    DROPPED,
    GATEWAY_TIMEOUT,
    LOCKED,
    MIGRATING,
    SECONDLY,
    SILENT,
    SILENT_BUT_DONE,
    TEN_SECONDLY,
    Line,
    Portal,
)

CALL = {"hs_timestamp": "2026-11-20T14:03:12Z", "hs_call_title": "WhatsApp call from Ann", "hs_call_status": "BUSY"}
NOON = 1_795_176_000.0


class Client:
    """Says what a test says, byte by byte."""

    def __init__(self, portal, plan=None):
        self.portal, self.line = portal, Line(portal, plan)

    def ask(self, method, path, body=None, **headers):
        fields = {"Authorization": f"Bearer {self.portal.token}", "Content-Type": "application/json", **headers}
        content = None if body is None else json.dumps(body).encode()
        url = f"https://api.hubapi.com{path}"
        request = requests.Request(method, url, {k: v for k, v in fields.items() if v}, data=content).prepare()
        return self.line.send(request)

    def objects(self, path, body=None, method="POST"):
        return self.ask(method, f"/crm/objects/2026-09/{path}", body)

    def upsert(self, kind, key, **properties):
        by = {"contacts": "wa_caller_id", "calls": "wa_call_key", "tasks": "wa_task_key"}[kind]
        one = {"id": key, "idProperty": by, "properties": {by: key, **properties}}
        return self.objects(f"{kind}/batch/upsert", {"inputs": [one]})

    def search(self, kind="contacts", **filters):
        each = [{"propertyName": name, "operator": "EQ", "value": value} for name, value in filters.items()]
        answer = self.objects(f"{kind}/search", {"filterGroups": [{"filters": [one]} for one in each]})
        return [one["id"] for one in answer.json()["results"]]


@pytest.fixture
def time():
    return [NOON]


@pytest.fixture
def portal(time):
    return Portal(lambda: time[0])


@pytest.fixture
def client(portal):
    return Client(portal)


def test_a_record_is_made_read_changed_and_archived(client, portal):
    made = client.objects("calls", {"properties": CALL})
    call = f"calls/{made.json()['id']}"

    assert made.status_code == 201
    assert client.objects(f"{call}", {"properties": {"hs_call_title": ""}}, "PATCH").status_code == 200
    read = client.objects(f"{call}?properties=hs_call_title,hs_call_status,hs_timestamp", method="GET").json()
    assert read["properties"]["hs_call_title"] is None
    assert read["properties"]["hs_timestamp"] == "2026-11-20T14:03:12.000Z"
    assert client.objects(call, method="DELETE").status_code == 204
    assert client.objects(call, method="GET").status_code == 404
    assert portal.refused == []


def test_a_record_is_upserted_by_its_key_and_is_one(client, portal):
    first = client.upsert("calls", "K1", **CALL).json()["results"][0]
    second = client.upsert("calls", "K1", hs_call_status="COMPLETED").json()["results"][0]

    assert (first["new"], second["new"]) == (True, False)
    assert portal.held() == ["calls K1"]
    [call] = portal.of("calls")
    assert (call["hs_call_status"], call["hs_call_title"]) == ("COMPLETED", CALL["hs_call_title"])
    by_key = client.objects("calls/K1?idProperty=wa_call_key", method="GET")
    assert by_key.json()["id"] == first["id"]


def test_a_batch_says_inside_a_200_what_it_did_not_find(client, portal):
    contact = portal.contact(firstname="Ann")

    answer = client.objects(
        "contacts/batch/read", {"inputs": [{"id": contact}, {"id": "999"}], "properties": []}
    ).json()

    assert [one["id"] for one in answer["results"]] == [contact]
    assert (answer["numErrors"], answer["errors"][0]["context"]) == (1, {"ids": ["999"]})


def test_an_upsert_may_say_inside_a_200_that_it_failed(client, portal):
    portal.partial, portal.required = True, {"calls": {"hs_call_to_number"}}

    answer = client.upsert("calls", "K1", **CALL)

    assert answer.status_code == 200
    assert (answer.json()["results"], answer.json()["numErrors"]) == ([], 1)


def test_a_search_finds_what_was_written_and_changed_only_once_the_index_has_it(client, portal, time):
    portal.lag = 5.0
    client.upsert("contacts", "447700900123", firstname="Ann", phone="+447700900123")
    [contact] = portal.of("contacts")

    assert client.search(hs_searchable_calculated_phone_number="7700900123") == []
    time[0] += 5.0
    assert client.search(hs_searchable_calculated_phone_number="7700900123") == [contact["hs_object_id"]]
    client.objects(f"contacts/{contact['hs_object_id']}", {"properties": {"phone": "+12025550143"}}, "PATCH")
    assert client.search(phone="+12025550143") == []
    assert client.search(phone="+447700900123") == [contact["hs_object_id"]]


@pytest.mark.parametrize(
    ("stored", "national", "international"),
    [
        ("+44 7700 900123", "7700900123", "447700900123"),
        ("+39 06 1234 5678", "0612345678", "390612345678"),
        ("(202) 555-0143", "2025550143", None),
        ("07700 900123", "7700900123", None),
        ("00004", "4", None),
    ],
)
def test_phone_numbers_are_searched_without_their_country_code(client, portal, stored, national, international):
    contact = portal.contact(firstname="Ann", phone=stored, mobilephone=stored)

    for kind in ("phone", "mobile"):
        assert client.search(**{f"hs_searchable_calculated_{kind}_number": national}) == [contact]
        found = client.search(**{f"hs_searchable_calculated_international_{kind}_number": international or "0"})
        assert found == ([contact] if international else [])
    assert client.search(phone="+1 000") == []


def test_a_search_sorts_pages_and_filters_by_association(client, portal, time):
    ids = []
    for name in ("Ann", "Bo"):
        ids.append(portal.contact(firstname=name))
        time[0] += 60
    call = client.upsert("calls", "K1", **CALL).json()["results"][0]["id"]
    client.objects(f"calls/{call}/associations/default/contacts/{ids[0]}", method="PUT")

    newest = {"propertyName": "lastmodifieddate", "direction": "DESCENDING"}
    answer = client.objects("contacts/search", {"sorts": [newest], "limit": 1}).json()

    assert ([one["id"] for one in answer["results"]], answer["total"]) == ([ids[1]], 2)
    assert answer["paging"]["next"]["after"] == "1"
    assert client.search("calls", **{"associations.contact": ids[0]}) == [call]
    assert client.search("calls", **{"associations.contact": ids[1]}) == []


def test_a_call_shows_its_contact_once_it_is_associated_however_often(client, portal):
    contact = portal.contact(firstname="Ann")
    call = client.upsert("calls", "K1", **CALL).json()["results"][0]["id"]

    for _ in range(2):
        assert client.objects(f"calls/{call}/associations/default/contacts/{contact}", method="PUT").status_code == 200

    assert portal.contacts_of("calls", call) == [contact]
    read = client.ask("POST", "/crm/associations/2026-09/contacts/calls/batch/read", {"inputs": [{"id": contact}]})
    assert read.json()["results"][0]["to"][0]["toObjectId"] == int(call)
    assert portal.held() == ["calls K1", "calls K1 with contacts Ann"]


def test_an_association_may_come_with_a_create_and_has_a_direction(client, portal):
    contact = portal.contact(firstname="Ann")
    kinds = {"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 194}
    ties = [{"to": {"id": contact}, "types": [kinds]}]
    call = client.objects("calls", {"properties": CALL, "associations": ties}).json()["id"]
    assert portal.contacts_of("calls", call) == [contact]
    assert portal.refused == []

    reversed_ties = [{"to": {"id": contact}, "types": [{**kinds, "associationTypeId": 193}]}]
    assert client.objects("calls", {"properties": CALL, "associations": reversed_ties}).status_code == 400
    assert len(portal.refused) == 1


def test_an_archived_contact_can_no_longer_be_associated_and_that_is_nobodys_fault(client, portal):
    contact = portal.contact(firstname="Ann")
    call = client.upsert("calls", "K1", **CALL).json()["results"][0]["id"]
    portal.archive("contacts", contact)

    answer = client.objects(f"calls/{call}/associations/default/contacts/{contact}", method="PUT")

    assert (answer.status_code, answer.json()["category"]) == (404, "OBJECT_NOT_FOUND")
    assert portal.refused == []


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


@pytest.mark.parametrize(
    "asked",
    [
        {"filterGroups": [{"filters": [{"propertyName": "phone", "operator": "EQ", "value": "1"}]}] * 6},
        {"filterGroups": [{"filters": [{"propertyName": "phone", "operator": "IS", "value": "1"}]}]},
        {"filterGroups": [{"filters": [{"propertyName": "fone", "operator": "EQ", "value": "1"}]}]},
        {"filterGroups": [{"filters": [{"propertyName": "phone", "operator": "IN", "value": "1"}]}]},
        {"limit": 201},
        {"sorts": ["phone", "email"]},
        {"after": "x"},
        {"properties": ["fone"]},
    ],
)
def test_a_search_beyond_its_limits_is_refused_and_kept(client, portal, asked):
    assert client.objects("contacts/search", asked).status_code == 400
    assert len(portal.refused) == 1


def test_a_token_that_is_not_known_and_a_scope_that_is_missing_are_named(client, portal):
    stranger = client.ask("GET", "/account-info/2026-09/details", Authorization="Bearer pat-na1-other")
    assert (stranger.status_code, stranger.json()["category"]) == (401, "INVALID_AUTHENTICATION")

    portal.scopes = frozenset({"crm.objects.contacts.read"})
    for path, scope in (("/crm/objects/2026-09/calls", "crm.objects.contacts.write"),):
        refused = client.ask("POST", path, {"properties": CALL})
        assert (refused.status_code, refused.json()["category"]) == (403, "MISSING_SCOPES")
        assert refused.json()["errors"][0]["context"]["requiredGranularScopes"] == [scope]
    assert client.ask("GET", "/crm/owners/2026-09").status_code == 403
    assert portal.refused == []


def test_the_token_says_its_portal_and_its_scopes(client, portal):
    path = "/oauth/v2/private-apps/get/access-token-info"

    said = client.ask("POST", path, {"tokenKey": portal.token}).json()

    assert (said["hubId"], said["scopes"]) == (48120375, sorted(portal.scopes))
    assert portal.token not in repr(portal.log)
    portal.introspects = False
    assert client.ask("POST", path, {"tokenKey": portal.token}).status_code == 404
    assert portal.refused == []


def test_owners_are_those_who_are_active_and_others_only_where_asked_for(client, portal):
    active = client.ask("GET", "/crm/owners/2026-09").json()["results"]
    gone = client.ask("GET", "/crm/owners/2026-09?archived=true").json()["results"]

    assert [one["id"] for one in active] == ["501", "502"]
    assert [(one["id"], one["userId"], one["archived"]) for one in gone] == [("509", None, True)]
    by_mail = client.ask("GET", "/crm/owners/2026-09?email=ann@example.com").json()["results"]
    assert [one["id"] for one in by_mail] == ["501"]
    assert client.ask("GET", "/crm/owners/2026-09/509").status_code == 404
    assert client.upsert("calls", "K1", **CALL, hubspot_owner_id="509").status_code == 400
    assert portal.refused == []


def test_properties_are_added_once_and_unique_ones_only_where_the_portal_takes_them(time):
    portal = Portal(lambda: time[0], keys="none")
    client = Client(portal)
    wanted = {"name": "wa_call_key", "label": "WhatsApp call key", "type": "string", "fieldType": "text"}
    wanted |= {"groupName": "callinformation", "hasUniqueValue": True}
    path = "/crm/properties/2026-09/calls"

    assert client.ask("GET", f"{path}/wa_call_key").status_code == 404
    assert client.upsert("calls", "K1", **CALL).status_code == 400
    portal.unique_activities = False
    assert client.ask("POST", path, wanted).status_code == 400
    portal.unique_activities = True
    assert client.ask("POST", path, wanted).status_code == 201
    assert client.ask("POST", path, wanted).status_code == 409
    assert client.ask("GET", f"{path}/wa_call_key").json()["hasUniqueValue"] is True
    assert client.upsert("calls", "K1", **CALL).status_code == 200
    assert portal.refused == []
    assert client.ask("POST", path, {**wanted, "name": "other", "groupName": "mine"}).status_code == 400
    assert len(portal.refused) == 1


def test_a_property_that_is_not_unique_is_no_key(time):
    portal = Portal(lambda: time[0], keys="plain")

    assert Client(portal).upsert("calls", "K1", **CALL).status_code == 400
    assert portal.refused == []


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


@pytest.mark.parametrize(
    ("fault", "status", "made"),
    [
        (BAD_GATEWAY, 502, 0),
        (GATEWAY_TIMEOUT, 504, 1),
        (TEN_SECONDLY, 429, 0),
        (SECONDLY, 429, 0),
        (DAILY, 429, 0),
        (LOCKED, 423, 0),
        (MIGRATING, 477, 0),
        (DROPPED, requests.ConnectionError, 1),
        (SILENT, requests.Timeout, 0),
        (SILENT_BUT_DONE, requests.Timeout, 1),
    ],
)
def test_a_fault_strikes_where_it_is_planned(portal, fault, status, made):
    client = Client(portal, lambda request: fault)

    if isinstance(status, int):
        answer = client.upsert("calls", "K1", **CALL)
        assert answer.status_code == status
        assert ("Retry-After" in answer.headers) == (fault is MIGRATING)
    else:
        with pytest.raises(status):
            client.upsert("calls", "K1", **CALL)

    assert len(portal.held()) == made
    assert client.line.struck.total() == 1
    assert portal.log[-1].outcome in (str(status), "drop", "timeout")


def test_answers_say_what_is_left_of_the_allowance_and_searches_do_not(client):
    assert "X-HubSpot-RateLimit-Remaining" in client.objects("contacts", method="GET").headers
    assert "X-HubSpot-RateLimit-Remaining" not in client.objects("contacts/search", {}).headers

"""What the stand-in of HubSpot says of its token, its owners and its properties."""

from __future__ import annotations

from hubspot_client import CALL, Client
from hubspot_portal import Portal


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

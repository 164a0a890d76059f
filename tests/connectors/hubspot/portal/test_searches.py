"""What a search in the stand-in of HubSpot finds, when, and what it refuses to look for."""

from __future__ import annotations

import pytest
from hubspot_client import CALL


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

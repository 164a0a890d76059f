"""Records and their associations in the stand-in of HubSpot."""

from __future__ import annotations

from hubspot_client import CALL


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

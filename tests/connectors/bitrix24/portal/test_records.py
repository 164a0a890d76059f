"""Users, contacts and leads in the stand-in of a portal: how they are made, found and missed."""

from __future__ import annotations

import pytest
from bitrix24_client import PHONE, ask, refusal, result
from bitrix24_portal.records import normalised


def test_users_are_found_by_id_and_the_dismissed_can_be_left_out(portal):
    assert [one["ID"] for one in result(ask(portal, "user.get", FILTER={"ID": [5, 8, 77]}))] == ["5", "8"]
    assert [one["ID"] for one in result(ask(portal, "user.get", FILTER={"ID": [5, 8], "ACTIVE": True}))] == ["5"]


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("8 (999) 123-45-67", "+7 999 1234567", True),
        ("+78120000000#12", "+78120000000", True),
        ("0049 151 000", "+49 151 000", True),
        ("9991234567", "+79991234567", False),
        ("+8613912345678", "7613912345678", False),
    ],
)
def test_numbers_are_compared_as_the_index_writes_them(one, other, same):
    assert (normalised(one) == normalised(other)) is same


def test_a_list_compares_a_phone_as_it_was_typed(portal):
    portal.records.add("CONTACT", NAME="Bo", phones=["8 (999) 123-45-67"])

    assert result(ask(portal, "crm.contact.list", filter={"PHONE": "+79991234567"})) == []
    assert result(ask(portal, "crm.duplicate.findbycomm", type="PHONE", values=["+79991234567"])) == {"CONTACT": [652]}
    assert "PHONE" not in result(ask(portal, "crm.contact.list"))[0]


def test_a_filter_by_what_nobody_can_filter_by_finds_everything_and_is_noted(portal):
    assert len(result(ask(portal, "crm.contact.list", filter={"INVENTED": "x"}))) == 1
    assert portal.ignored == [("filter", "INVENTED")]


def test_a_search_for_entities_tells_whose_they_are(portal):
    [found] = result(ask(portal, "telephony.externalCall.searchCrmEntities", PHONE_NUMBER=PHONE))

    assert (found["CRM_ENTITY_TYPE"], found["CRM_ENTITY_ID"], found["NAME"]) == ("CONTACT", 651, "Ann Weber")
    assert found["ASSIGNED_BY"]["USER_PHONE_INNER"] == "101"
    assert result(ask(portal, "telephony.externalCall.searchCrmEntities", PHONE_NUMBER="+15550000000")) == []
    empty = ask(portal, "telephony.externalCall.searchCrmEntities")
    assert refusal(empty) == (400, "ERROR_CORE", "PHONE_NUMBER is empty")


def test_nothing_stops_a_second_lead_of_the_same_origin(portal):
    lead = {
        "NAME": "Zoë",
        "ORIGINATOR_ID": "ours",
        "ORIGIN_ID": "C1",
        "PHONE": [{"VALUE": "+1555", "VALUE_TYPE": "WORK"}],
    }
    first, second = (result(ask(portal, "crm.lead.add", fields=lead)) for _ in range(2))

    assert first != second
    assert portal.held() == ["lead C1", "lead C1"]
    found = result(ask(portal, "crm.lead.list", filter={"ORIGIN_ID": "C1"}, select=["ID"]))
    assert found == [{"ID": str(first)}, {"ID": str(second)}]


def test_a_phone_that_is_no_list_is_dropped_and_noted(portal):
    lead_id = result(ask(portal, "crm.lead.add", fields={"NAME": "Zoë", "PHONE": "+1555"}))

    assert portal.records.find("LEAD", lead_id)["PHONE"] == []
    assert portal.ignored == [("crm.lead.add", "PHONE")]


def test_a_simple_crm_makes_a_client_of_a_lead_that_has_a_name(portal):
    portal.records.simple = True
    fields = {"NAME": "Zoë", "PHONE": [{"VALUE": "+15559990000", "VALUE_TYPE": "WORK"}]}
    named = result(ask(portal, "crm.lead.add", fields=fields))
    nameless = result(ask(portal, "crm.lead.add", fields={"TITLE": "Zoë"}))

    assert result(ask(portal, "crm.settings.mode.get")) == 2
    assert result(ask(portal, "crm.lead.get", id=named))["STATUS_ID"] == "CONVERTED"
    assert result(ask(portal, "crm.lead.get", id=nameless))["STATUS_ID"] == "NEW"
    found = result(ask(portal, "crm.duplicate.findbycomm", type="PHONE", values=["+15559990000"]))
    assert found == {"LEAD": [named], "CONTACT": [652]}
    [known] = result(ask(portal, "telephony.externalCall.searchCrmEntities", PHONE_NUMBER="+15559990000"))
    assert known["CRM_ENTITY_TYPE"] == "CONTACT"

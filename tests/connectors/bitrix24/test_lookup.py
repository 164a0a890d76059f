"""Who has a number, by the one-request search or by the duplicates' index."""

import json

import pytest

from connectors.bitrix24.lookup import find, spellings
from connectors.bitrix24.rest import Rest
from connectors.kit import Http, Person, RateLimited
from connectors.kit.testing import Reply, Stand

SITE = "https://acme.bitrix24.test"
NO_SCOPE = Reply(403, {"error": "insufficient_scope"})
NOBODY = Reply(200, {"result": []})


class Portal:
    """Answers each method as it is told to, and notes what was asked."""

    def __init__(self, **replies):
        self.replies = replies
        self.asked = []

    def answer(self, request):
        method = request.path_url.rpartition("/")[2]
        self.asked.append((method, json.loads(request.body)))
        return self.replies[method.replace(".", "_").lower()]

    def held(self):
        return []


SEARCH = "telephony_externalcall_searchcrmentities"


def found(portal, phone="+15551230042"):
    return find(Rest(Http(adapter=Stand(portal)), f"{SITE}/rest/7/secret/"), SITE, phone)


def entity(kind, number, name, responsible):
    return {"CRM_ENTITY_TYPE": kind, "CRM_ENTITY_ID": number, "NAME": name, "ASSIGNED_BY_ID": responsible}


def test_one_request_names_the_record_its_name_and_its_responsible():
    portal = Portal(**{SEARCH: Reply(200, {"result": [entity("CONTACT", 651, "Ann Weber", 99)]})})

    assert found(portal) == Person(
        "Ann Weber", "651", f"{SITE}/crm/contact/details/651/", {"kind": "contact", "responsible": "99"}
    )
    assert portal.asked == [("telephony.externalCall.searchCrmEntities", {"PHONE_NUMBER": "+15551230042"})]


def test_a_contact_goes_before_a_company_and_that_before_a_lead():
    rows = [entity("LEAD", 1, "L", 3), entity("COMPANY", 2, "C", 4), entity("CONTACT", 3, "Ann", "0")]

    person = found(Portal(**{SEARCH: Reply(200, {"result": rows})}))

    assert (person.record_id, person.parts) == ("3", {"kind": "contact", "matched": "3"})


def test_nobody_is_none_after_one_request():
    portal = Portal(**{SEARCH: NOBODY})

    assert found(portal) is None
    assert len(portal.asked) == 1


@pytest.mark.parametrize("refusal", [NO_SCOPE, Reply(404, {"error": "ERROR_METHOD_NOT_FOUND"})])
def test_without_telephony_the_index_of_duplicates_is_asked(refusal):
    portal = Portal(
        **{SEARCH: refusal},
        crm_duplicate_findbycomm=Reply(200, {"result": {"COMPANY": [8], "CONTACT": [5]}}),
        crm_contact_list=Reply(
            200, {"result": [{"ID": "5", "NAME": "Ann", "LAST_NAME": "Weber", "ASSIGNED_BY_ID": "99"}]}
        ),
    )

    person = found(portal)

    assert (person.name, person.record_id, person.parts["responsible"]) == ("Ann Weber", "5", "99")
    assert portal.asked[1] == (
        "crm.duplicate.findbycomm",
        {"type": "PHONE", "values": ["+15551230042", "15551230042"]},
    )


def test_an_index_that_finds_nobody_answers_with_a_list():
    assert found(Portal(**{SEARCH: NO_SCOPE}, crm_duplicate_findbycomm=NOBODY)) is None


def test_a_lead_that_was_converted_is_nobody():
    portal = Portal(
        **{SEARCH: NO_SCOPE},
        crm_duplicate_findbycomm=Reply(200, {"result": {"LEAD": [1, 2]}}),
        crm_lead_list=Reply(
            200,
            {"result": [{"ID": "1", "STATUS_ID": "CONVERTED"}, {"ID": "2", "STATUS_ID": "NEW", "TITLE": "A call"}]},
        ),
    )

    person = found(portal)

    assert (person.record_id, person.name, person.parts) == ("2", "A call", {"kind": "lead"})


def test_a_number_that_people_write_in_two_ways_is_asked_for_in_both():
    portal = Portal(**{SEARCH: NOBODY}, crm_duplicate_findbycomm=NOBODY)

    assert found(portal, "+5511987654321") is None
    assert portal.asked[1][1]["values"] == ["+5511987654321", "5511987654321", "+551187654321"]


@pytest.mark.parametrize(
    ("phone", "other"),
    [
        ("+551187654321", "+5511987654321"),
        ("+525512345678", "+5215512345678"),
        ("+5215512345678", "+525512345678"),
        ("+541112345678", "+5491112345678"),
        ("+5491112345678", "+541112345678"),
    ],
)
def test_spellings_of_three_countries(phone, other):
    assert spellings(phone) == [phone, phone[1:], other]


def test_a_limit_is_no_reason_to_ask_elsewhere():
    portal = Portal(**{SEARCH: Reply(503, {"error": "QUERY_LIMIT_EXCEEDED"})})

    with pytest.raises(RateLimited):
        found(portal)
    assert len(portal.asked) == 1

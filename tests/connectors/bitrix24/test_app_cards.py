"""Call cards in the portal's own telephony: who has them, how a call is booked, and when they are gone."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from application import cards, connector, from_phone, outcome, ring

from connectors.kit import CallStatus, Known, Rejected
from connectors.kit.testing import Fault, Reply, Stand, sample_call

RINGING, ANSWERED, MISSED = CallStatus.RINGING, CallStatus.ANSWERED, CallStatus.MISSED
DROPPED, UNKNOWN = CallStatus.DROPPED, CallStatus.UNKNOWN
STRANGER = "+4915100000000"


def asked(acme):
    return [entry.method.rpartition(".")[2] for entry in acme.log]


def sent(acme, method):
    return [entry.params for entry in acme.log if entry.method.endswith(f".{method}")]


def test_while_it_rings_the_operators_and_whoever_is_responsible_have_the_card(acme):
    known = ring(acme)

    assert cards(acme) == [5, 6, 99]
    assert asked(acme) == ["searchCrmEntities", "register", "batch"]
    assert known.receipt.url == "https://acme.bitrix24.test/crm/contact/details/651/"
    assert known.receipt.person.record_id == "651"
    assert acme.refused == []


def test_a_call_is_registered_with_all_that_tells_it_from_others(acme):
    ring(acme)

    [registered] = sent(acme, "register")
    del registered["auth"]
    assert registered == {
        "USER_ID": 99, "PHONE_NUMBER": "+15551230042", "TYPE": 2, "CALL_START_DATE": "2026-11-20T14:03:12+00:00",
        "CRM_CREATE": 0, "SHOW": 0, "LINE_NUMBER": "WhatsApp support", "CRM_ENTITY_TYPE": "CONTACT",
        "CRM_ENTITY_ID": 651, "EXTERNAL_CALL_ID": "7103111222-9C41D0A7F2B84E6E93B1D5C0AA77E210",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("status", "settings", "code"),
    [
        (ANSWERED, {}, "200"),
        (MISSED, {}, "304"),
        (UNKNOWN, {}, "304"),
        (DROPPED, {}, "603"),
        (DROPPED, {"dropped": "missed"}, "304"),
    ],
)
def test_an_outcome_closes_all_cards_and_is_booked_without_a_made_up_duration(acme, status, settings, code):
    known = ring(acme)

    receipt = outcome(acme, status, known, **settings)

    assert cards(acme) == []
    [row] = acme.telephony.rows
    assert (row["CALL_FAILED_CODE"], row["CALL_DURATION"], row["PORTAL_USER_ID"]) == (code, "0", "99")
    assert acme.telephony.live == {}
    assert receipt.parts["activity"] == row["CRM_ACTIVITY_ID"]
    assert asked(acme)[3:] == ["batch", "finish"]
    assert acme.refused == []


def test_an_outcome_without_ringing_is_booked_and_shown_to_nobody(acme):
    outcome(acme, MISSED)

    assert asked(acme) == ["searchCrmEntities", "register", "finish"]
    assert acme.telephony.ever_shown == set()
    assert [row["EXTERNAL_CALL_ID"] for row in acme.telephony.rows] == [sample_call().id]


def test_a_booked_call_is_not_booked_again_whatever_comes_later(acme):
    receipt = outcome(acme, UNKNOWN)
    before = len(acme.log)

    assert outcome(acme, ANSWERED, Known(receipt=receipt, told=UNKNOWN)) is None
    assert len(acme.log) == before


def test_two_calls_of_one_number_at_once_are_two(acme):
    first, second = sample_call(RINGING), replace(sample_call(RINGING), id="7103111222-OTHER")
    made = connector(acme)
    receipts = [made.deliver(call, Known()) for call in (first, second)]

    for call, receipt in zip((first, second), receipts, strict=True):
        missed = replace(sample_call(MISSED), id=call.id)
        made.deliver(missed, Known(receipt=receipt, told=RINGING))

    assert [row["EXTERNAL_CALL_ID"] for row in acme.telephony.rows] == [first.id, second.id]
    assert acme.refused == []


def test_who_is_known_already_is_not_searched_for_again(acme):
    known = ring(acme)

    connector(acme).deliver(sample_call(RINGING), Known(person=known.receipt.person))

    assert asked(acme).count("searchCrmEntities") == 1


def test_who_is_calling_is_looked_up_in_the_portal(acme):
    found = connector(acme).find_caller("+15551230042")

    assert (found.name, found.parts["responsible"]) == ("Zoë", "99")
    assert connector(acme).find_caller(STRANGER) is None


@pytest.mark.parametrize(("create", "leads"), [(False, 0), (True, 1)])
def test_a_stranger_becomes_a_lead_only_where_that_is_wished(acme, create, leads):
    receipt = connector(acme, create_lead=create).deliver(from_phone(STRANGER), Known())

    assert len([key for key in acme.held() if key.startswith("lead")]) == leads
    assert (receipt.url is not None) == create
    assert acme.telephony.rows[0]["PORTAL_USER_ID"] == "5"


def test_a_responsible_who_was_dismissed_makes_room_for_an_operator(acme):
    acme.people.users[99]["ACTIVE"] = False

    known = ring(acme)
    outcome(acme, MISSED, known)

    assert acme.telephony.rows[0]["PORTAL_USER_ID"] == "5"
    assert {user for _, user in acme.telephony.ever_shown} == {5, 6}


def test_an_operator_who_was_dismissed_does_not_spoil_it_for_the_others(acme):
    known = ring(acme, operators=["8", "6"])

    assert cards(acme) == [6, 99]
    outcome(acme, MISSED, known, operators=["8", "6"])
    assert cards(acme) == []


def test_where_nobody_works_there_any_more_the_reason_says_so(acme):
    with pytest.raises(Rejected, match="Nobody among operators is an active user"):
        connector(acme, operators=["8", "77"]).deliver(from_phone(STRANGER, RINGING), Known())


def test_a_number_that_the_portal_cannot_read_is_said_to_be_one(acme):
    refusal = Fault(Reply(400, {"error": "ERROR_CORE", "error_description": "Unsupported phone number format"}))

    with pytest.raises(Rejected, match="cannot read the caller's number"):
        connector(Stand(acme, refusal, at=1)).deliver(sample_call(RINGING), Known())


def test_a_card_that_nobody_is_shown_is_not_said_to_have_been(acme):
    known = ring(acme)
    acme.telephony.live.clear()

    with pytest.raises(Rejected, match="to nobody"):
        connector(acme).deliver(sample_call(RINGING), known)


def test_a_popup_is_taken_away_and_nothing_is_booked(acme):
    known = ring(acme)

    connector(acme).withdraw(sample_call(MISSED), known)

    assert cards(acme) == []
    assert acme.telephony.rows == []


@pytest.mark.parametrize("known", [Known(), Known(unsure=True)])
def test_a_popup_that_was_never_shown_needs_no_taking_away(acme, known):
    connector(acme).withdraw(sample_call(MISSED), known)

    assert acme.log == []


def test_a_popup_of_a_call_that_is_over_is_gone_already(acme):
    known = ring(acme)
    receipt = outcome(acme, MISSED, known)

    connector(acme).withdraw(sample_call(MISSED), Known(receipt=receipt))


def test_a_long_name_of_an_instance_still_makes_a_line(acme):
    call = replace(sample_call(), instance="x" * 80)

    connector(acme).deliver(call, Known())

    assert len(sent(acme, "register")[0]["LINE_NUMBER"]) == 50


def test_a_call_of_long_ago_is_booked_with_its_own_time(acme):
    call = replace(sample_call(), started_at=sample_call().started_at - timedelta(days=2))

    connector(acme).deliver(call, Known())

    assert sent(acme, "register")[0]["CALL_START_DATE"] == "2026-11-18T14:03:12+00:00"

"""An answer is lost, a worker dies: one call is booked, and no card stays open."""

from __future__ import annotations

from dataclasses import replace

import pytest
from application import cards, connector, outcome, portal, ring

from connectors.kit import CallStatus, Known, Retryable
from connectors.kit.testing import Fault, Reply, Stand, sample_call

RINGING, ANSWERED, MISSED = CallStatus.RINGING, CallStatus.ANSWERED, CallStatus.MISSED


@pytest.mark.parametrize("status", [RINGING, MISSED])
@pytest.mark.parametrize("applied", [False, True])
@pytest.mark.parametrize("at", range(4))
def test_an_answer_that_is_lost_anywhere_leaves_one_call(acme, status, at, applied):
    known = Known()
    try:
        receipt = connector(Stand(acme, Fault(applied=applied), at=at)).deliver(sample_call(status), known)
        known = Known(receipt=receipt, told=status)
    except Retryable as error:
        known = Known(receipt=error.receipt, unsure=True)

    receipt = outcome(acme, MISSED, known)

    assert len(acme.telephony.rows) == 1
    assert acme.telephony.live == {}
    assert cards(acme) == []
    assert (receipt or known.receipt).parts["booked"] == acme.telephony.rows[0]["ID"]


FAULTS_OF_ONE = [
    fault
    for reply in (None, Reply(500, {"error": "INTERNAL_SERVER_ERROR"}), Reply(502, "<html>"))
    for fault in (Fault(reply), Fault(reply, applied=True))
]


@pytest.mark.parametrize("second", range(5))
@pytest.mark.parametrize("first", range(3))
def test_answers_that_are_lost_while_it_rings_and_after_it_leave_one_call_too(first, second):
    for ringing_fault in FAULTS_OF_ONE:
        for fault in FAULTS_OF_ONE:
            acme = portal()
            steps = ((RINGING, ringing_fault, first), (MISSED, fault, second), (MISSED, None, 0))
            known = Known()
            for status, struck, at in steps:
                try:
                    receipt = connector(Stand(acme, struck, at=at)).deliver(sample_call(status), known)
                    known = Known(receipt=receipt or known.receipt, told=status)
                except Retryable as error:
                    acme.clock.now += error.look_after
                    known = Known(receipt=error.receipt or known.receipt, unsure=error.sent or known.unsure)

            assert [row["EXTERNAL_CALL_ID"] for row in acme.telephony.rows] == [sample_call().id]
            assert acme.telephony.live == {}
            assert cards(acme) == []
            assert acme.ignored == []


def test_what_was_done_before_an_error_is_on_its_receipt(acme):
    with pytest.raises(Retryable) as caught:
        connector(Stand(acme, Fault(), at=2)).deliver(sample_call(RINGING), Known())

    made = caught.value.receipt
    assert made.record_id in acme.telephony.live
    assert made.parts == {"user": "99", "shown": "99,5,6"}


def test_a_call_stays_with_the_user_for_whom_it_was_registered_first(acme):
    with pytest.raises(Retryable) as caught:
        connector(Stand(acme, Fault(applied=True), at=1)).deliver(sample_call(RINGING), Known())
    acme.records.find("CONTACT", 651)["ASSIGNED_BY_ID"] = "6"  # in that very moment

    fresh = connector(acme).find_caller("+15551230042")
    receipt = replace(caught.value.receipt, person=fresh)
    outcome(acme, MISSED, Known(receipt=receipt, person=fresh, unsure=True))

    assert acme.telephony.live == {}
    assert acme.telephony.rows[0]["PORTAL_USER_ID"] == "99"


def test_statistics_that_are_behind_are_asked_when_they_can_know(acme):
    acme.lags["voximplant.statistic.get"] = 9
    known = ring(acme)
    with pytest.raises(Retryable) as caught:
        connector(Stand(acme, Fault(applied=True), at=1)).deliver(sample_call(MISSED), known)

    acme.clock.now += caught.value.look_after
    outcome(acme, MISSED, Known(receipt=caught.value.receipt, unsure=True))

    assert len(acme.telephony.rows) == 1


@pytest.mark.parametrize("at", range(3))
def test_whoever_looks_for_what_was_lost_waits_until_it_can_be_found(acme, at):
    with pytest.raises(Retryable) as caught:
        connector(Stand(acme, Fault(), at=at)).deliver(sample_call(), Known())

    assert caught.value.look_after == 10


def test_a_worker_that_died_after_the_ringing_leaves_no_card_open(acme):
    ring(acme)

    outcome(acme, MISSED, Known(unsure=True))

    assert cards(acme) == []
    assert len(acme.telephony.rows) == 1
    assert acme.telephony.live == {}


def test_a_worker_that_died_after_the_booking_books_nothing_more(acme):
    outcome(acme, MISSED)

    receipt = outcome(acme, MISSED, Known(unsure=True))

    assert len(acme.telephony.rows) == 1
    assert receipt.parts["booked"] == acme.telephony.rows[0]["ID"]
    assert receipt.url == "https://acme.bitrix24.test/crm/contact/details/651/"


def test_a_call_that_the_portal_has_forgotten_is_registered_once_more_and_booked(acme):
    known = ring(acme)
    acme.telephony.live.clear()

    outcome(acme, ANSWERED, known)

    assert [row["CALL_FAILED_CODE"] for row in acme.telephony.rows] == ["200"]


def test_somebody_elses_row_is_not_taken_for_ours(acme):
    other = replace(sample_call(), id="7103111222-OTHER")
    connector(acme).deliver(other, Known())
    rows = Reply(200, {"result": [{**acme.telephony.rows[0], "made_at": 0}]})

    connector(Stand(acme, Fault(rows), at=0)).deliver(sample_call(), Known(unsure=True))

    assert len(acme.telephony.rows) == 2

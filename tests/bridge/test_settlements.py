"""What came of an attempt: what is remembered of it, what is forgotten, and what is told next."""

from __future__ import annotations

from datetime import timedelta

import pytest
from desk import CHAT, DONE, LOCKED_OUT, NOT_NOW, PERHAPS, REFUSED, Desk
from rolodex import Rolodex
from sqlalchemy import select

from bridge import deliveries, holding
from bridge.deliveries import Doorbell
from bridge.directory import Directory
from bridge.policies import Delivered, GiveUp, Hold, TryAgain
from bridge.store import tables
from connectors.kit import CallStatus, Person, Receipt

HOUR = 3600.0
MADE = Receipt("R7", "https://crm.example.com/r/7", {"popup": "7"}, Person(record_id="P7"))


@pytest.fixture
def desk(store, now):
    Rolodex.done.clear()
    desk = Desk(store, now, ["all"])
    desk.know()
    return desk


def attempts(desk):
    with desk.store.read() as db:
        return db.execute(select(tables.attempts).order_by(tables.attempts.c.id)).all()


def story(desk):
    with desk.store.read() as db:
        return [(row.what, row.connection_id, row.detail) for row in db.execute(select(tables.story))]


def resume(desk, after):
    desk.store.write(lambda db: holding.resume(db, 1, desk.moment(after)))


def at_rest(row):
    """Nobody holds it, nothing is waited for, and it has forgotten how often it failed."""
    return {row.due_at, row.lease_until, row.leased_by, row.failing_since, row.failed_for} == {None}


@pytest.mark.parametrize(
    ("outcome", "word", "reason"),
    [
        (DONE, "delivered", None),
        (NOT_NOW, "unreached", "It did not answer."),
        (LOCKED_OUT, "held", "The credentials are refused."),
        (REFUSED, "failed", "It refused."),
    ],
)
def test_an_attempt_is_kept_with_its_end_its_reason_and_how_long_it_took(desk, outcome, word, reason):
    desk.hear("pickUp")
    claim = desk.claim(after=1)
    [begun] = attempts(desk)
    assert (begun.started_at, begun.ended_at, begun.outcome) == (desk.moment(1), None, None)

    desk.settle(claim, outcome, after=3.25)

    [ended] = attempts(desk)
    assert (ended.status, ended.outcome, ended.reason) == ("answered", word, reason)
    assert (ended.ended_at, ended.took_ms) == (desk.moment(3.25), 2250)


@pytest.mark.parametrize("before", [NOT_NOW, LOCKED_OUT])
def test_what_is_delivered_forgets_that_it_had_failed(desk, before):
    desk.hear("pickUp")
    desk.tell(outcome=NOT_NOW)
    desk.tell(outcome=before, after=100)
    resume(desk, 200)
    desk.tell(outcome=DONE, after=300)

    row = desk.row()
    assert (row.state, row.reason, row.unsure) == ("delivered", None, False)
    assert at_rest(row)


def test_what_is_refused_says_why_and_is_at_rest(desk):
    desk.hear("pickUp")
    desk.tell(outcome=NOT_NOW)
    desk.tell(outcome=REFUSED, after=100)

    row = desk.row()
    assert (row.state, row.reason, row.unsure) == ("failed", "It refused.", False)
    assert at_rest(row)


def test_what_is_given_up_after_three_days_is_waited_for_by_nobody(desk):
    desk.hear("pickUp")
    desk.tell(outcome=NOT_NOW)
    desk.tell(outcome=NOT_NOW, after=73 * HOUR)

    row = desk.row()
    assert (row.state, row.reason, row.due_at, row.lease_until) == ("failed", "It did not answer.", None, None)


def test_what_is_held_says_why_and_leaves_no_doubt_of_its_own(desk):
    desk.hear("pickUp")
    desk.tell(outcome=LOCKED_OUT)
    assert (desk.row().state, desk.row().reason) == ("held", "The credentials are refused.")
    resume(desk, 10)

    assert desk.claim(after=10).known.unsure is False


@pytest.mark.parametrize("between", [LOCKED_OUT, NOT_NOW])
def test_a_doubt_stays_until_somebody_gets_through(desk, between):
    desk.hear("pickUp")
    desk.tell(outcome=PERHAPS)
    desk.tell(outcome=between, after=10)
    resume(desk, 20)

    assert desk.claim(after=20).known.unsure is True


@pytest.mark.parametrize(
    ("first", "refusal", "doubt"),
    [(NOT_NOW, REFUSED, False), (PERHAPS, REFUSED, True), (NOT_NOW, GiveUp("It broke.", unsure=True), True)],
)
def test_the_outcome_after_a_refusal_knows_whether_something_may_have_been_written(desk, first, refusal, doubt):
    desk.hear("offer")
    desk.tell(outcome=first)
    desk.tell(outcome=refusal, after=10)
    desk.hear("pickUp", 20)

    assert desk.claim(after=20).known.unsure is doubt


@pytest.mark.parametrize("outcome", [REFUSED, NOT_NOW, DONE])
def test_an_outcome_that_arrives_while_the_ringing_is_told_falls_due_whatever_comes_of_that(desk, outcome):
    desk.hear("offer")
    claim = desk.claim()
    desk.hear("pickUp", 1)

    assert desk.settle(claim, outcome, after=2) == [Doorbell(1, ringing=False)]
    assert desk.claim(after=2).call.status is CallStatus.ANSWERED


def test_an_outcome_that_arrives_while_the_ringing_may_have_been_written_waits_until_that_can_be_found(desk):
    desk.hear("offer")
    claim = desk.claim()
    desk.hear("pickUp", 1)

    assert desk.settle(claim, TryAgain("It did not answer in time.", 20.0, "unknown"), after=2) == []
    assert desk.row().due_at == desk.moment(22)


def test_a_new_outcome_waits_as_well_until_what_may_have_been_written_can_be_found(desk):
    desk.hear("offer")
    desk.tell(outcome=TryAgain("It did not answer in time.", 20.0, "unknown"))

    assert desk.hear("pickUp", 1).due == []
    assert desk.row().due_at == desk.moment(20)


def test_what_settling_rings_for_is_rung_for_once(desk):
    desk.hear("offer")
    claim = desk.claim()
    desk.hear("pickUp", 1)
    assert len(desk.settle(claim, DONE, after=2)) == 1

    assert desk.swept(2) == []
    assert desk.swept(12) == [1]


def test_what_is_to_be_tried_again_is_rung_for_as_soon_as_its_time_has_come(desk):
    desk.hear("pickUp")
    desk.tell(outcome=NOT_NOW)

    assert desk.swept(2) == [1]


@pytest.mark.parametrize(
    "outcome",
    [
        TryAgain("It did not answer.", 2.0, "unreached", receipt=MADE),
        Hold("The credentials are refused.", "credentials", MADE),
        GiveUp("It refused.", receipt=MADE),
    ],
)
def test_what_was_made_before_an_attempt_failed_is_not_made_again(desk, outcome):
    desk.hear("offer")
    desk.tell(outcome=outcome)
    resume(desk, 5)
    desk.hear("pickUp", 5)

    known = desk.claim(after=5).known
    assert known.receipt == MADE
    assert known.person.record_id == "P7"
    assert known.told is None


def test_an_answer_without_a_receipt_keeps_the_one_there_is(desk):
    desk.hear("offer")
    desk.tell(outcome=Delivered(MADE))
    desk.hear("pickUp", 5)
    desk.tell(outcome=Delivered(None), after=5)

    assert desk.row().receipt["record_id"] == "R7"


def test_refused_credentials_stop_the_clock_of_all_that_was_failing(desk):
    desk.hear("pickUp", id_message="C1")
    desk.hear("pickUp", id_message="C2", chat="15551230043@c.us")
    desk.tell(1, NOT_NOW)
    desk.tell(2, LOCKED_OUT, after=48 * HOUR)
    resume(desk, 480 * HOUR)
    desk.tell(1, NOT_NOW, after=480 * HOUR)
    desk.tell(1, NOT_NOW, after=503 * HOUR)
    assert desk.row(1).state == "due"

    desk.tell(1, NOT_NOW, after=505 * HOUR)
    assert desk.row(1).state == "failed"


def test_what_has_not_failed_yet_has_failed_for_no_time_however_old_it_is(desk):
    desk.hear("pickUp")

    assert desk.claim(after=1000).failed_for == timedelta(0)


def test_a_delivery_to_a_connection_that_was_removed_while_it_was_told_is_over(desk):
    desk.hear("pickUp")
    claim = desk.claim()
    [connection] = Directory(desk.store).current().connections
    desk.store.write(lambda db: holding.remove(db, connection, desk.moment(1)))
    desk.settle(claim, NOT_NOW, after=2)

    assert desk.claim(after=4) is None
    row = desk.row()
    assert (row.state, row.reason) == ("skipped", holding.REMOVED)
    assert (row.due_at, row.lease_until, row.leased_by) == (None, None, None)
    assert story(desk) == [("skipped", 1, {"reason": holding.REMOVED})]


def test_late_ringing_is_a_line_of_the_story_and_at_rest(desk):
    desk.hear("offer")
    desk.claim(after=46)

    assert story(desk) == [("skipped", 1, {"reason": deliveries.TOO_LATE})]
    assert at_rest(desk.row())


def test_what_died_five_times_is_a_line_of_the_story_and_held_by_nobody(desk):
    desk.hear("pickUp")
    for number in range(5):
        assert desk.claim(after=number * 60)
    desk.claim(after=300)

    [(what, connection, _)] = story(desk)
    assert (what, connection) == ("failed", 1)
    row = desk.row()
    assert (row.due_at, row.lease_until, row.leased_by, row.deaths) == (None, None, None, 0)


def test_what_a_claim_holds_back_says_why(desk):
    before = desk.snapshot()
    desk.store.write(lambda db: holding.pause(db, 1, "admin", "By hand.", desk.moment()))
    desk.hear("pickUp", 1, snapshot=before)
    assert desk.claim(after=1) is None

    assert (desk.row().state, desk.row().reason) == ("held", "By hand.")
    assert story(desk) == [("held", 1, {"reason": "By hand."})]


def test_a_twin_call_that_waited_is_rung_for_when_the_first_is_settled(desk):
    desk.know("15551230043@c.us")
    desk.hear("pickUp", id_message="C1")
    desk.hear("pickUp", 1, id_message="C2", chat=CHAT)
    desk.hear("pickUp", 1, id_message="C3", chat="15551230043@c.us")
    claim = desk.claim(1, after=2)
    assert desk.claim(2, after=2) is None
    assert desk.claim(3, after=2) is not None

    assert desk.settle(claim, after=3) == [Doorbell(2, ringing=False)]

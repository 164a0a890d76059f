"""A connection whose system does not answer is left alone, by all workers; one of them finds out when it is back."""

from __future__ import annotations

from itertools import count

import pytest
from desk import DONE, NOT_NOW, PERHAPS, REFUSED, Desk

from bridge import breakers, claims, figures, listing
from bridge.policies import TryAgain
from bridge.store import tables
from connectors.kit import Receipt

LIMITED = TryAgain("It asks for a pause.", 7.0, "limited", rest=7.0)


@pytest.fixture
def desk(store, now):
    return Desk(store, now, policies=("result",))


@pytest.fixture
def calls(desk):
    """Outcomes of ever new people; each is delivery 1, 2, 3, …"""
    numbers = count(1)

    def arrive(times=1, after=0.0):
        for number in (next(numbers) for _ in range(times)):
            desk.know(f"1555{number:07}@c.us")
            desk.hear("pickUp", after, id_message=f"C{number}", chat=f"1555{number:07}@c.us")
        return number

    return arrive


def opened(desk, calls, after=0.0):
    """Five attempts in a row do not get through; returns when the connection may be asked again."""
    last = calls(5, after)
    for delivery in range(last - 4, last + 1):
        desk.tell(delivery, NOT_NOW, after)
    return rests(desk)


def rests(desk):
    with desk.store.read() as db:
        until = db.execute(tables.connections.select()).one().rests_until
    return None if until is None else (until - desk.start).total_seconds()


def test_five_attempts_in_a_row_that_do_not_get_through_open_it(desk, calls):
    last = calls(5)
    for delivery in range(1, last):
        desk.tell(delivery, NOT_NOW)
    assert rests(desk) is None

    desk.tell(last, NOT_NOW)
    assert 15 <= rests(desk) <= 18


IN_PART = TryAgain("It broke off.", 2.0, "unknown", Receipt("R1"), progressed=True)


def test_attempts_that_get_something_done_leave_it_closed(desk, calls):
    last = calls(12)
    for delivery in range(1, last + 1):
        desk.tell(delivery, IN_PART)
    assert rests(desk) is None


def test_a_probe_that_gets_something_done_closes_it(desk, calls):
    after = opened(desk, calls)
    desk.tell(1, IN_PART, after + 1)
    assert rests(desk) is None


def test_one_that_gets_through_begins_the_count_anew(desk, calls):
    calls(9)
    for delivery, outcome in zip(range(1, 10), [NOT_NOW] * 4 + [REFUSED] + [NOT_NOW] * 4, strict=True):
        desk.tell(delivery, outcome)

    assert rests(desk) is None


@pytest.mark.parametrize(
    ("outcomes", "opens"),
    [
        ([DONE, PERHAPS] * 5, True),
        ([DONE, DONE, PERHAPS] * 5, False),
        ([PERHAPS] * 9, False),
        ([PERHAPS] * 10, True),
        ([LIMITED] * 12, False),
        ([REFUSED] * 12, False),
    ],
)
def test_half_of_at_least_ten_without_a_certain_end_open_it(desk, calls, outcomes, opens):
    calls(len(outcomes))
    for delivery, outcome in enumerate(outcomes, start=1):
        claim = desk.claim(delivery, 8.0 * delivery if outcome is LIMITED else 0.0)
        desk.settle(claim, outcome, claim.started_at.timestamp() - desk.start.timestamp())
    with desk.store.read() as db:
        assert (db.execute(tables.connections.select()).one().broken_for is not None) is opens


def test_what_failed_more_than_a_minute_ago_counts_no_longer(desk, calls):
    calls(10)
    for delivery in range(1, 10):
        desk.tell(delivery, PERHAPS, 0)
    desk.tell(10, PERHAPS, 61)

    assert rests(desk) is None


def test_while_it_is_open_deliveries_wait_and_spend_no_attempt(desk, calls):
    until = opened(desk, calls)
    waiting = calls(1, 1.0)

    assert desk.claim(waiting, 1.0) is None
    row = desk.row(waiting)
    assert (row.state, row.attempts, row.reason) == ("due", 0, breakers.WAITS)
    assert (row.due_at - desk.start).total_seconds() == pytest.approx(until)


def test_whoever_lists_the_connections_sees_it(desk, calls):
    opened(desk, calls)
    with desk.store.read() as db:
        [listed] = listing.connections(db)
        [figure] = figures.taken(db, desk.moment()).connections

    assert listed["state"] == "active"
    assert listed["reason"].startswith("Its system does not answer; one attempt finds out at 2026-11-20T14:03:")
    assert figure.is_silent


def test_one_probe_goes_through_over_all_workers(desk, calls):
    until = opened(desk, calls)
    first, second = calls(1, 1.0), calls(1, 1.0)
    assert desk.claim(first, 1) is desk.claim(second, 1) is None

    assert desk.claim(first, until).probes
    assert desk.claim(second, until) is None
    assert desk.claim(second, until + 59) is None


def test_a_probe_that_succeeds_closes_it_and_lets_all_go(desk, calls):
    until = opened(desk, calls)
    first, second = calls(1, 1.0), calls(1, 1.0)
    assert desk.claim(first, 1) is desk.claim(second, 1) is None
    desk.tell(first, DONE, until)

    assert rests(desk) is None
    assert second in desk.swept(until)
    assert not desk.claim(second, until).probes


@pytest.mark.parametrize("answer", [REFUSED, LIMITED])
def test_a_refusal_is_an_answer_too(desk, calls, answer):
    until = opened(desk, calls)
    desk.tell(calls(1, until), answer, until)

    with desk.store.read() as db:
        assert db.execute(tables.connections.select()).one().broken_for is None


def test_a_probe_that_fails_opens_it_for_twice_as_long_and_five_minutes_at_most(desk, calls):
    until, lengths = opened(desk, calls), []
    for _ in range(6):
        desk.tell(calls(1, until), PERHAPS, until)
        lengths.append(rests(desk) - until)
        until = rests(desk)

    for length, expected in zip(lengths, [30, 60, 120, 240, 300, 300], strict=True):
        assert expected <= length <= 1.2 * expected


def test_a_probe_whose_worker_died_is_followed_by_another(desk, calls):
    until = opened(desk, calls)
    assert desk.claim(calls(1, until), until).probes

    assert desk.claim(calls(1, until + 60), until + 60).probes


def test_a_probe_that_did_not_take_place_leaves_its_turn_to_another(desk, calls):
    until = opened(desk, calls)
    probe = desk.claim(calls(1, until), until)
    moment = desk.moment(until)
    desk.store.write(lambda db: claims.give_back(db, probe, moment, moment))

    assert desk.claim(calls(1, until), until).probes


def test_a_pause_that_was_asked_for_is_kept_by_all_its_deliveries(desk, calls):
    calls(2)
    desk.tell(1, LIMITED)

    assert desk.claim(2, 6.9) is None
    assert not desk.claim(2, 7).probes


def test_who_waited_once_and_is_being_told_is_left_alone_when_it_closes(desk, calls):
    calls(8)
    desk.tell(1, LIMITED)
    assert desk.claim(2, after=1) is None
    slow = desk.claim(2, after=8)
    assert slow
    for delivery in range(3, 8):
        desk.tell(delivery, NOT_NOW, after=9)
    probe = desk.claim(8, after=30)
    assert probe.probes
    desk.settle(probe, DONE, after=31)

    assert desk.claim(2, after=32) is None
    assert desk.row(2).due_at == desk.moment(8 + 60)
    desk.settle(slow, DONE, after=33)
    assert desk.row(2).state == "delivered"


def test_another_connection_goes_on(desk, calls):
    opened(desk, calls)
    desk.connect("second", "result")
    last = calls(1, 1.0)

    assert [desk.row(one).connection_id for one in (last + 0, last + 1)] == [1, 2]
    assert desk.claim(last + 1, 1.0)


def test_an_attempt_that_began_before_and_failed_after_changes_nothing(desk, calls):
    calls(6)
    claim = desk.claim(1)
    for delivery in range(2, 7):
        desk.tell(delivery, NOT_NOW)
    before = rests(desk)
    desk.settle(claim, PERHAPS, 10)

    assert rests(desk) == before

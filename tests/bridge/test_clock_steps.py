"""The clock is set: nothing waits for a time that was shown by mistake, and no lease ends while it is held."""

from __future__ import annotations

from dataclasses import replace

import pytest
from desk import DONE, NOT_NOW, PERHAPS, Desk
from office import Clock, office
from sqlalchemy import select, update

from bridge import claims, heartbeats, probes
from bridge.buckets import Buckets
from bridge.clock_steps import Steadiness
from bridge.store import tables
from connectors.kit import Rate
from tasks.deliver import deliver
from tasks.sweep import sweep

HOUR = 3600.0


@pytest.fixture
def desk(store, now):
    desk = Desk(store, now, ["all"])
    desk.know()
    return desk


class Passing:
    """Time that passes, whatever the clock shows."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def passing():
    return Passing()


@pytest.fixture
def service(desk, passing):
    return replace(office(desk.store, Clock(desk)), steadiness=Steadiness(passing))


@pytest.fixture
def swept(service, passing):
    """Sweep when so much time has passed and the clock shows that; returns what was rung for."""

    def swept(passed, shown):
        passing.seconds, service.clock.after = passed, shown
        del service.queue.delivered[:]
        sweep(service)
        return [one for one, _ in service.queue.delivered]

    return swept


def test_what_was_due_is_due_at_once_after_the_clock_was_set_back(desk, swept):
    desk.hear("pickUp")
    swept(0, 0)
    swept(1, 1 - HOUR)

    assert swept(1.25, 1.25 - HOUR) == [1]
    assert desk.tell(after=1.25 - HOUR) is not None
    assert desk.states()["all-0"] == ("delivered", "answered", "answered")


def test_a_back_off_is_over_after_the_clock_was_set_back(desk, swept):
    desk.hear("pickUp")
    desk.tell(outcome=NOT_NOW)
    swept(1, 1)
    swept(1.25, 1.25 - HOUR)

    assert swept(1.5, 1.5 - HOUR) == [1]


def test_what_is_written_down_under_the_old_clock_after_that_is_due_soon_too(desk, swept):
    swept(0, 0)
    swept(1, 1 - HOUR)
    desk.hear("pickUp", after=1)  # it had looked at the clock before that was set, and commits only now
    assert swept(5, 5 - HOUR) == []
    swept(6, 6 - HOUR)

    assert swept(6.25, 6.25 - HOUR) == [1]
    assert desk.tell(after=6.25 - HOUR) is not None


def test_a_clock_that_was_set_back_is_mended_twice_and_not_for_ever(desk, swept):
    swept(0, 0)
    swept(1, 1 - HOUR)
    swept(6, 6 - HOUR)
    desk.hear("pickUp", after=0)
    desk.tell(outcome=NOT_NOW)

    assert [swept(after, after - HOUR) for after in (7, 12, 20)] == [[], [], []]


def test_what_may_have_been_written_is_left_alone_for_one_lease_after_the_clock_was_set_back(desk, swept):
    desk.hear("pickUp")
    desk.tell(outcome=PERHAPS)
    swept(1, 1)
    swept(2, 2 - HOUR)

    assert swept(61, 61 - HOUR) == []
    assert swept(62, 62 - HOUR) == [1]


def test_a_lease_is_over_after_one_lease_at_the_latest_though_the_clock_was_set_back(desk, swept):
    desk.hear("pickUp")
    desk.claim()
    swept(1, 1)
    swept(2, 2 - HOUR)

    assert swept(61, 61 - HOUR) == []
    assert desk.claim(after=61 - HOUR) is None
    assert swept(62, 62 - HOUR) == [1]
    assert desk.claim(after=62 - HOUR).fence == 2


def test_a_rest_is_over_after_the_clock_was_set_back(desk, swept):
    desk.hear("pickUp")
    desk.store.write(
        lambda db: db.execute(update(tables.connections).values(rests_until=desk.moment(30), broken_for=15)) and None
    )
    swept(1, 1)
    swept(2, 2 - HOUR)

    assert swept(2.25, 2.25 - HOUR) == [1]
    assert desk.claim(after=2.25 - HOUR).probes


def test_nobody_takes_a_lease_that_ended_with_the_leap_before_the_sweep_has_seen_it(desk, swept, service, passing):
    desk.hear("pickUp")
    swept(0, 0)
    assert desk.claim()
    passing.seconds, service.clock.after = 1, 1 + HOUR
    deliver(service, 1)

    assert (desk.row().attempts, desk.row().leased_by) == (1, "worker")
    assert desk.row().lease_until == desk.moment(1 + HOUR + service.lease.total_seconds())


def test_a_lease_that_the_clock_ends_while_it_is_taken_is_given_back_and_nothing_is_sent(desk, service, monkeypatch):
    desk.hear("pickUp")
    claim = claims.claim

    def leaping(*given, **named):
        claimed = claim(*given, **named)
        service.clock.after = HOUR
        return claimed

    monkeypatch.setattr(claims, "claim", leaping)
    deliver(service, 1)

    row = desk.row()
    assert (row.state, row.attempts, row.lease_until, row.unsure) == ("due", 0, None, False)


def test_a_clock_that_is_set_back_in_the_middle_of_a_sweep_is_noticed_by_the_next(desk, swept, service, monkeypatch):
    swept(0, 0)
    desk.hear("pickUp", after=3)
    due = probes.due

    def setting(*given):
        service.clock.after = 3 - HOUR
        return due(*given)

    with monkeypatch.context() as meanwhile:
        meanwhile.setattr(probes, "due", setting)
        assert swept(3, 3) == []
    swept(3.25, 3.25 - HOUR)

    assert swept(3.5, 3.5 - HOUR) == [1]


def test_a_call_without_an_outcome_is_given_up_in_its_time_though_the_clock_was_set_back(desk, swept):
    desk.hear("offer")
    swept(1, 1)
    for passed in range(2, 200, 10):
        swept(passed, passed - HOUR)

    assert desk.calls()[0].status == "unknown"


def test_a_step_back_is_seen_once_and_what_is_decided_afterwards_stands(desk, swept, caplog):
    desk.hear("pickUp")
    swept(1, 1)
    swept(2, 2 - HOUR)
    desk.tell(outcome=replace(NOT_NOW, delay=600.0), after=2.25 - HOUR)

    assert swept(3, 3 - HOUR) == []
    assert desk.row().due_at == desk.moment(602.25 - HOUR)
    assert [record.message for record in caplog.records].count("the clock was set back; what waits is done now") == 1


def test_a_correction_of_some_seconds_is_no_step(desk, swept, caplog):
    desk.hear("pickUp")
    desk.tell(outcome=replace(NOT_NOW, delay=600.0))
    swept(10, 10)
    swept(10.25, 0)
    swept(11, 30)

    assert desk.row().due_at == desk.moment(600)
    assert caplog.records == []


def test_nobody_is_at_work_who_was_so_at_a_time_that_has_not_come(desk, swept, store):
    swept(1, 1)

    with store.read() as db:
        assert heartbeats.is_fresh(db, desk.moment(2))
        assert not heartbeats.is_fresh(db, desk.moment(2 - HOUR))


def test_a_lease_does_not_end_because_the_clock_was_set_forward(desk, swept):
    desk.hear("pickUp")
    swept(0, 0)
    claim = desk.claim(after=1)

    assert swept(2, 2 + HOUR) == []
    assert desk.claim(after=2 + HOUR) is None
    desk.settle(claim, DONE, after=3 + HOUR)
    assert desk.states()["all-0"] == ("delivered", "answered", "answered")


def test_a_lease_of_one_who_died_is_over_one_lease_after_the_clock_was_set_forward(desk, swept):
    desk.hear("pickUp")
    swept(0, 0)
    desk.claim(after=1)
    swept(2, 2 + HOUR)

    assert swept(61, 61 + HOUR) == []
    assert swept(62, 62 + HOUR) == [1]


def test_a_lease_that_was_over_when_the_clock_was_set_forward_stays_so(desk, swept):
    desk.hear("pickUp")
    desk.claim()
    swept(59, 59)

    assert swept(60.1, 60.1 + HOUR) == [1]


def test_whoever_renews_an_access_or_polls_goes_on_when_the_clock_is_set_forward(desk, swept, store):
    def hold(db):
        db.execute(update(tables.connections).values(memory_lease_until=desk.moment(30)))
        db.execute(update(tables.instances).values(poller="us", poll_until=desk.moment(10)))

    store.write(hold)
    swept(1, 1)
    swept(2, 2 + HOUR)

    with store.read() as db:
        assert db.execute(select(tables.connections.c.memory_lease_until)).scalar_one() == desk.moment(32 + HOUR)
        assert db.execute(select(tables.instances.c.poll_until)).scalar_one() == desk.moment(12 + HOUR)


def test_a_process_that_was_stopped_for_an_hour_holds_no_lease_any_more(desk, swept):
    desk.hear("pickUp")
    swept(0, 0)
    desk.claim(after=1)

    assert swept(HOUR, HOUR) == [1]


def test_an_allowance_of_the_future_is_no_reason_to_wait_for_it():
    shown = Passing()
    shown.seconds = HOUR
    buckets, rate = Buckets(None, shown), Rate("portal.example.com", per_second=2, burst=8)
    assert buckets.take(rate, 8) == 0.0

    shown.seconds = 0.0
    assert buckets.take(rate, 1) == 4.0
    shown.seconds = 4.0
    assert [buckets.take(rate, 8), buckets.take(rate, 1)] == [0.0, 0.5]

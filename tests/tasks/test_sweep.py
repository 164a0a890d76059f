"""The sweep: what is due is put on the queue, and what never ended is ended."""

from __future__ import annotations

import pytest
from desk import LOCKED_OUT, Desk
from office import Clock, office

from bridge import heartbeats, holding
from tasks.sweep import ring_due, sweep


@pytest.fixture
def desk(store, now):
    return Desk(store, now, ["all", "result"])


@pytest.fixture
def service(desk):
    return office(desk.store, Clock(desk))


@pytest.fixture
def swept(service):
    """Sweep at a moment; returns the deliveries and calls that were put on the queue."""

    def swept(after):
        service.clock.after = after
        del service.queue.delivered[:], service.queue.identified[:]
        sweep(service)
        return [one for one, _ in service.queue.delivered], list(service.queue.identified)

    return swept


def awake(swept, until):
    """Sweep every ten seconds up to a moment."""
    for after in range(0, until, 10):
        swept(after)


def test_a_delivery_is_rung_for_when_it_falls_due_and_again_if_the_message_seems_lost(desk, swept):
    desk.hear("offer")

    assert swept(1) == ([], [1])
    assert swept(1.5)[0] == [1]
    assert swept(2)[0] == []
    assert swept(11)[0] == []
    assert swept(11.5)[0] == [1]


def test_what_is_being_told_or_is_settled_is_left_alone(desk, swept):
    desk.know()
    desk.hear("offer")
    claim = desk.claim()

    assert swept(20)[0] == []
    desk.settle(claim, after=20)
    assert swept(40)[0] == []


def test_one_that_died_with_its_worker_is_rung_for_when_its_lease_is_over(desk, swept):
    desk.know()
    desk.hear("offer")
    desk.claim()

    assert swept(59)[0] == []
    assert swept(60)[0] == [1]


def test_after_a_start_everything_due_is_rung_for_at_once(desk, service):
    desk.know()
    desk.hear("offer")
    ring_due(service)
    assert service.queue.delivered == []

    ring_due(service, all_of_them=True)
    assert service.queue.delivered == [(1, True)]


@pytest.fixture
def paused(desk):
    """Pauses the first connection, and returns what everybody knows of it who has not looked since."""
    desk.know()
    desk.store.write(lambda db: holding.pause(db, 1, "admin", "By hand.", desk.moment()))
    return desk.snapshot()


def test_what_was_held_by_somebody_who_had_not_heard_of_the_resuming_is_told(desk, swept, paused):
    desk.store.write(lambda db: holding.resume(db, 1, desk.moment()))
    desk.hear("pickUp", 0.5, snapshot=paused)
    assert desk.states()["all-0"] == ("held", "answered", None)

    assert 1 in swept(1)[0]
    assert desk.row(1).reason is None
    assert desk.claim(1, 1).call.status == "answered"


def test_what_was_held_for_a_connection_that_is_no_more_is_over(desk, swept, paused):
    removed = paused.connections[0]
    desk.store.write(lambda db: holding.remove(db, removed, desk.moment()))
    desk.hear("pickUp", 0.5, snapshot=paused)

    assert 1 in swept(1)[0]
    assert desk.claim(1, 1) is None
    assert desk.states()["all-0"] == ("skipped", "answered", None)
    assert desk.row(1).reason == holding.REMOVED


def test_credentials_that_are_refused_after_the_removal_hold_nothing_for_ever(desk, swept):
    desk.know()
    desk.hear("pickUp")
    claim = desk.claim(1)
    connection = desk.snapshot().connections[0]
    desk.store.write(lambda db: holding.remove(db, connection, desk.moment(1)))
    desk.settle(claim, LOCKED_OUT, after=2)

    assert 1 in swept(3)[0]
    assert desk.claim(1, 3) is None
    assert desk.states()["all-0"] == ("skipped", "answered", None)


def test_what_is_held_for_a_paused_connection_stays_so(desk, swept, paused):
    desk.hear("pickUp", 0.5)

    assert 1 not in swept(1)[0]
    assert desk.states()["all-0"] == ("held", "answered", None)


def test_silence_makes_a_call_unknown_and_that_is_told(desk, swept):
    desk.know()
    desk.hear("offer")
    awake(swept, 180)
    assert desk.calls()[0].status == "ringing"

    assert set(swept(180.1)[0]) == {1, 2}
    assert desk.calls()[0].status == "unknown"
    assert swept(180.2) == ([], [])


def test_silence_from_while_we_were_away_proves_nothing(desk, swept):
    desk.know()
    desk.hear("offer")
    swept(0)
    swept(1000)
    awake_since = 1000

    for after in range(awake_since, awake_since + 180, 10):
        swept(after)
    assert desk.calls()[0].status == "ringing"
    swept(awake_since + 181)
    assert desk.calls()[0].status == "unknown"


def test_a_sweep_leaves_a_sign_of_life_every_other_second(desk, swept):
    def last():
        with desk.store.read() as db:
            return (
                heartbeats.last(db),
                heartbeats.is_fresh(db, desk.moment(9)),
                heartbeats.is_fresh(db, desk.moment(13)),
            )

    assert last() == (None, False, False)
    swept(0)
    swept(1.9)
    assert last() == (desk.moment(0), True, False)
    swept(3.5)
    assert last() == (desk.moment(3.5), True, True)

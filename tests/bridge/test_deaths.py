"""Workers that die while they carry a delivery, and the clock of three days, which stands still while it is held."""

from __future__ import annotations

import pytest
from desk import LOCKED_OUT, NOT_NOW, Desk

from bridge import claims, holding

HOUR = 3600.0


@pytest.fixture
def desk(store, now):
    desk = Desk(store, now, policies=("result",))
    desk.know()
    desk.hear("pickUp")
    return desk


def died(desk, times, after=0.0):
    """So many workers claim it, one after the other, and never come back."""
    for number in range(times):
        assert desk.claim(1, after + number * 60)


def test_five_attempts_in_a_row_that_die_with_their_worker_are_enough(desk):
    died(desk, 5)

    assert desk.claim(1, 300) is None
    assert desk.states() == {"result-0": ("failed", "answered", None)}
    assert desk.row().reason == claims.DIED


def test_an_attempt_that_ends_well_or_badly_begins_the_count_anew(desk):
    died(desk, 4)
    desk.tell(1, NOT_NOW, 240)
    died(desk, 5, 300)

    assert desk.claim(1, 600) is None
    assert desk.row().state == "failed"


def test_what_a_restart_frees_counts_as_well(desk):
    for number in range(5):
        assert desk.claim(1, number, holder="up@host")
        desk.store.write(lambda db, number=number: holding.free_leases(db, "up@host", desk.moment(number)))

    assert desk.claim(1, 10) is None
    assert desk.row().state == "failed"


def test_a_new_status_revives_it(store, now):
    desk = Desk(store, now)
    desk.know()
    desk.hear("offer")
    desk.hear("voicemail", 1)
    died(desk, 5, 1)
    assert desk.claim(1, 301) is None
    desk.hear("pickUp", 302)

    assert desk.claim(1, 302).call.status == "answered"


def failing_until(desk, hours, start=0.0):
    """It fails at once, and again so many hours later; returns its state."""
    desk.tell(1, NOT_NOW, start)
    desk.tell(1, NOT_NOW, start + hours * HOUR)
    return desk.row().state


def test_after_three_days_of_failing_it_is_given_up(desk):
    assert failing_until(desk, 71.9) == "due"
    desk.tell(1, NOT_NOW, 72.1 * HOUR)

    assert desk.row().state == "failed"


@pytest.mark.parametrize("held_by", ["admin", "credentials"])
def test_while_it_is_held_the_three_days_stand_still(desk, held_by):
    assert failing_until(desk, 48) == "due"
    if held_by == "admin":
        desk.store.write(lambda db: holding.pause(db, 1, "admin", "By hand.", desk.moment(48 * HOUR)))
    else:
        desk.tell(1, LOCKED_OUT, 48.01 * HOUR)
    assert desk.row().state == "held"
    desk.store.write(lambda db: holding.resume(db, 1, desk.moment(480 * HOUR)))

    assert failing_until(desk, 23, 480 * HOUR) == "due"
    desk.tell(1, NOT_NOW, 505 * HOUR)
    assert desk.row().state == "failed"


def test_a_new_status_begins_the_three_days_anew(store, now):
    desk = Desk(store, now)
    desk.know()
    desk.hear("voicemail")
    assert failing_until(desk, 73) == "failed"
    desk.hear("pickUp", 74 * HOUR)
    desk.tell(1, NOT_NOW, 74 * HOUR)

    assert desk.row().state == "due"

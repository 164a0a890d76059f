"""Ringing is told while it rings: too late, or once the outcome is known, nobody hears of it."""

from __future__ import annotations

import threading

import pytest
from desk import NOT_NOW, Desk
from sqlalchemy import select

from bridge import deliveries
from bridge.store import tables
from connectors.kit import CallStatus


@pytest.mark.parametrize("store", ["postgresql"], indirect=True)  # SQLite has one writer at a time
def test_late_ringing_is_put_aside_though_the_outcome_is_being_written_down(desk):
    """Which has the call, and is about to wait for its deliveries: one of the two would be rolled back, and late."""
    desk.hear("offer")
    with desk.store.engine.begin() as other:
        other.execute(select(tables.calls).with_for_update(key_share=True))
        claiming = threading.Thread(target=lambda: desk.claim(after=3600))
        claiming.start()
        claiming.join(10)
        assert not claiming.is_alive()

    assert desk.states()["all-0"] == ("skipped", CallStatus.RINGING, None)


def test_late_ringing_is_never_told_and_the_outcome_still_is(desk):
    desk.hear("offer")

    assert desk.claim(after=45.5) is None

    assert desk.states() == {"all-0": ("skipped", "ringing", None)}
    assert desk.row().reason == deliveries.TOO_LATE
    assert desk.calls()[0].late is True
    desk.hear("pickUp", 50)
    assert desk.claim(after=50).call.status is CallStatus.ANSWERED


def test_ringing_is_told_up_to_its_limit(desk):
    desk.hear("offer")

    assert desk.claim(after=45) is not None


def test_ringing_is_not_told_once_the_outcome_is_stored(store, now):
    desk = Desk(store, now, ["ring"])
    desk.know()
    desk.hear("offer")
    claim = desk.claim()
    desk.hear("pickUp", 1)
    desk.settle(claim, NOT_NOW, after=2)

    assert desk.claim(after=5) is None
    assert desk.states() == {"ring-0": ("skipped", "ringing", None)}
    assert desk.calls()[0].late is False

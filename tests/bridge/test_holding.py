"""Connections that are paused, resumed and removed: what happens to what they are owed, and to nobody else's."""

from __future__ import annotations

import pytest
from desk import LOCKED_OUT, NOT_NOW, REFUSED, Desk

from bridge import connections, holding


@pytest.fixture
def desk(store, now):
    """Of two connections the first was told one call, refused another, and both are owed a third: rows 5 and 6."""
    desk = Desk(store, now, ["all", "result"])
    for number in range(3):
        chat = f"1555123004{number}@c.us"
        desk.know(chat)
        desk.hear("pickUp", id_message=f"C{number}", chat=chat)
    desk.tell(1)
    desk.tell(3, REFUSED)
    return desk


def pause(desk, after=1.0, connection_id=1, reason="By hand."):
    return desk.store.write(lambda db: holding.pause(db, connection_id, "admin", reason, desk.moment(after)))


def resume(desk, after=2.0):
    desk.store.write(lambda db: holding.resume(db, 1, desk.moment(after)))


def remove(desk):
    [connection] = [one for one in desk.snapshot().connections if one.id == 1]
    desk.store.write(lambda db: holding.remove(db, connection, desk.moment(2)))


def states(desk):
    return [desk.row(number).state for number in range(1, 7)]


def test_pausing_holds_what_that_connection_is_still_owed_and_nothing_else(desk):
    assert pause(desk) is True

    assert states(desk) == ["delivered", "due", "failed", "due", "held", "due"]
    assert (desk.row(5).reason, desk.row(5).due_at) == ("By hand.", None)
    assert (desk.row(6).reason, desk.row(6).due_at) == (None, desk.moment())


def test_who_paused_first_is_who_paused(desk):
    pause(desk)

    assert pause(desk, reason="By another hand.") is False
    with desk.store.read() as db:
        reasons = [one.reason for one in connections.active(db, desk.store.secrets)]
    assert reasons == ["By hand.", None]
    assert desk.row(5).reason == "By hand."


def test_resuming_lets_what_was_held_fall_due_at_once_and_nothing_else(desk):
    pause(desk)
    pause(desk, connection_id=2)
    resume(desk)

    assert states(desk) == ["delivered", "held", "failed", "held", "due", "held"]
    assert (desk.row(5).reason, desk.row(5).due_at) == (None, desk.moment(2))
    assert desk.swept(2) == [5]  # it was rung for a moment ago, before it was held, and that is not counted


@pytest.mark.parametrize("paused", [True, False])
def test_removing_ends_what_that_connection_is_still_owed_and_nothing_else(desk, paused):
    if paused:
        pause(desk)
    remove(desk)

    assert states(desk) == ["delivered", "due", "failed", "due", "skipped", "due"]
    assert (desk.row(5).reason, desk.row(5).due_at) == (holding.REMOVED, None)
    assert desk.row(3).reason == "It refused."


def test_what_is_being_told_when_its_connection_is_paused_is_settled_first(desk):
    claim = desk.claim(5)
    pause(desk)
    assert desk.row(5).state == "due"

    desk.settle(claim, after=2)
    assert desk.row(5).state == "delivered"


def test_what_failed_while_its_connection_was_paused_is_held_when_it_would_be_tried_again(desk):
    claim = desk.claim(5)
    pause(desk)
    desk.settle(claim, NOT_NOW, after=2)

    assert desk.claim(5, after=10) is None
    assert desk.row(5).state == "held"
    resume(desk, 20)
    assert desk.claim(5, after=20) is not None


def test_a_paused_connection_stops_no_other_ones_clock(desk):
    desk.tell(6, NOT_NOW)
    pause(desk)

    assert desk.row(6).failing_since == desk.moment()


def test_refused_credentials_hold_nothing_of_another_connection(desk):
    desk.tell(5, LOCKED_OUT)

    assert states(desk) == ["delivered", "due", "failed", "due", "held", "due"]

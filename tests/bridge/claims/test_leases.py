"""Whoever carries a delivery does so for a while: others take it over then, and no row is waited for by nobody."""

from __future__ import annotations

from desk import DONE, LOCKED_OUT, NOT_NOW, PERHAPS
from obligations import attempts
from sqlalchemy import update

from bridge import holding
from bridge.policies import Delivered
from bridge.store import tables
from connectors.kit import Receipt


def test_a_worker_that_died_leaves_its_delivery_to_others_when_the_lease_ends(desk):
    desk.hear("offer")
    desk.hear("pickUp", 1)
    desk.claim(after=2)

    assert (desk.claim(after=61), desk.swept(61)) == (None, [])
    assert desk.swept(62) == [1]
    again = desk.claim(after=62)
    assert again.known.unsure is True
    assert again.attempts == 2


def test_a_lease_that_is_held_is_nobody_elses_whenever_the_row_falls_due(desk):
    desk.hear("pickUp")
    desk.claim()
    desk.store.write(lambda db: db.execute(update(tables.deliveries).values(due_at=desk.moment())) and None)

    assert desk.claim(after=59) is None
    assert desk.claim(after=60)


def test_a_worker_that_comes_back_after_its_lease_changes_nothing(desk):
    desk.hear("offer")
    desk.hear("pickUp", 1)
    slow = desk.claim(after=2)
    quick = desk.claim(after=62)
    desk.settle(quick, Delivered(Receipt("mine")), after=63)

    assert desk.settle(slow, Delivered(Receipt("too late")), after=64) == []

    assert desk.row().receipt["record_id"] == "mine"
    assert attempts(desk) == [("answered", "lost"), ("answered", "delivered")]


def test_a_restarted_process_frees_what_its_predecessor_carried(desk):
    desk.hear("offer")
    desk.hear("pickUp", 1)
    desk.claim(after=2, holder="up@host")
    desk.store.write(lambda db: holding.free_leases(db, "up@elsewhere", desk.moment(3)))
    assert desk.claim(after=3) is None

    desk.store.write(lambda db: holding.free_leases(db, "up@host", desk.moment(3)))

    assert desk.claim(after=3).known.unsure is True


def test_a_message_that_was_lost_is_put_on_the_queue_again(desk):
    desk.hear("pickUp")

    assert (desk.swept(1), desk.swept(10), desk.swept(11), desk.swept(20)) == ([], [1], [], [1])


def test_a_held_row_is_neither_due_nor_leased(desk):
    desk.hear("pickUp")
    desk.tell(outcome=LOCKED_OUT)

    row = desk.row()
    assert (row.due_at, row.lease_until, row.leased_by) == (None, None, None)


def test_every_row_is_due_leased_held_or_at_rest(desk):
    """A row that is none of these would be waited for by nobody."""
    desk.hear("offer")
    for outcome in (NOT_NOW, PERHAPS, DONE):
        claim = desk.claim(after=5)
        if claim:
            assert desk.row().lease_until == desk.row().due_at
            desk.settle(claim, outcome, after=5)
        row = desk.row()
        assert (row.state == "due") == (row.due_at is not None)
        desk.store.write(
            lambda db: (
                db.execute(
                    update(tables.deliveries).where(tables.deliveries.c.state == "due").values(due_at=desk.moment())
                )
                and None
            )
        )

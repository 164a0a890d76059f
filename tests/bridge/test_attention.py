"""What somebody should see to is named, and nothing else is."""

from __future__ import annotations

import pytest
from desk import LOCKED_OUT, NOT_NOW, REFUSED, Desk
from sqlalchemy import insert, update

from bridge import attention, heartbeats, holding
from bridge.attention import Matter
from bridge.store import tables


@pytest.fixture
def desk(store, now):
    desk = Desk(store, now, ["all", "result"])
    desk.know()
    desk.store.write(lambda db: heartbeats.note(db, heartbeats.SWEEP, desk.moment()))
    return desk


def matters(desk, after=1.0):
    with desk.store.read() as db:
        return attention.now(db, desk.moment(after))


def execute(desk, statement, *values):
    desk.store.write(lambda db: db.execute(statement, *values) and None)


def test_where_all_is_well_there_is_nothing(desk):
    desk.hear("missed")
    desk.tell(1, NOT_NOW, 0.5)

    assert matters(desk) == []


def test_nobody_at_work_comes_first(desk):
    assert matters(desk, after=11) == [Matter("idle")]


def test_each_kind_is_named_with_its_cause(desk):
    desk.hear("missed")
    desk.tell(1, LOCKED_OUT)
    desk.tell(2, REFUSED)
    row = {"key": "k", "type": None, "received_at": desk.moment(), "verdict": "unread", "body": "{"}
    execute(desk, insert(tables.notifications), row)
    execute(desk, update(tables.instances).values(state="blocked", state_at=desk.moment()))

    assert matters(desk) == [
        Matter("instance", "support", text="GREEN-API says that it is blocked since 2026-11-20 14:03 UTC."),
        Matter("paused", "all-0", 1, "The credentials are refused."),
        Matter("failed", "result-1", 1),
        Matter("unread"),
    ]


def test_what_is_held_although_its_connection_works_is_named_too(desk):
    desk.hear("missed")
    execute(desk, update(tables.deliveries).where(tables.deliveries.c.id == 1).values(state="held"))

    assert matters(desk) == [Matter("held", "all-0", 1)]


def test_a_system_that_does_not_answer_is_named_with_what_waits_for_it(desk):
    desk.hear("missed")
    values = {"broken_for": 60, "rests_until": desk.moment(60)}
    execute(desk, update(tables.connections).where(tables.connections.c.id == 1).values(values))

    text = "Its system does not answer; one attempt finds out at 2026-11-20T14:04:12Z."
    assert matters(desk) == [Matter("silent", "all-0", 1, text)]


def test_a_removed_connection_needs_nobody(desk):
    desk.hear("missed")
    desk.tell(1, REFUSED)
    [one, _] = desk.snapshot().connections
    desk.store.write(lambda db: holding.remove(db, one, desk.moment()))

    assert matters(desk) == []

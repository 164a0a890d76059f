"""Who is rung for next: what has fallen due, and where a connection has a line, the first of those who wait.

A connection that asked for a pause, has used its allowance up or does not answer has a line. While it rests nobody in
it is rung for; then phones that ring go first, and the others in the order in which they came. Only the first is rung
for, and calls the next when its turn has come: a thousand who wait cost no more than one, and nobody overtakes.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, or_, select, update
from sqlalchemy import Connection as Db

from bridge.deliveries import RING_AGAIN, Doorbell, doorbells
from bridge.store.chosen import chosen
from bridge.store.tables import connections
from bridge.store.tables import deliveries as table
from connectors.kit import CallStatus

_IN_ORDER = ((table.c.owes != CallStatus.RINGING.value), table.c.id)
_LINES = select(connections.c.id, connections.c.rests_until).where(connections.c.rests_until.is_not(None))


def fallen_due(db: Db, now: datetime, limit: int, *, all_of_them: bool = False) -> list[Doorbell]:
    """Rows whose time has come and whose message was not put on the queue, or seems to be lost.

    `all_of_them` is for a start after which no message can be left.
    """
    lines = db.execute(_LINES).all()
    due = _is_due(now) if all_of_them else (*_is_due(now), _not_rung(now))
    others = table.c.connection_id.not_in([line.id for line in lines])
    bells = _rung(db, select(table.c.id).where(*due, others).order_by(table.c.due_at).limit(limit), now)
    for line in lines:
        if line.rests_until <= now:
            first = select(table.c.id).where(*due, table.c.connection_id == line.id).order_by(*_IN_ORDER).limit(1)
            bells += _rung(db, first, now)
    return bells


def any_due(db: Db, now: datetime) -> bool:
    """Whether `fallen_due` would find anything: looking is cheaper than writing."""
    awake = or_(connections.c.rests_until.is_(None), connections.c.rests_until <= now)
    query = select(table.c.id).join(connections, connections.c.id == table.c.connection_id)
    return db.execute(query.where(*_is_due(now), _not_rung(now), awake).limit(1)).first() is not None


def next_due(db: Db, connection_id: int, now: datetime) -> list[Doorbell]:
    """The delivery of a connection whose turn is next of those that are due, if there is one."""
    query = select(table.c.id, table.c.owes).where(
        *_is_due(now), table.c.connection_id == connection_id, table.c.lease_until.is_(None)
    )
    return doorbells(db.execute(query.order_by(*_IN_ORDER).limit(1)))


def is_anybody_in_line(db: Db, connection_id: int, waits: str, now: datetime) -> bool:
    """Whether somebody waits at this connection for the given reason, and may be told now."""
    query = select(table.c.id).where(
        *_is_due(now), table.c.connection_id == connection_id, table.c.lease_until.is_(None), table.c.reason == waits
    )
    return db.execute(query.limit(1)).first() is not None


def _is_due(now: datetime) -> tuple[ColumnElement[bool], ...]:
    return (table.c.state == "due", table.c.due_at <= now)


def _not_rung(now: datetime) -> ColumnElement[bool]:
    return or_(table.c.rung_at.is_(None), table.c.rung_at <= now - RING_AGAIN)


def _rung(db: Db, due: Select[Any], now: datetime) -> list[Doorbell]:
    mark = update(table).where(table.c.id.in_(chosen(due))).values(rung_at=now)
    # The statement returns them in no order that may be relied on.
    rows = db.execute(mark.returning(table.c.id, table.c.owes)).all()
    return doorbells(sorted(rows, key=lambda row: (row.owes != CallStatus.RINGING, row.id)))

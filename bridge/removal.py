"""Rows taken away for good, in portions that keep nobody waiting."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import Connection as Db
from sqlalchemy import Select, Table, delete, select

from bridge.store import tables

AT_ONCE = 500
"""The most rows that one transaction removes: on SQLite the intake waits for it."""
CALLS_AT_ONCE = 100

_deliveries, _calls = tables.deliveries, tables.calls


def calls(db: Db, ids: Collection[int], *, with_open_ones: bool = False) -> Counter[str]:
    """Remove these calls with all that hangs on them; returns how many rows of each table, AT_ONCE at most.

    A call goes after everything that belongs to it, so one that was not finished is found again and gone on with.
    A call for which something is due or held stays, unless it is to go `with_open_ones`.
    """
    ids = _locked(db, ids, with_open_ones=with_open_ones)
    owed = select(_deliveries.c.id).where(_deliveries.c.call_id.in_(ids))
    removed = Counter[str]()
    for table, belongs in (
        (tables.attempts, tables.attempts.c.delivery_id.in_(owed)),
        (tables.notifications, tables.notifications.c.call_id.in_(ids)),
        (tables.story, tables.story.c.call_id.in_(ids)),
        (_deliveries, _deliveries.c.call_id.in_(ids)),
        (_calls, _calls.c.id.in_(ids)),
    ):
        left = AT_ONCE - removed.total()
        if left == 0 or not ids:
            break
        removed[table.name] = rows(db, table, select(table.c.id).where(belongs), left)
    return removed


def rows(db: Db, table: Table, chosen: Select[Any], limit: int = AT_ONCE) -> int:
    """Remove the rows whose ids are `chosen`, as many as the limit allows; returns how many those were."""
    return by_id(db, table, db.execute(chosen.limit(limit)).scalars().all())


def by_id(db: Db, table: Table, ids: Sequence[int]) -> int:
    """Remove these rows, AT_ONCE at most; returns how many there were."""
    return db.execute(delete(table).where(table.c.id.in_(ids))).rowcount if ids else 0


def _locked(db: Db, ids: Collection[int], *, with_open_ones: bool) -> set[int]:
    """The calls that may go, held so that nothing more comes to hang on them: first the calls, then what is owed."""
    lock = select(_calls.c.id).where(_calls.c.id.in_(ids)).order_by(_calls.c.id)
    found = set(db.execute(lock.with_for_update(skip_locked=not with_open_ones)).scalars())
    owed = select(_deliveries.c.call_id, _deliveries.c.state).where(_deliveries.c.call_id.in_(found))
    states = db.execute(owed.order_by(_deliveries.c.id).with_for_update()).all()
    if with_open_ones:
        return found
    return found - {row.call_id for row in states if row.state in ("due", "held")}

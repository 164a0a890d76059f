"""What is and was owed, a page at a time, and what keeps a delivery from being told: for those who mend it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection as Db
from sqlalchemy import Select, select, text

from bridge import listing
from bridge.listing import Shown
from bridge.replays import Choice
from bridge.store.tables import calls, connections
from bridge.store.tables import deliveries as table

# In the very words of the indexes, or SQLite would not use them; those hold the rows of one connection together.
_INDEXED = {
    "due": text("deliveries.state IN ('due', 'held') AND deliveries.state = 'due'"),
    "held": text("deliveries.state IN ('due', 'held') AND deliveries.state = 'held'"),
    "failed": text("deliveries.state = 'failed'"),
}
_FEW = 2000  # calls that are looked at one by one


def page(db: Db, choice: Choice, limit: int, *, before: int | None = None) -> list[Shown]:
    """The newest deliveries that fit, so many at most; `before` is the id after which to go on. Each names its call."""
    ids = _ids(db, choice)
    fitting = select(table.c.id).order_by(table.c.id.desc()).limit(limit)
    if before is not None:
        fitting = fitting.where(table.c.id < before)
    lately = None
    if choice.since is not None:
        lately = _few_calls(db, choice.since)
        fitting = fitting.join(calls, calls.c.id == table.c.call_id).where(calls.c.started_at >= choice.since)
    if lately is None and set(choice.states) <= set(_INDEXED):
        found = _newest_of_each(db, fitting, ids, choice.states)
    else:
        some = fitting.where(table.c.state.in_(choice.states))
        if lately is not None:
            some = some.where(table.c.call_id.in_(lately))
        if choice.connection is not None:
            some = some.where(table.c.connection_id.in_(ids))
        found = list(db.execute(some).scalars())
    return listing.deliveries_of(db, sorted(found, reverse=True)[:limit])


def of_id(db: Db, delivery_id: int) -> list[Shown]:
    """This delivery, if there is one."""
    return listing.deliveries_of(db, [delivery_id])


def started(db: Db, rows: Sequence[Shown]) -> dict[str, datetime]:
    """When the call of each of these began, by its public id."""
    query = select(calls.c.key, calls.c.started_at).where(calls.c.key.in_([row["call"] for row in rows]))
    return {row.key: row.started_at for row in db.execute(query)}


def names(db: Db) -> list[str]:
    """Every connection that something may be owed to or was, by its name: those of today first."""
    query = select(connections.c.name, connections.c.removed_at.is_not(None).label("gone"))
    rows = db.execute(query.order_by("gone", connections.c.position, connections.c.id))
    return list(dict.fromkeys(row.name for row in rows))


def _few_calls(db: Db, since: datetime) -> Sequence[int] | None:
    """The calls since then, if they are few: then they are the shortest way. None where they are many."""
    query = select(calls.c.id).where(calls.c.started_at >= since).order_by(calls.c.started_at)
    found = db.execute(query.limit(_FEW + 1)).scalars().all()
    return found if len(found) <= _FEW else None


def _ids(db: Db, choice: Choice) -> Sequence[int]:
    query = select(connections.c.id)
    if choice.connection is not None:
        query = query.where(connections.c.name == choice.connection)
    return db.execute(query).scalars().all()


def _newest_of_each(db: Db, fitting: Select[Any], ids: Sequence[int], states: Sequence[str]) -> list[int]:
    """Those of each connection and state: an index has them in order, however many others there are."""
    found: list[int] = []
    for one in ids:
        for state in states:
            found += db.execute(fitting.where(table.c.connection_id == one, _INDEXED[state])).scalars()
    return found

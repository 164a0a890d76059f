"""What is old is forgotten: a few rows at a time, looked for every few minutes once nothing is left.

GREEN-API repeats a notification for 24 hours, and no limit is shorter than a day: a repeat never comes for something
that was forgotten. That is why calls are counted from the last that was heard of them, by our own clock.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Table, delete, or_, select, tuple_
from sqlalchemy import Connection as Db

from bridge import follow_ups, heartbeats, removal
from bridge.settings import Settings
from bridge.store import tables

LOOK_EVERY = timedelta(minutes=5)

_calls, _callers, _people = tables.calls, tables.callers, tables.people
_deliveries, _notifications, _attempts = tables.deliveries, tables.notifications, tables.attempts
_audit, _sessions, _throttles = tables.audit, tables.sessions, tables.throttles
_LONGEST_SESSION = timedelta(days=1)  # none lasts half as long, and whoever was shut out is let in again long before


@dataclass(frozen=True, slots=True)
class Portion:
    """Some rows of one table that are too old; `keys` are their primary keys, `removal.AT_ONCE` at most."""

    table: str
    keys: Sequence[Any]


def is_time(db: Db, now: datetime) -> bool:
    """Whether to look for something old: it is a while ago that nothing was found."""
    looked = heartbeats.at(db, heartbeats.RETENTION)
    return looked is None or now - looked >= LOOK_EVERY


def found_nothing(db: Db, now: datetime) -> None:
    """There is no need to look again for a while."""
    heartbeats.note(db, heartbeats.RETENTION, now)


def too_old(db: Db, settings: Settings, now: datetime) -> Portion | None:
    """The next rows to forget, or None if nothing is old enough. Looking keeps nobody from writing."""
    notifications_before = now - timedelta(days=settings.keep_notifications_days)
    attempts_before = now - timedelta(days=settings.keep_attempts_days)
    calls_before = now - timedelta(days=settings.keep_calls_days)
    return (
        _first(db, _notifications, _notifications.c.received_at, notifications_before)
        or _first(db, _attempts, _attempts.c.started_at, attempts_before)
        or _portion(_calls, _old_calls(db, calls_before))
        or _portion(_callers, _old_callers(db, calls_before))
        or _portion(_people, _old_people(db, calls_before))
        or _portion(tables.follow_ups, follow_ups.too_old(db, calls_before, removal.AT_ONCE))
        or _first(db, _audit, _audit.c.at, calls_before)
        or _expired(db, _sessions, _sessions.c.created_at, now - _LONGEST_SESSION)
        or _expired(db, _throttles, _throttles.c.until, now - _LONGEST_SESSION)
    )


def forget(db: Db, portion: Portion) -> dict[str, int]:
    """Remove these rows, and of calls all that hangs on them; returns how many rows of each table."""
    if portion.table == _calls.name:
        return dict(+removal.calls(db, portion.keys))
    if portion.table == _callers.name:
        chats = tuple_(_callers.c.instance_id, _callers.c.chat_id)
        return {portion.table: db.execute(delete(_callers).where(chats.in_(portion.keys))).rowcount}
    if portion.table in _KEYS:
        table, key = tables.metadata.tables[portion.table], _KEYS[portion.table]
        return {portion.table: db.execute(delete(table).where(key.in_(portion.keys))).rowcount}
    return {portion.table: removal.by_id(db, tables.metadata.tables[portion.table], portion.keys)}


_KEYS: dict[str, ColumnElement[str]] = {_sessions.name: _sessions.c.id_hash, _throttles.name: _throttles.c.key}
"""Of tables whose rows have no number."""


def _expired(db: Db, table: Table, at: ColumnElement[datetime], before: datetime) -> Portion | None:
    """There are few of these: they are read through."""
    return _portion(
        table, db.execute(select(_KEYS[table.name]).where(at < before).limit(removal.AT_ONCE)).scalars().all()
    )


def _portion(table: Table, keys: Sequence[Any]) -> Portion | None:
    return Portion(table.name, keys) if keys else None


def _first(db: Db, table: Table, at: ColumnElement[datetime], before: datetime) -> Portion | None:
    """Rows are numbered as they come, so that the oldest are found without an index of their own."""
    first = select(table.c.id, at.label("at")).order_by(table.c.id).limit(removal.AT_ONCE)
    return _portion(table, [row.id for row in db.execute(first) if row.at < before])


def _old_calls(db: Db, before: datetime) -> Sequence[int]:
    of_call = _deliveries.c.call_id == _calls.c.id
    is_open = select(_deliveries.c.id).where(of_call, _deliveries.c.state.in_(("due", "held"))).exists()
    of_it = _notifications.c.call_id == _calls.c.id
    was_heard = select(_notifications.c.id).where(of_it, _notifications.c.received_at >= before).exists()
    query = (
        select(_calls.c.id)
        .where(_calls.c.started_at < before, _calls.c.received_at < before, ~is_open, ~was_heard)
        .order_by(_calls.c.started_at)
        .limit(removal.CALLS_AT_ONCE)
    )
    return db.execute(query).scalars().all()


def _old_callers(db: Db, before: datetime) -> Sequence[tuple[int, str]]:
    """Those who have not been asked about for so long, and of whose calls none is left."""
    called = select(_calls.c.id).where(_calls.c.chat_id == _callers.c.chat_id).exists()
    query = select(_callers.c.instance_id, _callers.c.chat_id).where(_callers.c.checked_at < before, ~called)
    return [(row.instance_id, row.chat_id) for row in db.execute(query.limit(removal.AT_ONCE))]


def _old_people(db: Db, before: datetime) -> Sequence[int]:
    called = select(_calls.c.id).where(_calls.c.chat_id == _people.c.chat_id).exists()
    never_asked = _people.c.checked_at.is_(None) & _people.c.due_at.is_(None)
    query = select(_people.c.id).where(or_(_people.c.checked_at < before, never_asked), ~called)
    return db.execute(query.limit(removal.AT_ONCE)).scalars().all()

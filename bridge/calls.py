"""Calls: written down once, moved forward by what is heard of them, found again and listed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Row, bindparam, select, update
from sqlalchemy import Connection as Db

from bridge.greenapi.events import CallEvent
from bridge.store.tables import calls as table
from bridge.store.upsert import insert_new
from connectors.kit import CallStatus

SAME_CALL = timedelta(seconds=180)
"""How far apart an offer and an outcome under another id may be and still belong together."""


@dataclass(frozen=True, slots=True)
class CallRow:
    """One call, as far as deciding what is owed needs it."""

    id: int
    instance_id: int
    chat_id: str
    status: CallStatus
    received_at: datetime
    started_at: datetime
    name_due: datetime | None = None
    asked_at: datetime | None = None

    @property
    def name_expected_at(self) -> datetime | None:
        """When the caller's name may be known, at the earliest; None where nobody will be asked."""
        return self.asked_at or self.name_due


_COLUMNS: tuple[ColumnElement[Any], ...] = (
    table.c.id,
    table.c.instance_id,
    table.c.chat_id,
    table.c.status,
    table.c.received_at,
    table.c.started_at,
    table.c.name_due,
    table.c.asked_at,
)
_BY_KEY = select(*_COLUMNS).where(table.c.key == bindparam("key")).with_for_update(key_share=True)
_CHANGE = update(table).where(table.c.id == bindparam("row"))
_RINGING_IN_CHAT = (
    select(*_COLUMNS)
    .where(
        table.c.instance_id == bindparam("instance_id"),
        table.c.chat_id == bindparam("chat_id"),
        table.c.status == CallStatus.RINGING,
        table.c.started_at.between(bindparam("earliest"), bindparam("latest")),
    )
    .order_by(table.c.started_at.desc())
    .limit(1)
    .with_for_update(key_share=True)
)


def event_time(event: CallEvent, now: datetime) -> datetime:
    """When it happened: by GREEN-API's clock, or ours where that is missing or in the future."""
    return event.at if event.at and event.at <= now else now


def record(db: Db, instance_id: int, event: CallEvent, now: datetime, *, late: bool) -> CallRow | None:
    """Write a new call down; None if it is there already."""
    at = event_time(event, now)
    outcome_at = None if event.status is CallStatus.RINGING else at
    row_id = db.execute(
        insert_new(db, table),
        {
            "key": event.call_key,
            "instance_id": instance_id,
            "id_message": event.id_message,
            "chat_id": event.chat_id,
            "direction": "incoming",
            "status": event.status,
            "raw_status": event.raw_status,
            "video": event.video,
            "source": "webhook",
            "late": late,
            "started_at": at,
            "outcome_at": outcome_at,
            "received_at": now,
        },
    ).scalar()
    if row_id is None:
        return None
    return CallRow(row_id, instance_id, event.chat_id, event.status, now, at)


def find(db: Db, instance_id: int, event: CallEvent, now: datetime) -> CallRow | None:
    """The call that a notification is about: the one of its id, or else, for an outcome, the one it must belong to."""
    row = db.execute(_BY_KEY, {"key": event.call_key}).one_or_none()
    if row is None and event.status is not CallStatus.RINGING:
        at = event_time(event, now)
        row = db.execute(
            _RINGING_IN_CHAT,
            {
                "instance_id": instance_id,
                "chat_id": event.chat_id,
                "earliest": at - SAME_CALL,
                "latest": at + SAME_CALL,
            },
        ).one_or_none()
    return _call(row) if row else None


def advance(db: Db, call: CallRow, status: CallStatus, raw_status: str | None, at: datetime) -> bool:
    """Move the call forward to this status; False, and nothing changes, if it stands there or further already."""
    if status.rank <= call.status.rank:
        return False
    db.execute(_CHANGE, {"row": call.id, "status": status, "raw_status": raw_status, "outcome_at": at})
    return True


def wait_for_name(db: Db, call: CallRow, name_due: datetime, asked_at: datetime | None) -> CallRow:
    """Somebody has to be asked who is calling, at this moment, or has been asked and will answer by then."""
    db.execute(_CHANGE, {"row": call.id, "name_due": name_due, "asked_at": asked_at})
    return replace(call, name_due=name_due, asked_at=asked_at)


def any_silent(db: Db, stored_before: datetime) -> bool:
    """Whether `silent` would find anything: looking is cheaper than writing."""
    query = select(table.c.id).where(table.c.status == CallStatus.RINGING, table.c.received_at < stored_before)
    return db.execute(query.limit(1)).first() is not None


def silent(db: Db, stored_before: datetime, limit: int) -> Sequence[CallRow]:
    """Calls that ring since before this moment, of which nothing more was heard; locked where the database can."""
    query = (
        select(*_COLUMNS)
        .where(table.c.status == CallStatus.RINGING, table.c.received_at < stored_before)
        .order_by(table.c.received_at)
        .limit(limit)
        .with_for_update(skip_locked=True, key_share=True)
    )
    return [_call(row) for row in db.execute(query)]


def _call(row: Row[Any]) -> CallRow:
    return CallRow(
        row.id,
        row.instance_id,
        row.chat_id,
        CallStatus(row.status),
        row.received_at,
        row.started_at,
        row.name_due,
        row.asked_at,
    )

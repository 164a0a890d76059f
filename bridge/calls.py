"""Calls: written down once, moved forward by what is heard of them, found again and listed."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from sqlalchemy import ColumnElement, Row, bindparam, or_, select, update
from sqlalchemy import Connection as Db

from bridge.greenapi.events import CallEvent
from bridge.store.tables import callers
from bridge.store.tables import calls as table
from bridge.store.upsert import insert_new
from connectors.kit import CallStatus

Source = Literal["webhook", "poll", "journal"]
"""By which door the first that we heard of a call came."""

SAME_CALL = timedelta(seconds=180)
"""How far apart an offer and an outcome under another id may be and still belong together."""
REHEARSAL_CHAT = "15550100199@c.us"
"""Who makes the test calls: a number that is nobody's, kept for examples."""
REHEARSAL_ID = "RINGBRIDGE-TEST-"
"""How their ids begin."""
NEAR = timedelta(seconds=120)
"""The same of a call and what GREEN-API's journal lists under another id."""
_SKEW = timedelta(seconds=5)


@dataclass(frozen=True, slots=True)
class CallRow:
    """One call, as far as deciding what is owed needs it.

    `key` is the public id; `is_looked_up` says that GREEN-API is to be asked who is calling; `policies` holds
    [connection, policy] of everybody who might have heard of it when it was written down.
    """

    id: int
    key: str
    instance_id: int
    chat_id: str
    status: CallStatus
    received_at: datetime
    started_at: datetime
    is_looked_up: bool = False
    policies: Sequence[Sequence[object]] = ()

    @property
    def is_rehearsal(self) -> bool:
        """Whether it is a test call, which concerns nobody but whom it was made for."""
        return self.chat_id == REHEARSAL_CHAT and f"-{REHEARSAL_ID}" in self.key


_COLUMNS: tuple[ColumnElement[Any], ...] = (
    table.c.id,
    table.c.key,
    table.c.instance_id,
    table.c.chat_id,
    table.c.status,
    table.c.received_at,
    table.c.started_at,
    table.c.name_due,
    table.c.policies,
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


def record(
    db: Db,
    instance_id: int,
    event: CallEvent,
    now: datetime,
    *,
    late: bool,
    policies: Sequence[tuple[int, str]] | None = (),
    source: Source = "webhook",
) -> CallRow | None:
    """Write a new call down; None if it is there already. Without `policies` it is nobody's business."""
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
            "source": source,
            "late": late,
            "started_at": at,
            "outcome_at": outcome_at,
            "received_at": now,
            "policies": policies,
        },
    ).scalar()
    if row_id is None:
        return None
    return CallRow(row_id, event.call_key, instance_id, event.chat_id, event.status, now, at)


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


def by_key(db: Db, key: str) -> CallRow | None:
    """The call of this public id."""
    row = db.execute(_BY_KEY, {"key": key}).one_or_none()
    return _call(row) if row else None


def settled_among(db: Db, keys: Sequence[str]) -> frozenset[str]:
    """Those of these public ids whose call is known with its outcome."""
    open_ = (CallStatus.RINGING, CallStatus.UNKNOWN)
    query = select(table.c.key).where(table.c.key.in_(keys), table.c.status.not_in(open_))
    return frozenset(db.execute(query).scalars())


def neighbour(db: Db, instance_id: int, event: CallEvent, now: datetime, taken: Collection[str]) -> CallRow | None:
    """The call that one which ended at the event's time, under an id that we do not know, has to be.

    It is of the same chat and about the same time, had not begun later, has no other outcome, and is not `taken`.
    """
    ended = event_time(event, now)
    ended_then = table.c.outcome_at.between(ended - NEAR, ended + NEAR)
    query = (
        select(*_COLUMNS)
        .where(
            table.c.instance_id == instance_id,
            table.c.chat_id.in_(_chats_of(db, instance_id, event.chat_id)),
            table.c.status.in_((CallStatus.RINGING, CallStatus.UNKNOWN, event.status)),
            table.c.started_at <= ended + _SKEW,
            or_(table.c.started_at >= ended - NEAR, ended_then),
        )
        .order_by(table.c.started_at.desc())
        .with_for_update(key_share=True)
    )
    return next((_call(row) for row in db.execute(query) if row.key not in taken), None)


def _chats_of(db: Db, instance_id: int, chat_id: str) -> list[str]:
    """The chat, and the one that names the same person by number, where that is known: journals have listed LIDs."""
    known = select(callers.c.phone_chat).where(callers.c.instance_id == instance_id, callers.c.chat_id == chat_id)
    return [chat_id, *(one for one in db.execute(known).scalars() if one)]


def advance(db: Db, call: CallRow, status: CallStatus, raw_status: str | None, at: datetime) -> bool:
    """Move the call forward to this status; False, and nothing changes, if it stands there or further already."""
    if status.rank <= call.status.rank:
        return False
    db.execute(_CHANGE, {"row": call.id, "status": status, "raw_status": raw_status, "outcome_at": at})
    return True


def wait_for_name(db: Db, call: CallRow, name_due: datetime, asked_at: datetime | None) -> None:
    """GREEN-API has to be asked who is calling, at this moment, or has been asked and will answer by then."""
    db.execute(_CHANGE, {"row": call.id, "name_due": name_due, "asked_at": asked_at})


def since(db: Db, chat_id: str, moment: datetime) -> Sequence[int]:
    """The calls from a chat that came in since then."""
    query = select(table.c.id).where(table.c.chat_id == chat_id, table.c.received_at >= moment)
    return db.execute(query).scalars().all()


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
        id=row.id,
        key=row.key,
        instance_id=row.instance_id,
        chat_id=row.chat_id,
        status=CallStatus(row.status),
        received_at=row.received_at,
        started_at=row.started_at,
        is_looked_up=row.name_due is not None,
        policies=row.policies or (),
    )

"""What GREEN-API sent, as it came: kept to recognise repeats, and to show what could not be read."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import Connection as Db
from sqlalchemy import select, update

from bridge.store.tables import notifications as table
from bridge.store.upsert import insert_new
from bridge.text import storable

Verdict = Literal["call", "own", "unread", "late_outcome", "alert"]

LONGEST_BODY = 64 * 1024
"""How much of one is kept, in bytes."""


@dataclass(frozen=True, slots=True)
class Kept:
    """One notification as it was kept; a very long body was cut."""

    key: str
    body: str
    received_at: datetime


def keep(
    db: Db,
    key: str,
    body: bytes,
    verdict: Verdict,
    now: datetime,
    *,
    kind: str | None = None,
    instance_id: int | None = None,
    call_id: int | None = None,
    reason: str | None = None,
) -> bool:
    """Keep one notification; False if it was there already."""
    kept = db.execute(
        insert_new(db, table),
        {
            "key": key,
            "instance_id": instance_id,
            "call_id": call_id,
            "type": kind,
            "received_at": now,
            "verdict": verdict,
            "reason": reason,
            "body": storable(body[:LONGEST_BODY].decode("utf-8", "replace")),
        },
    )
    return kept.scalar() is not None


def is_kept(db: Db, key: str) -> bool:
    """Whether this very notification has come before."""
    return db.execute(select(table.c.id).where(table.c.key == key)).first() is not None


def own_among(db: Db, keys: Iterable[str]) -> Kept | None:
    """The first of these that came from our own account."""
    columns = (table.c.key, table.c.body, table.c.received_at)
    query = select(*columns).where(table.c.key.in_(list(keys)), table.c.verdict == "own")
    row = db.execute(query.order_by(table.c.id).limit(1)).one_or_none()
    return Kept(row.key, row.body, row.received_at) if row else None


def attach(db: Db, key: str, call_id: int) -> None:
    """A notification that was kept before its call was known belongs to this one."""
    db.execute(update(table).where(table.c.key == key).values(call_id=call_id))


def keep_unread(
    db: Db, body: bytes, instance_id: int | None, reason: str, now: datetime, kind: str | None = None
) -> bool:
    """Keep what could not be read, once, however often it is sent again."""
    key = hashlib.sha256(b"unread" + str(instance_id).encode() + body).hexdigest()
    return keep(db, key, body, "unread", now, kind=kind, instance_id=instance_id, reason=reason)

"""Missed callers, whom somebody has to call back: once, and not twice.

The missed and dropped calls of one chat are one entry, from the last time that somebody was done with it or spoke to
the caller. An entry is claimed by whoever calls back; a claim holds as long as the entry that it was made for.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection as Db
from sqlalchemy import Row, bindparam, delete, or_, select, update

from bridge import audit, waiting
from bridge.identities import Identities, named
from bridge.store.tables import follow_ups as table
from bridge.store.upsert import insert_new
from bridge.waiting import AT_MOST, LISTED_FOR
from connectors.kit import Caller

_DONE_SHOWN = 20
_TRIES = 3


class Refused(Exception):
    """Somebody else was quicker; the message says who, and what to do."""


@dataclass(frozen=True, slots=True)
class Missed:
    """All calls of one chat that nobody has answered yet. `claimed_by` is who calls back."""

    instance_id: int
    instance: str
    chat_id: str
    caller: str
    caller_source: str
    phone: str | None
    count: int
    first_at: datetime
    last_at: datetime
    claimed_by: str | None = None
    claimed_at: datetime | None = None
    follow_up_id: int | None = None


@dataclass(frozen=True, slots=True)
class Done:
    """Who saw to a caller, and when."""

    follow_up_id: int
    instance: str
    chat_id: str
    caller: str
    caller_source: str
    phone: str | None
    done_by: str
    done_at: datetime


_OPEN = (
    select(table.c.id)
    .where(table.c.instance_id == bindparam("instance_id"), table.c.chat_id == bindparam("chat_id"))
    .where(table.c.done_at.is_(None))
    .with_for_update()
)
_LAST_DONE = (
    named(select(table), table)
    .where(table.c.done_at.is_not(None))
    .order_by(table.c.done_at.desc(), table.c.id.desc())
    .limit(_DONE_SHOWN)
)


def missed(db: Db, now: datetime) -> list[Missed]:
    """Who has to be called back, the latest caller first."""
    return latest(db, now, AT_MOST)[0]


def latest(db: Db, now: datetime, limit: int) -> tuple[list[Missed], int]:
    """The first so many of those, and how many there are in all: to find out a name costs more than to count."""
    rows = db.execute(waiting.LATEST.limit(limit), {"since": now - LISTED_FOR}).all()
    identities = Identities(db, {row.chat_id for row in rows})
    return [_shown(row, identities.caller(row)) for row in rows], rows[0].in_all if rows else 0


def recently_done(db: Db) -> list[Done]:
    """Who was seen to last, the latest first."""
    rows = db.execute(_LAST_DONE).all()
    identities = Identities(db, {row.chat_id for row in rows})
    return [_done(row, identities.caller(row)) for row in rows]


def claim(db: Db, now: datetime, who: str, instance_id: int, chat_id: str) -> None:
    """`who` calls back, and the others see it. Raises Refused where somebody else does already, or nobody has to."""
    _hold(db, now, who, instance_id, chat_id, over=False)


def take_over(db: Db, now: datetime, who: str, instance_id: int, chat_id: str) -> None:
    """`who` calls back in place of whoever said so before. Raises Refused where nobody has to call back any more."""
    _hold(db, now, who, instance_id, chat_id, over=True)


def release(db: Db, now: datetime, who: str, instance_id: int, chat_id: str) -> None:
    """Give a claim back, so that others may call. Raises Refused where it is somebody else's."""
    db.execute(_OPEN, {"instance_id": instance_id, "chat_id": chat_id})
    entry = _entry(db, now, instance_id, chat_id)
    if entry is None or _claimed_by(entry) is None:
        return
    _check_free(entry, who)
    db.execute(delete(table).where(table.c.id == entry.follow_up_id))
    _note(db, now, who, "follow_up.released", entry)


def done(db: Db, now: datetime, who: str, instance_id: int, chat_id: str, *, through: datetime | None = None) -> None:
    """The caller was seen to, as far as the calls up to `through`: what came after was not on the screen yet.

    Nothing happens where nobody has to call back any more. Raises Refused where somebody else is calling back.
    """
    entry = _entry(db, now, instance_id, chat_id)
    if entry is None or (through is not None and through < entry.first_at):
        return
    entry = _opened(db, now, instance_id, chat_id)
    _check_free(entry, who)
    last = min(through or entry.last_at, entry.last_at)
    closed = {"done_by": who, "done_at": now, "done_through": last}
    db.execute(update(table).where(table.c.id == entry.follow_up_id).values(closed))
    _note(db, now, who, "follow_up.done", entry)


def too_old(db: Db, before: datetime, limit: int) -> Sequence[int]:
    """Those that were done, or claimed and then left, before a moment, and that no missed call of the list needs."""
    before = before - LISTED_FOR
    left = table.c.done_at.is_(None) & (table.c.claimed_at < before)
    return db.execute(select(table.c.id).where(or_(table.c.done_at < before, left)).limit(limit)).scalars().all()


def _hold(db: Db, now: datetime, who: str, instance_id: int, chat_id: str, *, over: bool) -> None:
    entry = _opened(db, now, instance_id, chat_id)
    before = _claimed_by(entry)
    if before == who:
        return
    if not over:
        _check_free(entry, who)
    held = {"claimed_by": who, "claimed_at": now}
    db.execute(update(table).where(table.c.id == entry.follow_up_id).values(held))
    if before:
        _note(db, now, who, "follow_up.taken_over", entry, before=before)
    else:
        _note(db, now, who, "follow_up.claimed", entry)


def _opened(db: Db, now: datetime, instance_id: int, chat_id: str) -> Row[Any]:
    """The entry of a chat, with a row of its own that nobody else changes now. Raises Refused."""
    chat = {"instance_id": instance_id, "chat_id": chat_id}
    for _ in range(_TRIES):  # a row that was there may be closed at this moment
        if _entry(db, now, instance_id, chat_id) is None:
            break
        db.execute(insert_new(db, table), chat)
        locked = db.execute(_OPEN, chat).first()
        if locked and (entry := _entry(db, now, instance_id, chat_id)):
            return entry
    raise Refused("Nobody has to call back here any more: somebody was done with it, or has spoken to the caller.")


def _check_free(entry: Row[Any], who: str) -> None:
    other = _claimed_by(entry)
    if other and other != who:
        raise Refused(f"{other} is calling back already. Take it over if you want to call in their place.")


def _note(db: Db, now: datetime, who: str, what: str, entry: Row[Any], **detail: object) -> None:
    """The audit trail stays for long, so it names no caller."""
    audit.record(db, now, who, what, entry.instance, follow_up=entry.follow_up_id, **detail)


def _entry(db: Db, now: datetime, instance_id: int, chat_id: str) -> Row[Any] | None:
    chat = {"instance_id": instance_id, "chat_id": chat_id, "since": now - LISTED_FOR}
    return db.execute(waiting.OF_CHAT, chat).one_or_none()


def _claimed_by(entry: Row[Any]) -> str | None:
    """Who has claimed it; a claim from before its first call was for something else."""
    return entry.claimed_by if entry.claimed_at is not None and entry.claimed_at >= entry.first_at else None


def _shown(row: Row[Any], who: Caller) -> Missed:
    claimed_by = _claimed_by(row)
    return Missed(
        instance_id=row.instance_id,
        instance=row.instance,
        chat_id=row.chat_id,
        caller=who.name,
        caller_source=who.source,
        phone=who.phone,
        count=row.calls,
        first_at=row.first_at,
        last_at=row.last_at,
        claimed_by=claimed_by,
        claimed_at=row.claimed_at if claimed_by else None,
        follow_up_id=row.follow_up_id,
    )


def _done(row: Row[Any], who: Caller) -> Done:
    return Done(row.id, row.instance, row.chat_id, who.name, who.source, who.phone, row.done_by, row.done_at)

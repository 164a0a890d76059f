"""When each instance's journal is read, and by whom: one process at a time, for each gap once.

`journal_due` is both: whoever moves it on reads, and if they die it falls due again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Row, func, or_, select, update
from sqlalchemy import Connection as Db

from bridge.conditions import SILENCE
from bridge.journal import LAG
from bridge.store.tables import instances as table
from connectors.kit import ConnectorError, RateLimited, Rejected, Retryable

EVERY = timedelta(minutes=10)
_LEASE = timedelta(minutes=5)
_AFTER_TROUBLE = timedelta(minutes=1)
_RARELY = timedelta(hours=24)  # after a refusal: plans change


@dataclass(frozen=True, slots=True)
class Reading:
    """A journal that is ours to read, from `since` on.

    `heard_at` is when GREEN-API last sent anything for the instance, `read_at` when the journal was read before.
    """

    instance_id: int
    since: datetime
    began_at: datetime
    read_at: datetime | None
    heard_at: datetime | None

    @property
    def fell_silent(self) -> bool:
        """Whether a day without any notification has become full since the last reading."""
        if self.heard_at is None or self.read_at is None:
            return False
        return self.read_at < self.heard_at + SILENCE <= self.began_at


def due(db: Db, now: datetime, limit: int) -> Sequence[int]:
    """The instances whose journal is to be read, the longest waiting first."""
    query = select(table.c.id).where(*_is_due(now)).order_by(func.coalesce(table.c.journal_due, table.c.added_at))
    return db.execute(query.limit(limit)).scalars().all()


def claim(db: Db, instance_id: int, now: datetime) -> Reading | None:
    """Take the reading of an instance's journal, if it is due; nobody else does until it is over, or its lease."""
    taken = (
        update(table)
        .where(table.c.id == instance_id, *_is_due(now))
        .values(journal_due=now + _LEASE)
        .returning(table.c.added_at, table.c.journal_until, table.c.heard_at)
    )
    row = db.execute(taken).one_or_none()
    return _reading(instance_id, row, now) if row else None


def _reading(instance_id: int, row: Row[tuple[datetime, datetime | None, datetime | None]], now: datetime) -> Reading:
    # Calls from before the instance was added are history: only `journal import` brings those.
    since = max(row.added_at, row.journal_until - LAG) if row.journal_until else row.added_at
    return Reading(instance_id, since, now, row.journal_until, row.heard_at)


def done(db: Db, reading: Reading) -> None:
    """All that the journal listed when the reading began is known."""
    values = {"journal_until": reading.began_at, "journal_due": reading.began_at + EVERY, "journal_reason": None}
    db.execute(update(table).where(table.c.id == reading.instance_id).values(values))


def failed(db: Db, reading: Reading, error: ConnectorError, now: datetime) -> bool:
    """Come back later; the gap stays. True if that is rarely now, for the journal has just been switched off."""
    before = db.execute(select(table.c.journal_reason).where(table.c.id == reading.instance_id)).scalar()
    refused = isinstance(error, Rejected)
    values = {"journal_due": now + _pause(error), "journal_reason": error.reason if refused else before}
    db.execute(update(table).where(table.c.id == reading.instance_id).values(values))
    return refused and before is None


def put_off(db: Db, instance_id: int, until: datetime) -> None:
    """GREEN-API must not be asked before this moment."""
    db.execute(update(table).where(table.c.id == instance_id).values(journal_due=until))


def all_due(db: Db, now: datetime) -> None:
    """We were away: every journal is read at once, except those that GREEN-API refuses."""
    db.execute(
        update(table).where(table.c.removed_at.is_(None), table.c.journal_reason.is_(None)).values(journal_due=now)
    )


def _pause(error: ConnectorError) -> timedelta:
    if isinstance(error, Rejected):
        return _RARELY
    if isinstance(error, RateLimited):
        return timedelta(seconds=error.retry_after or 2.0)
    # Without a linked phone, or the right token, it takes somebody to see to it.
    return _AFTER_TROUBLE if isinstance(error, Retryable) else EVERY


def _is_due(now: datetime) -> tuple[ColumnElement[bool], ...]:
    return (table.c.removed_at.is_(None), or_(table.c.journal_due.is_(None), table.c.journal_due <= now))

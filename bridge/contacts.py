"""When each instance's address book is read: once a day, by one process."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, or_, select, update
from sqlalchemy import Connection as Db

from bridge.store.tables import instances as table

EVERY = timedelta(hours=24)
_AFTER_TROUBLE = timedelta(hours=1)


def due(db: Db, now: datetime, limit: int) -> Sequence[int]:
    """The instances whose address book is to be read."""
    return (
        db.execute(select(table.c.id).where(*_is_due(now)).order_by(table.c.contacts_at).limit(limit)).scalars().all()
    )


def claim(db: Db, instance_id: int, now: datetime) -> bool:
    """Take the reading of an address book, if it is due; it is not due again for a day, however this one ends."""
    taken = update(table).where(table.c.id == instance_id, *_is_due(now)).values(contacts_at=now)
    return db.execute(taken).rowcount == 1


def failed(db: Db, instance_id: int, now: datetime) -> None:
    """It could not be read: try again before the day is over."""
    put_off(db, instance_id, now + _AFTER_TROUBLE)


def put_off(db: Db, instance_id: int, until: datetime) -> None:
    """GREEN-API must not be asked before this moment."""
    db.execute(update(table).where(table.c.id == instance_id).values(contacts_at=until - EVERY))


def _is_due(now: datetime) -> tuple[ColumnElement[bool], ...]:
    return (table.c.removed_at.is_(None), or_(table.c.contacts_at.is_(None), table.c.contacts_at <= now - EVERY))

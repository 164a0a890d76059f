"""What could not be read when it came, a page at a time."""

from __future__ import annotations

from sqlalchemy import Connection as Db
from sqlalchemy import func, select, text, tuple_

from bridge import listing
from bridge.listing import Shown
from bridge.store.tables import notifications as table

_UNREAD = text("notifications.verdict = 'unread'")  # in the index's own words, or SQLite would not use it


def count(db: Db) -> int:
    """How many there are."""
    number: int = db.execute(select(func.count()).select_from(table).where(_UNREAD)).scalar_one()
    return number


def page(db: Db, limit: int, *, before: int | None = None) -> list[Shown]:
    """The newest first, so many at most; `before` is the id of the one after which to go on."""
    query = select(table.c.id).where(_UNREAD).order_by(table.c.received_at.desc(), table.c.id.desc())
    if before is not None:
        last = select(table.c.received_at).where(table.c.id == before).scalar_subquery()
        query = query.where(tuple_(table.c.received_at, table.c.id) < tuple_(last, before))
    return listing.notifications_of(db, db.execute(query.limit(limit)).scalars().all())


def one(db: Db, notification_id: int) -> Shown | None:
    """This notification, whether it was read or not."""
    return next(iter(listing.notifications_of(db, [notification_id])), None)

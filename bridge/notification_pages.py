"""Notifications a page at a time, the newest first."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection as Db
from sqlalchemy import select, text

from bridge import listing
from bridge.listing import Shown
from bridge.store.tables import instances
from bridge.store.tables import notifications as table

_UNREAD = text("notifications.verdict = 'unread'")  # in the index's own words, or SQLite would not use it


def page(
    db: Db,
    limit: int,
    *,
    before: int | None = None,
    since: datetime | None = None,
    instance: str | None = None,
    is_unread: bool = False,
) -> list[Shown]:
    """So many at most; `before` is the id of the one after which to go on. Ids grow as notifications come in."""
    query = select(table.c.id).order_by(table.c.id.desc()).limit(limit)
    if before is not None:
        query = query.where(table.c.id < before)
    if since is not None:
        query = query.where(table.c.received_at >= since)
    if instance is not None:
        query = query.where(table.c.instance_id.in_(select(instances.c.id).where(instances.c.name == instance)))
    if is_unread:
        query = query.where(_UNREAD)
    rows = listing.notifications_of(db, db.execute(query).scalars().all())
    return sorted(rows, key=lambda row: -int(row["id"]))

"""Who changed what, and when. Written in the transaction of the change itself."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection as Db
from sqlalchemy import Select, insert, select

from bridge.listing import Shown, stamp
from bridge.store.tables import audit as table

_NEWEST: Select[Any] = select(table).order_by(table.c.id.desc())


def record(db: Db, now: datetime, who: str, what: str, about: str | None = None, **detail: object) -> None:
    """Write down one change, such as `connection.paused` about the connection `sales`. `detail` holds JSON values.

    Nothing of it is secret: every administrator reads it.
    """
    db.execute(insert(table), {"at": now, "who": who, "what": what, "about": about, "detail": detail})


def listing(db: Db, limit: int, *, before: int | None = None) -> list[Shown]:
    """The newest changes first, so many at most; `before` is the id after which to go on."""
    query = _NEWEST if before is None else _NEWEST.where(table.c.id < before)
    names = ("id", "at", "who", "what", "about", "detail")
    return [
        {**{name: getattr(row, name) for name in names}, "at": stamp(row.at)} for row in db.execute(query.limit(limit))
    ]

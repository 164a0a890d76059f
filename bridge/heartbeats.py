"""Signs of life, written by the work itself, so that a worker that is alive but deaf is seen to be."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Connection as Db
from sqlalchemy import select

from bridge.store.tables import heartbeats as table
from bridge.store.upsert import upsert

SWEEP = "sweep"
_AWAKE = "awake"  # since when there has been a sweep without a longer pause
EVERY = timedelta(seconds=2)
STALE = timedelta(seconds=10)
_PAUSE = timedelta(seconds=30)


def last(db: Db) -> datetime | None:
    """When the last sweep said that it was at work."""
    return _at(db, SWEEP)


def beat(db: Db, now: datetime) -> None:
    """A sweep is at work. After a pause, everything that counts time from when we were awake begins anew."""
    before = _at(db, SWEEP)
    if before is None or now - before > _PAUSE:
        _set(db, _AWAKE, now)
    _set(db, SWEEP, now)


def awake_since(db: Db, now: datetime) -> datetime | None:
    """Since when we have been at work without a pause: silence from before then proves nothing. None during one."""
    at = last(db)
    return _at(db, _AWAKE) if at is not None and now - at <= _PAUSE else None


def is_fresh(db: Db, now: datetime) -> bool:
    """Whether somebody sweeps."""
    at = last(db)
    return at is not None and now - at < STALE


def _at(db: Db, name: str) -> datetime | None:
    return db.execute(select(table.c.at).where(table.c.name == name)).scalar()


def _set(db: Db, name: str, at: datetime) -> None:
    row = upsert(db, table).values(name=name, at=at)
    db.execute(row.on_conflict_do_update(index_elements=["name"], set_={"at": at}))

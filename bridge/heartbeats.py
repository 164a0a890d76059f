"""Signs of life, written by the work itself, so that a worker that is alive but deaf is seen to be."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Connection as Db
from sqlalchemy import select

from bridge.store.tables import heartbeats as table
from bridge.store.upsert import upsert

SWEEP = "sweep"
RETENTION = "retention"  # when nothing was found that is old enough to be forgotten
_AWAKE = "awake"  # since when there has been a sweep without a longer pause
EVERY = timedelta(seconds=2)
STALE = timedelta(seconds=10)
_PAUSE = timedelta(seconds=30)


def last(db: Db) -> datetime | None:
    """When the last sweep said that it was at work."""
    return at(db, SWEEP)


def beat(db: Db, now: datetime) -> bool:
    """A sweep is at work. True after a pause: everything that counts time from when we were awake begins anew.

    So does it where the clock was set, forward or back: nobody knows how long the pause was.
    """
    before = at(db, SWEEP)
    was_away = before is None or abs(now - before) > _PAUSE
    if was_away:
        note(db, _AWAKE, now)
    note(db, SWEEP, now)
    return was_away


def awake_since(db: Db, now: datetime) -> datetime | None:
    """Since when we have been at work without a pause: silence from before then proves nothing. None during one."""
    swept_at = last(db)
    return at(db, _AWAKE) if swept_at is not None and abs(now - swept_at) <= _PAUSE else None


def is_fresh(db: Db, now: datetime) -> bool:
    """Whether somebody sweeps."""
    swept_at = last(db)
    return swept_at is not None and abs(now - swept_at) < STALE


def at(db: Db, name: str) -> datetime | None:
    """When this was last noted."""
    return db.execute(select(table.c.at).where(table.c.name == name)).scalar()


def note(db: Db, name: str, moment: datetime) -> None:
    """Write down that this was so at that moment."""
    row = upsert(db, table).values(name=name, at=moment)
    db.execute(row.on_conflict_do_update(index_elements=["name"], set_={"at": moment}))

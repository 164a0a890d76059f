"""Connections that we paused, and the check that finds out whether what they were paused for has passed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection as Db
from sqlalchemy import select, update

from bridge.store.tables import connections as table


@dataclass(frozen=True, slots=True)
class Probe:
    """A connection that is to be checked now, by us and nobody else."""

    connection_id: int
    version: int
    connector: str
    name: str


_PAUSED = (table.c.paused_by.is_not(None), table.c.removed_at.is_(None))


def due(db: Db, now: datetime) -> Sequence[int]:
    """The connections that are to be checked."""
    return db.execute(select(table.c.id).where(table.c.probe_at <= now, *_PAUSED)).scalars().all()


def claim(db: Db, connection_id: int, now: datetime, every: timedelta) -> Probe | None:
    """Take the check of a connection, if it is due; nobody else takes it before that time is over again."""
    taken = (
        update(table)
        .where(table.c.id == connection_id, table.c.probe_at <= now, *_PAUSED)
        .values(probe_at=now + every)
        .returning(table.c.id, table.c.version, table.c.connector, table.c.name)
    )
    row = db.execute(taken).one_or_none()
    return Probe(row.id, row.version, row.connector, row.name) if row else None

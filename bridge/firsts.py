"""First attempts: how long after a call was heard of somebody began to tell a connection that it rings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection as Db
from sqlalchemy import Select, exists, func, select

from bridge.store import tables
from connectors.kit import CallStatus

MOST = 5000
"""How many attempts are read at once."""
_SETTLED = timedelta(seconds=5)
"""PostgreSQL gives ids out before it commits: by now, whoever has a smaller one has committed too."""

_attempts, _deliveries, _calls = tables.attempts, tables.deliveries, tables.calls
_earlier = _attempts.alias("earlier")
_LAST = select(func.coalesce(func.max(_attempts.c.id), 0))


@dataclass(frozen=True, slots=True)
class First:
    """The first attempt to tell a connection of a ringing call, `seconds` after its notification arrived."""

    connection: str
    seconds: float


def last(db: Db) -> int:
    """The id of the newest attempt, 0 before the first."""
    return int(db.execute(_LAST).scalar_one())


def since(db: Db, after: int, now: datetime) -> tuple[Sequence[First], int]:
    """The first attempts behind this id, and the id up to which all have been read; MOST attempts at most."""
    until = db.scalar(end(after, now)) or after
    firsts = [
        First(row.name, max(0.0, (row.started_at - row.received_at).total_seconds()))
        for row in db.execute(between(after, until))
    ]
    return firsts, until


def end(after: int, now: datetime) -> Select[int]:
    """Where the portion behind this id ends."""
    portion = (
        select(_attempts.c.id)
        .where(_attempts.c.id > after, _attempts.c.started_at <= now - _SETTLED)
        .order_by(_attempts.c.id)
        .limit(MOST)
        .subquery()
    )
    return select(func.max(portion.c.id))


def between(after: int, until: int) -> Select[str, datetime, datetime]:
    """The first attempts at ringing of a portion: the connection's name, when it began, when the call came in."""
    before = exists().where(_earlier.c.delivery_id == _attempts.c.delivery_id, _earlier.c.id < _attempts.c.id)
    return (
        select(tables.connections.c.name, _attempts.c.started_at, _calls.c.received_at)
        .join(_deliveries, _deliveries.c.id == _attempts.c.delivery_id)
        .join(_calls, _calls.c.id == _deliveries.c.call_id)
        .join(tables.connections, tables.connections.c.id == _deliveries.c.connection_id)
        .where(_attempts.c.id > after, _attempts.c.id <= until)
        .where(_attempts.c.status == CallStatus.RINGING.value, ~before)
    )

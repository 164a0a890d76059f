"""How the bridge stands, in numbers that are read from the store: any process can tell them for all.

Every question is answered from an index that holds open rows alone, or the rows of a day, so that asking stays cheap
however many calls are stored.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection as Db
from sqlalchemy import Select, func, select, text

from bridge import conditions, heartbeats, polling
from bridge.store import tables
from connectors.kit import CallStatus

_DAY = timedelta(days=1)
_calls, _deliveries, _notifications = tables.calls, tables.deliveries, tables.notifications
_instances, _connections = tables.instances, tables.connections

# The conditions are written out as in the indexes: with bound values SQLite would not see that they are the same.
_OPEN = (
    select(
        _deliveries.c.connection_id,
        _deliveries.c.state,
        func.count().label("number"),
        func.min(func.coalesce(_deliveries.c.failing_since, _deliveries.c.due_at)).label("since"),
    )
    .where(text("state IN ('due', 'held')"))
    .group_by(_deliveries.c.connection_id, _deliveries.c.state)
)
_FAILED = (
    select(_deliveries.c.connection_id, func.count().label("number"))
    .where(text("state = 'failed'"))
    .group_by(_deliveries.c.connection_id)
)
_WAITING = (
    select(_calls.c.instance_id, func.count().label("number"))
    .where(text("name_due IS NOT NULL"))
    .group_by(_calls.c.instance_id)
)
_UNREAD = select(func.count()).select_from(_notifications).where(text("verdict = 'unread'"))
_HEARD = select(func.max(_notifications.c.received_at)).where(_notifications.c.instance_id == _instances.c.id)


@dataclass(frozen=True, slots=True)
class OfConnection:
    """What one connection is owed. `overdue` counts seconds since the oldest due delivery fell due or began to fail.

    `is_silent` says that its system does not answer, and is asked by one attempt at a time.
    """

    name: str
    paused_by: str | None
    is_silent: bool
    due: int
    held: int
    failed: int
    overdue: float


@dataclass(frozen=True, slots=True)
class OfInstance:
    """What one instance reported. `heard` counts seconds since its last notification that was kept.

    `anything` counts them since the last of any kind; `troubles` are the reasons why somebody should see to it.
    `is_polled` says whether somebody polls it, and with success; None for one that is not to be polled.
    """

    name: str
    calls: dict[str, int]
    heard: float | None
    anything: float | None
    waiting: int
    troubles: frozenset[str]
    is_polled: bool | None = None


@dataclass(frozen=True, slots=True)
class Figures:
    """All of it. `swept` counts seconds since the last sweep, None before the first.

    `delays` counts for each queue the seconds that the oldest delivery which is due has waited for a worker to take it.
    """

    connections: Sequence[OfConnection]
    instances: Sequence[OfInstance]
    delays: Mapping[str, float]
    swept: float | None
    unread: int


def taken(db: Db, now: datetime) -> Figures:
    """The figures of this moment."""
    return Figures(
        connections=of_connections(db, now),
        instances=_of_instances(db, now),
        delays=_delays(db, now),
        swept=_since(heartbeats.last(db), now),
        unread=db.execute(_UNREAD).scalar_one(),
    )


def of_connections(db: Db, now: datetime) -> list[OfConnection]:
    """What each connection is owed, in the order of the file."""
    open_ = {(row.connection_id, row.state): row for row in db.execute(_OPEN)}
    failed = {row.connection_id: row.number for row in db.execute(_FAILED)}
    columns = (_connections.c.id, _connections.c.name, _connections.c.paused_by, _connections.c.broken_for)
    active = select(*columns).where(_connections.c.removed_at.is_(None))
    found = []
    for one in db.execute(active.order_by(_connections.c.position, _connections.c.id)):
        due, held = open_.get((one.id, "due")), open_.get((one.id, "held"))
        found.append(
            OfConnection(
                name=one.name,
                paused_by=one.paused_by,
                is_silent=one.broken_for is not None,
                due=due.number if due else 0,
                held=held.number if held else 0,
                failed=failed.get(one.id, 0),
                overdue=_since(due.since, now) or 0.0 if due else 0.0,
            )
        )
    return found


def due_since(now: datetime) -> Select[str, datetime]:
    """Since when the oldest delivery that nobody has taken is due, by the status that it tells.

    Whoever takes one puts its `due_at` behind the lease: what is due is in nobody's hands.
    """
    return (
        select(_deliveries.c.owes, func.min(_deliveries.c.due_at).label("since"))
        .where(text("state = 'due'"), _deliveries.c.due_at <= now)
        .group_by(_deliveries.c.owes)
    )


def _delays(db: Db, now: datetime) -> dict[str, float]:
    delays = {"ring": 0.0, "notes": 0.0}
    for row in db.execute(due_since(now)):
        queue = "ring" if row.owes == CallStatus.RINGING else "notes"
        delays[queue] = max(delays[queue], _since(row.since, now) or 0.0)
    return delays


def calls_since(moment: datetime) -> Select[tuple[int, str, int]]:
    """Counts the calls since this moment by instance and status."""
    return (
        select(_calls.c.instance_id, _calls.c.status, func.count().label("number"))
        .where(_calls.c.started_at > moment)
        .group_by(_calls.c.instance_id, _calls.c.status)
    )


def _of_instances(db: Db, now: datetime) -> list[OfInstance]:
    counted: dict[int, dict[str, int]] = {}
    for row in db.execute(calls_since(now - _DAY)):
        counted.setdefault(row.instance_id, {})[row.status] = row.number
    waiting = {row.instance_id: row.number for row in db.execute(_WAITING)}
    wrong = conditions.of_instances(db, now)
    known = (_instances.c.id, _instances.c.name, _instances.c.intake, _instances.c.poll_until, _instances.c.poll_reason)
    kept_at = _HEARD.scalar_subquery().label("kept_at")
    active = select(*known, _instances.c.heard_at, kept_at).where(_instances.c.removed_at.is_(None))
    return [
        OfInstance(
            name=one.name,
            calls=counted.get(one.id, {}),
            heard=_since(one.kept_at, now),
            anything=_since(max(filter(None, (one.heard_at, one.kept_at)), default=None), now),
            waiting=waiting.get(one.id, 0),
            troubles=frozenset(found.reason for found in wrong.get(one.id, ())),
            is_polled=polling.fault(one.poll_until, one.poll_reason, now) is None if one.intake == "poll" else None,
        )
        for one in db.execute(active.order_by(_instances.c.id))
    ]


def _since(moment: datetime | None, now: datetime) -> float | None:
    return None if moment is None else max(0.0, (now - moment).total_seconds())

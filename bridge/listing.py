"""Calls, deliveries and notifications as commands, pages and scripts show them: plain JSON values with stable names."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection as Db
from sqlalchemy import Row, Select, func, select

from bridge import conditions, names, polling
from bridge.callers import Names
from bridge.store import tables
from connectors.kit import Caller

Shown = dict[str, Any]

_calls, _instances, _callers = tables.calls, tables.instances, tables.callers
_deliveries, _connections = tables.deliveries, tables.connections
_notifications = tables.notifications

_CALLS = (
    select(_calls, _instances.c.name.label("instance"), _instances.c.name_order)
    .add_columns(_callers.c.contact_name, _callers.c.name.label("own_name"))
    .join(_instances, _instances.c.id == _calls.c.instance_id)
    .outerjoin(_callers, (_callers.c.instance_id == _calls.c.instance_id) & (_callers.c.chat_id == _calls.c.chat_id))
    .order_by(_calls.c.started_at.desc(), _calls.c.id.desc())
)
_DELIVERIES = (
    select(_deliveries, _calls.c.key, _connections.c.name, _connections.c.connector)
    .join(_calls, _calls.c.id == _deliveries.c.call_id)
    .join(_connections, _connections.c.id == _deliveries.c.connection_id)
    .order_by(_connections.c.position, _connections.c.id, _deliveries.c.id)
)
_NOTIFICATIONS: Select[Any] = (
    select(_notifications, _instances.c.name.label("instance"), _calls.c.key.label("call"))
    .outerjoin(_instances, _instances.c.id == _notifications.c.instance_id)
    .outerjoin(_calls, _calls.c.id == _notifications.c.call_id)
    .order_by(_notifications.c.received_at.desc(), _notifications.c.id.desc())
)
_AT_ONCE = 500


def recent_calls(
    db: Db,
    limit: int | None,
    *,
    since: datetime | None = None,
    statuses: Sequence[str] = (),
    instance: str | None = None,
) -> list[Shown]:
    """Calls with their deliveries, newest first; every call unless limited or chosen."""
    query = _CALLS
    if since:
        query = query.where(_calls.c.started_at >= since)
    if statuses:
        query = query.where(_calls.c.status.in_(statuses))
    if instance:
        query = query.where(_instances.c.name == instance)
    return _with_deliveries(db, db.execute(query.limit(limit)).all())


def call(db: Db, key: str) -> Shown:
    """The one call of this public id, which must exist, as `recent_calls` shows it."""
    return _with_deliveries(db, db.execute(_CALLS.where(_calls.c.key == key)).all())[0]


def calls(db: Db, ids: Sequence[int]) -> list[Shown]:
    """The calls of these rows, newest first, as `recent_calls` shows them."""
    return _with_deliveries(db, db.execute(_CALLS.where(_calls.c.id.in_(ids))).all()) if ids else []


def _with_deliveries(db: Db, rows: Sequence[Row[Any]]) -> list[Shown]:
    told: defaultdict[int, list[Shown]] = defaultdict(list)
    for start in range(0, len(rows), _AT_ONCE):  # databases take only so many values at once
        ids = [row.id for row in rows[start : start + _AT_ONCE]]
        for delivery in db.execute(_DELIVERIES.where(_deliveries.c.call_id.in_(ids))):
            told[delivery.call_id].append(_delivery(delivery))
    callers = _Callers(db)
    return [_call(row, callers.of(row), told[row.id]) for row in rows]


def deliveries(
    db: Db,
    limit: int | None,
    *,
    since: datetime | None = None,
    states: Sequence[str] = (),
    connection: str | None = None,
) -> list[Shown]:
    """What is and was owed, the newest call's first; each names its call. `since` is about the call."""
    newest: Select[Any] = _DELIVERIES.order_by(None).order_by(
        _calls.c.started_at.desc(), _calls.c.id.desc(), _connections.c.position, _connections.c.id
    )
    if since:
        newest = newest.where(_calls.c.started_at >= since)
    if states:
        newest = newest.where(_deliveries.c.state.in_(states))
    if connection:
        newest = newest.where(_connections.c.name == connection)
    return [{**_delivery(row), "call": row.key} for row in db.execute(newest.limit(limit))]


def deliveries_of(db: Db, ids: Sequence[int]) -> list[Shown]:
    """These deliveries, the newest id first; each names its call."""
    newest = _DELIVERIES.order_by(None).order_by(_deliveries.c.id.desc())
    return [{**_delivery(row), "call": row.key} for row in db.execute(newest.where(_deliveries.c.id.in_(ids)))]


def stamp(moment: datetime | None) -> str | None:
    """UTC, whole seconds, with a Z."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if moment else None


def columns(rows: Iterable[Shown], chosen: tuple[str, ...]) -> list[tuple[str, ...]]:
    """The named values of each row as text for a table; what is absent is blank."""
    return [tuple(_cell(row[name]) for name in chosen) for row in rows]


def _cell(value: object) -> str:
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value))
    return "" if value is None else str(value)


class _Callers:
    """Who called, each looked up once for a whole list."""

    def __init__(self, db: Db) -> None:
        self._db = db
        self._crm: dict[tuple[str, str], str | None] = {}
        self._some_known = db.execute(select(tables.people.c.id).limit(1)).first() is not None

    def of(self, row: Row[Any]) -> Caller:
        known = Names(row.contact_name, row.own_name)
        crm = self._crm_name(row, known) if self._some_known else None
        return names.caller(row.chat_id, known, crm, row.name_order)

    def _crm_name(self, row: Row[Any], known: Names) -> str | None:
        key = (row.instance, row.chat_id)
        if key not in self._crm:
            self._crm[key] = names.crm_name(self._db, row.instance, row.chat_id, known, row.name_order)
        return self._crm[key]


def _call(row: Row[Any], caller: Caller, told: list[Shown]) -> Shown:
    return {
        "id": row.key,
        "instance": row.instance,
        "id_message": row.id_message,
        "chat_id": row.chat_id,
        "phone": caller.phone,
        "caller": caller.name,
        "caller_source": caller.source,
        "status": row.status,
        "video": row.video,
        "direction": row.direction,
        "late": row.late,
        "source": row.source,
        "started_at": stamp(row.started_at),
        "outcome_at": stamp(row.outcome_at),
        "deliveries": told,
    }


def _delivery(row: Row[Any]) -> Shown:
    receipt = row.receipt and {"record_id": row.receipt.get("record_id"), "url": row.receipt.get("url")}
    return {
        "id": row.id,
        "connection": row.name,
        "connector": row.connector,
        "state": row.state,
        "owes": row.owes,
        "told": row.told,
        "attempts": row.attempts,
        "due_at": stamp(row.due_at) if row.state == "due" else None,
        "reason": row.reason,
        "receipt": receipt,
    }


def notifications(
    db: Db, limit: int | None, *, since: datetime | None = None, instance: str | None = None, unread: bool = False
) -> list[Shown]:
    """What GREEN-API sent and was kept, newest first, with its body as it came."""
    query = _NOTIFICATIONS
    if since:
        query = query.where(_notifications.c.received_at >= since)
    if instance:
        query = query.where(_instances.c.name == instance)
    if unread:
        query = query.where(_notifications.c.verdict == "unread")
    return [_notification(row) for row in db.execute(query.limit(limit))]


def notifications_of(db: Db, ids: Sequence[int]) -> list[Shown]:
    """These notifications, newest first."""
    return [_notification(row) for row in db.execute(_NOTIFICATIONS.where(_notifications.c.id.in_(ids)))]


def _notification(row: Row[Any]) -> Shown:
    names = ("id", "instance", "type", "received_at", "verdict", "call", "reason", "body")
    return {**{name: getattr(row, name) for name in names}, "received_at": stamp(row.received_at)}


def instances(db: Db, now: datetime) -> list[Shown]:
    """GREEN-API accounts, oldest first. `reason` says why one that is to be polled is not.

    `notes` are sentences about whatever somebody should see to.
    """
    wrong = conditions.of_instances(db, now)
    kept = select(func.max(_notifications.c.received_at)).where(_notifications.c.instance_id == _instances.c.id)
    query = select(_instances, kept.scalar_subquery().label("kept_at")).where(_instances.c.removed_at.is_(None))
    return [
        {
            "name": row.name,
            "id_instance": row.id_instance,
            "intake": row.intake,
            "state": row.state,
            "last_notification_at": stamp(max(filter(None, (row.heard_at, row.kept_at)), default=None)),
            "reason": polling.fault(row.poll_until, row.poll_reason, now) if row.intake == "poll" else None,
            "state_at": stamp(row.state_at),
            "journal_until": stamp(row.journal_until),
            "refused": row.refused,
            "notes": [one.text for one in wrong.get(row.id, ())],
        }
        for row in db.execute(query.order_by(_instances.c.id))
    ]


def connections(db: Db) -> list[Shown]:
    """Connections in the order of the file."""
    query = select(_connections).where(_connections.c.removed_at.is_(None))
    every = db.execute(select(_instances.c.name).where(_instances.c.removed_at.is_(None)).order_by(_instances.c.id))
    all_of_them = list(every.scalars())
    return [
        {
            "name": row.name,
            "connector": row.connector,
            "policy": row.policy,
            "instances": all_of_them if row.instances is None else row.instances,
            "state": "paused" if row.paused_by else "active",
            "paused_by": row.paused_by,
            "reason": row.reason or _silence(row),
        }
        for row in db.execute(query.order_by(_connections.c.position, _connections.c.id))
    ]


def _silence(row: Row[Any]) -> str | None:
    if row.broken_for is None:
        return None
    return f"Its system does not answer; one attempt finds out at {stamp(row.rests_until)}."

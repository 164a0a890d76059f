"""Calls and deliveries as commands, pages and scripts show them: plain JSON values with stable names."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection as Db
from sqlalchemy import Row, Select, func, select

from bridge import callers
from bridge.callers import Names
from bridge.store import tables

Shown = dict[str, Any]

_calls, _instances, _callers = tables.calls, tables.instances, tables.callers
_deliveries, _connections = tables.deliveries, tables.connections

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
_AT_ONCE = 500


def recent_calls(db: Db, limit: int | None) -> list[Shown]:
    """Calls with their deliveries, newest first; every call unless limited."""
    rows = db.execute(_CALLS.limit(limit)).all()
    told: defaultdict[int, list[Shown]] = defaultdict(list)
    for start in range(0, len(rows), _AT_ONCE):  # databases take only so many values at once
        ids = [row.id for row in rows[start : start + _AT_ONCE]]
        for delivery in db.execute(_DELIVERIES.where(_deliveries.c.call_id.in_(ids))):
            told[delivery.call_id].append(_delivery(delivery))
    return [_call(row, told[row.id]) for row in rows]


def deliveries(db: Db, limit: int | None) -> list[Shown]:
    """What is and was owed, the newest call's first; each names its call."""
    newest: Select[Any] = _DELIVERIES.order_by(None).order_by(
        _calls.c.started_at.desc(), _calls.c.id.desc(), _connections.c.position, _connections.c.id
    )
    return [{**_delivery(row), "call": row.key} for row in db.execute(newest.limit(limit))]


def stamp(moment: datetime | None) -> str | None:
    """UTC, whole seconds, with a Z."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if moment else None


def columns(rows: Iterable[Shown], names: tuple[str, ...]) -> list[tuple[str, ...]]:
    """The named values of each row as text for a table; what is absent is blank."""
    return [tuple(_cell(row[name]) for name in names) for row in rows]


def _cell(value: object) -> str:
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value))
    return "" if value is None else str(value)


def _call(row: Row[Any], told: list[Shown]) -> Shown:
    caller = callers.caller(row.chat_id, Names(row.contact_name, row.own_name), row.name_order)
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
        "due_at": stamp(row.due_at),
        "reason": row.reason,
        "receipt": receipt,
    }


def instances(db: Db) -> list[Shown]:
    """GREEN-API accounts, oldest first."""
    heard = select(func.max(tables.notifications.c.received_at)).where(
        tables.notifications.c.instance_id == _instances.c.id
    )
    query = select(_instances, heard.scalar_subquery().label("heard_at")).where(_instances.c.removed_at.is_(None))
    return [
        {
            "name": row.name,
            "id_instance": row.id_instance,
            "intake": "webhook",
            "state": None,  # GREEN-API is not asked for it yet
            "last_notification_at": stamp(row.heard_at),
        }
        for row in db.execute(query.order_by(_instances.c.id))
    ]


def connections(db: Db) -> list[Shown]:
    """Connections in the order of the file."""
    query = select(_connections).where(_connections.c.removed_at.is_(None))
    every = db.execute(select(_instances.c.name).where(_instances.c.removed_at.is_(None)).order_by(_instances.c.id))
    names = list(every.scalars())
    return [
        {
            "name": row.name,
            "connector": row.connector,
            "policy": row.policy,
            "instances": names if row.instances is None else row.instances,
            "state": "paused" if row.paused_by else "active",
            "paused_by": row.paused_by,
            "reason": row.reason,
        }
        for row in db.execute(query.order_by(_connections.c.position, _connections.c.id))
    ]

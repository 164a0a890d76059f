"""How each connection stands with one call: what it was told, what it is owed, and what there is to do about it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection as Db
from sqlalchemy import Row, Select, select

from bridge import heartbeats
from bridge.breakers import WAITS
from bridge.deliveries import State
from bridge.listing import stamp
from bridge.policies import NOBODY_KNOWS
from bridge.store import tables
from connectors.kit import CallStatus, Policy

_deliveries, _calls = tables.deliveries, tables.calls
_connections, _instances = tables.connections, tables.instances

_OF_CALL = (
    select(_deliveries, _connections.c.name, _connections.c.paused_by)
    .join(_connections, _connections.c.id == _deliveries.c.connection_id)
    .join(_calls, _calls.c.id == _deliveries.c.call_id)
    .order_by(_connections.c.position, _connections.c.id)
)
_CALL: Select[Any] = select(
    _calls.c.policies, _calls.c.status, _calls.c.source, _instances.c.name.label("instance")
).join(_instances, _instances.c.id == _calls.c.instance_id)
_ACTIVE: Select[Any] = (
    select(_connections.c.id, _connections.c.name, _connections.c.instances)
    .where(_connections.c.removed_at.is_(None))
    .order_by(_connections.c.position, _connections.c.id)
)
_BEFORE_RESUMING = {
    "credentials": "Mend its credentials until `ringbridge connection check {name}` finds nothing, then ",
    "gone": "Its system said that the address is gone: give it another one, then ",
    "broken": "Mend or reinstall its connector, then ",
}


@dataclass(frozen=True, slots=True)
class Standing:
    """One connection in words. `state` is None where it is owed nothing; `next` is what somebody has to do, or None."""

    connection: str
    state: State | None
    text: str
    next: str | None = None


def of_call(db: Db, key: str, now: datetime) -> list[Standing]:
    """Every connection: those that were ever owed something of the call of this public id, then the others."""
    somebody_works = heartbeats.is_fresh(db, now)
    rows = db.execute(_OF_CALL.where(_calls.c.key == key)).all()
    owed = {row.connection_id for row in rows}
    call = db.execute(_CALL.where(_calls.c.key == key)).one()
    others = [row for row in db.execute(_ACTIVE) if row.id not in owed]
    return [_standing(row, now, somebody_works=somebody_works) for row in rows] + [
        Standing(row.name, None, _why_nothing(row, call)) for row in others
    ]


def _why_nothing(connection: Row[Any], call: Row[Any]) -> str:
    policy = dict(call.policies or ()).get(connection.id)
    if policy is not None:
        yet = "yet " if policy == Policy.RESULT and call.status == CallStatus.RINGING else ""
        return f"owed nothing {yet}by its policy {policy}."
    if call.policies is None and call.source == "journal":
        return "owed nothing: the call was imported from GREEN-API's journal as history."
    if connection.instances is not None and call.instance not in connection.instances:
        return f"owed nothing: it hears of {', '.join(connection.instances) or 'no instance'} only."
    return "owed nothing: it was added, or given this instance, after the call came in."


def to_resume(name: str, paused_by: str | None) -> str:
    """What to do so that a paused connection is told again."""
    before = _BEFORE_RESUMING.get(paused_by or "", "").format(name=name)
    return f"{before}`ringbridge connection resume {name}`"


def _standing(row: Row[Any], now: datetime, *, somebody_works: bool) -> Standing:
    if row.state == "due":
        text, todo = _due(row, now, somebody_works=somebody_works)
    elif row.state == "held":
        text, todo = f"{_owed(row)}. {_reason(row)}", _after_holding(row)
    elif row.state == "failed":
        stands = f"owes {row.owes}" if row.reason == NOBODY_KNOWS else _owed(row)
        text, todo = f"{stands}. {_reason(row)}", _after_failure(row)
    elif row.state == "skipped":
        text, todo = f"told nothing. {_reason(row)}", None
    else:
        text, todo = f"{_told(row)}{'; its popup was taken away' if row.withdrawn else ''}", None
    return Standing(row.name, row.state, text.strip(), todo)


def _due(row: Row[Any], now: datetime, *, somebody_works: bool) -> tuple[str, str | None]:
    owed = _owed(row)
    if row.lease_until is not None and row.lease_until > now:
        return f"{owed}, and is being told at this moment.", None
    if row.due_at > now:
        if row.reason == WAITS:
            return f"{owed}. {WAITS} Next at {stamp(row.due_at)}.", None
        if row.attempts == 0:
            return f"{owed}; the caller's name is waited for until {stamp(row.due_at)}.", None
        tries = f"{row.attempts} attempt{'s' if row.attempts > 1 else ''} so far"
        return f"{owed}; {tries}. {_reason(row)} Next try at {stamp(row.due_at)}.", None
    starts = "Start `ringbridge up`, or `worker` and `beat`: nobody is at work."
    return f"{owed}; due since {stamp(row.due_at)}. {_reason(row)}", None if somebody_works else starts


def _after_holding(row: Row[Any]) -> str:
    return to_resume(row.name, row.paused_by) if row.paused_by else f"`ringbridge delivery replay {row.id}`"


def _after_failure(row: Row[Any]) -> str | None:
    if row.owes == CallStatus.RINGING and row.withdrawn is None:
        return None  # ringing is not told again
    if row.reason == NOBODY_KNOWS:
        return f"Look whether it is there; if it is not, `ringbridge delivery replay {row.id} --again`"
    return f"Once the cause is mended, `ringbridge delivery replay {row.id}`"


def _owed(row: Row[Any]) -> str:
    if row.withdrawn is False:
        return f"{_told(row)}, and its popup is to be taken away"
    return f"owes {row.owes}, {_told(row)}"


def _told(row: Row[Any]) -> str:
    return f"told {row.told or 'nothing'}"


def _reason(row: Row[Any]) -> str:
    return row.reason or ""

"""What is owed to each connection about each call: made, moved forward and let go here.

One row for each (call, connection). `owes` is the newest status that its policy tells, `told` the last one that was
confirmed. `bridge.claims` takes a row to pay it, `bridge.settlements` writes down what came of that, `bridge.holding`
holds a connection's rows back, `bridge.lines` says who is rung for.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from sqlalchemy import ColumnElement, Row, Select, bindparam, select, update
from sqlalchemy import Connection as Db

from bridge import policies, story
from bridge.calls import CallRow
from bridge.connections import Connection
from bridge.store.tables import calls
from bridge.store.tables import deliveries as table
from bridge.store.upsert import insert_new
from connectors.kit import CallStatus

State = Literal["due", "delivered", "skipped", "held", "failed"]

RING_AGAIN = timedelta(seconds=10)
"""How long a message may take before the sweep takes it for lost and puts another on the queue."""
FROM_THE_BEGINNING: dict[str, Any] = {"attempts": 0, "deaths": 0, "failing_since": None, "failed_for": None}
"""A row that is owed something new."""
TOO_LATE = "It was too late to ring by the time that this could be told."


@dataclass(frozen=True, slots=True)
class Doorbell:
    """A delivery that has fallen due, and whether somebody is waiting for it while a phone rings."""

    delivery_id: int
    ringing: bool


_OF_CALL: Select[Any] = (
    select(
        table.c.id,
        table.c.connection_id,
        table.c.state,
        table.c.owes,
        table.c.told,
        table.c.due_at,
        table.c.lease_until,
        table.c.unsure,
        table.c.withdrawn,
    )
    .where(table.c.call_id == bindparam("call"))
    .with_for_update(key_share=True)
)
_CHANGE = update(table).where(table.c.id == bindparam("row"))


def owe(
    db: Db, call: CallRow, listeners: Iterable[Connection], *, new: bool, due_at: datetime, now: datetime
) -> list[Doorbell]:
    """Make each listener's row owe how the call stands now, falling due at `due_at`; returns those due already.

    A connection whose policy tells this for the first time gets its row. One that heard ringing and hears no outcome
    takes its popup away, if it can; one that did not hear the ringing in time is told nothing more.
    """
    rows = {} if new else {row.connection_id: row for row in db.execute(_OF_CALL, {"call": call.id})}
    fresh: list[dict[str, Any]] = []
    bells: list[Doorbell] = []
    for connection in listeners:
        owed = policies.owes(connection.config.policy, call.status)
        row = rows.get(connection.id)
        if row is None:
            if owed:
                fresh.append(_new_row(call, connection, owed, due_at, now))
                if connection.paused_by is not None:
                    story.tell(db, call.id, "held", now, connection.id, reason=connection.reason)
        elif owed:
            bells += _owe_more(db, row, connection, owed, due_at, now)
        elif row.owes != CallStatus.RINGING:
            continue  # an outcome that was owed by an earlier policy stays so
        elif connection.withdraws and row.withdrawn is None and _may_have_rung(row):
            bells += _owe_withdrawal(db, row, connection, now)
        elif _untold(row):
            db.execute(_CHANGE, {"row": row.id, "state": "skipped", "due_at": None, "reason": TOO_LATE})
            story.tell(db, call.id, "skipped", now, connection.id, reason=TOO_LATE)
    if fresh:
        made = insert_new(db, table, table.c.id, table.c.state, table.c.owes)
        # Several rows in one statement come back in no order that may be relied on.
        bells += [
            Doorbell(row.id, row.owes == CallStatus.RINGING)
            for row in db.execute(made, fresh)
            if row.state == "due" and due_at <= now
        ]
    return bells


def _new_row(
    call: CallRow, connection: Connection, owed: CallStatus, due_at: datetime, now: datetime
) -> dict[str, Any]:
    held = connection.paused_by is not None
    return {
        "call_id": call.id,
        "connection_id": connection.id,
        "chat_id": call.chat_id,
        "state": "held" if held else "due",
        "policy": connection.config.policy,
        "owes": owed,
        "due_at": None if held else due_at,
        "rung_at": now if due_at <= now else None,
        "fence": 0,
        "attempts": 0,
        "deaths": 0,
        "unsure": False,
        "reason": connection.reason if held else None,
    }


def _owe_more(
    db: Db, row: Row[Any], connection: Connection, owed: CallStatus, due_at: datetime, now: datetime
) -> list[Doorbell]:
    if row.owes == owed:
        return []
    values = {"owes": owed, "policy": connection.config.policy, "withdrawn": None} | FROM_THE_BEGINNING
    if row.unsure and row.due_at and row.due_at > due_at:
        due_at = row.due_at  # the other side was asked to be left alone until what it may have written can be found
    return _fall_due(db, row, connection, values, due_at, now)


def _owe_withdrawal(db: Db, row: Row[Any], connection: Connection, now: datetime) -> list[Doorbell]:
    return _fall_due(db, row, connection, {"withdrawn": False} | FROM_THE_BEGINNING, now, now)


def _fall_due(
    db: Db, row: Row[Any], connection: Connection, values: dict[str, Any], due_at: datetime, now: datetime
) -> list[Doorbell]:
    if row.lease_until is not None and row.state == "due":
        # Somebody is telling it of the old status this moment: settling finds that more is owed by then.
        db.execute(_CHANGE, {"row": row.id, **values})
        return []
    if connection.paused_by is not None:
        held = {"state": "held", "due_at": None, "reason": connection.reason}
        db.execute(_CHANGE, {"row": row.id, **values, **held})
        return []
    rung_at = now if due_at <= now else None
    due = {"state": "due", "due_at": due_at, "rung_at": rung_at, "reason": None}
    db.execute(_CHANGE, {"row": row.id, **values, **due})
    return [Doorbell(row.id, ringing=False)] if due_at <= now else []


def _may_have_rung(row: Row[Any]) -> bool:
    """Whether there is a popup, or may be one."""
    return row.told is not None or row.unsure or row.lease_until is not None


def _untold(row: Row[Any]) -> bool:
    return row.state in ("due", "held") and row.told is None and row.lease_until is None


def waiting(db: Db, chat_id: str, now: datetime) -> Sequence[int]:
    """The instances with a call from this chat that has not been told yet because its caller's name may come."""
    query = select(calls.c.instance_id).join(table, table.c.call_id == calls.c.id).where(*_waits(chat_id, now))
    return db.execute(query.distinct()).scalars().all()


def release(db: Db, instance_id: int, chat_id: str, now: datetime, awaited: datetime | None) -> list[Doorbell]:
    """Let go what waited for a caller's name: all of it, or what could not wait until another is `awaited`."""
    of_instance = select(calls.c.id).where(calls.c.instance_id == instance_id, calls.c.chat_id == chat_id)
    query = update(table).where(*_waits(chat_id, now), table.c.call_id.in_(of_instance))
    if awaited is not None:
        query = query.where(table.c.due_at < awaited)
    return doorbells(db.execute(query.values(due_at=now, rung_at=now).returning(table.c.id, table.c.owes)))


def postpone(db: Db, call_id: int, owed_at: datetime, now: datetime, name_wait: timedelta) -> None:
    """What is new, and was owed as of a moment long past, is due now, or when it has waited for the caller's name.

    Outcomes wait as long as `name_wait` says, ringing no longer than it would have then.
    """
    fresh = (table.c.state == "due") & table.c.lease_until.is_(None) & (table.c.attempts == 0)
    query = select(table.c.id, table.c.owes, table.c.due_at).where(
        table.c.call_id == call_id, fresh, table.c.due_at.between(owed_at, now)
    )
    for row in db.execute(query).all():
        wait = row.due_at - owed_at
        if row.owes != CallStatus.RINGING:
            wait = max(wait, name_wait)
        db.execute(_CHANGE, {"row": row.id, "due_at": now + wait, "rung_at": None})


def _waits(chat_id: str, now: datetime) -> tuple[ColumnElement[bool], ...]:
    """What waits because it failed is not meant."""
    return (
        table.c.chat_id == chat_id,
        table.c.state == "due",
        table.c.due_at > now,
        table.c.lease_until.is_(None),
        table.c.attempts == 0,
        table.c.unsure.is_(False),
    )


def doorbells(rows: Iterable[Row[Any]]) -> list[Doorbell]:
    """What to ring for, of rows with `id` and `owes`."""
    return [Doorbell(row.id, row.owes == CallStatus.RINGING) for row in rows]

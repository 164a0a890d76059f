"""What is owed to each connection about each call: made and moved forward here, and released, held or withdrawn.

One row for each (call, connection). `owes` is the newest status that its policy tells, `told` the last one that was
confirmed. `bridge.claims` pays.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from sqlalchemy import Connection as Db
from sqlalchemy import Row, Select, bindparam, or_, select, update

from bridge import connections, policies
from bridge.calls import CallRow
from bridge.connections import Connection, PausedBy
from bridge.store.tables import deliveries as table
from bridge.store.upsert import insert_new
from connectors.kit import CallStatus

State = Literal["due", "delivered", "skipped", "held", "failed"]

RING_AGAIN = timedelta(seconds=10)
"""How long a message may take before the sweep takes it for lost and puts another on the queue."""
TOO_LATE = "The phone had stopped ringing before this could be told."
REMOVED = "The connection was removed."


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
    )
    .where(table.c.call_id == bindparam("call"))
    .with_for_update(key_share=True)
)
_CHANGE = update(table).where(table.c.id == bindparam("row"))


def owe(
    db: Db, call: CallRow, listeners: Iterable[Connection], *, new: bool, due_at: datetime, now: datetime
) -> list[Doorbell]:
    """Make each listener's row owe how the call stands now, falling due at `due_at`; returns those due already.

    A connection whose policy tells this for the first time gets its row; one that hears ringing alone, and did not
    hear it in time, is told nothing more.
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
        elif owed:
            bells += _owe_more(db, row, connection, owed, due_at, now)
        elif _untold(row):
            db.execute(_CHANGE, {"row": row.id, "state": "skipped", "due_at": None, "reason": TOO_LATE})
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
        "owes": owed,
        "due_at": None if held else due_at,
        "rung_at": now if due_at <= now else None,
        "fence": 0,
        "attempts": 0,
        "unsure": False,
        "reason": connection.reason if held else None,
    }


def _owe_more(
    db: Db, row: Row[Any], connection: Connection, owed: CallStatus, due_at: datetime, now: datetime
) -> list[Doorbell]:
    if row.owes == owed:
        return []
    if row.lease_until is not None and row.state == "due":
        # Somebody is telling it of the old status this moment: settling finds that more is owed by then.
        db.execute(_CHANGE, {"row": row.id, "owes": owed, "attempts": 0})
        return []
    if connection.paused_by is not None:
        db.execute(_CHANGE, {"row": row.id, "owes": owed, "attempts": 0, "state": "held", "due_at": None})
        return []
    if row.unsure and row.due_at and row.due_at > due_at:
        due_at = row.due_at  # the other side was asked to be left alone until what it may have written can be found
    rung_at = now if due_at <= now else None
    values = {
        "owes": owed,
        "attempts": 0,
        "state": "due",
        "due_at": due_at,
        "rung_at": rung_at,
        "reason": None,
    }
    db.execute(_CHANGE, {"row": row.id, **values})
    return [Doorbell(row.id, ringing=False)] if due_at <= now else []


def _untold(row: Row[Any]) -> bool:
    return row.state in ("due", "held") and row.told is None and row.lease_until is None


def release(db: Db, call_ids: Sequence[int], now: datetime) -> list[Doorbell]:
    """Let go what waited for a caller's name. What waits because it failed goes on waiting."""
    if not call_ids:
        return []
    query = (
        update(table)
        .where(
            table.c.call_id.in_(call_ids),
            table.c.state == "due",
            table.c.due_at > now,
            table.c.lease_until.is_(None),
            table.c.attempts == 0,
            table.c.unsure.is_(False),
        )
        .values(due_at=now, rung_at=now)
        .returning(table.c.id, table.c.owes)
    )
    return _bells(db.execute(query))


def fallen_due(db: Db, now: datetime, limit: int, *, all_of_them: bool = False) -> list[Doorbell]:
    """Rows whose time has come and whose message was not put on the queue, or seems to be lost.

    `all_of_them` is for a start after which no message can be left.
    """
    query = select(table.c.id).where(table.c.state == "due", table.c.due_at <= now)
    if not all_of_them:
        query = query.where(or_(table.c.rung_at.is_(None), table.c.rung_at <= now - RING_AGAIN))
    chosen = query.order_by(table.c.due_at).limit(limit).with_for_update(skip_locked=True, key_share=True)
    mark = update(table).where(table.c.id.in_(chosen)).values(rung_at=now).returning(table.c.id, table.c.owes)
    return _bells(db.execute(mark))


def any_due(db: Db, now: datetime) -> bool:
    """Whether `fallen_due` would find anything: looking is cheaper than writing."""
    query = select(table.c.id).where(
        table.c.state == "due",
        table.c.due_at <= now,
        or_(table.c.rung_at.is_(None), table.c.rung_at <= now - RING_AGAIN),
    )
    return db.execute(query.limit(1)).first() is not None


def pause_connection(db: Db, connection_id: int, by: PausedBy, reason: str) -> bool:
    """Tell the connection nothing more, and hold what it is owed; False if it was paused already."""
    if not connections.pause(db, connection_id, by, reason):
        return False
    _hold(db, connection_id, reason)
    return True


def resume_connection(db: Db, connection_id: int, now: datetime) -> None:
    """Tell the connection again, and let everything that was held fall due; the claim judges what is too late."""
    connections.resume(db, connection_id)
    db.execute(
        update(table)
        .where(table.c.connection_id == connection_id, table.c.state == "held")
        .values(state="due", due_at=now, rung_at=None, reason=None)
    )


def remove_connection(db: Db, connection: Connection, now: datetime) -> None:
    """The connection is no more, and nothing is owed to it."""
    connections.remove(db, connection, now)
    db.execute(
        update(table)
        .where(table.c.connection_id == connection.id, table.c.state.in_(("due", "held")))
        .values(state="skipped", due_at=None, reason=REMOVED)
    )


def free_leases(db: Db, holder: str, now: datetime) -> int:
    """Give back at once what a dead predecessor of this name was carrying. Returns how many there were."""
    freed = db.execute(
        update(table)
        .where(table.c.leased_by == holder, table.c.lease_until.is_not(None))
        .values(lease_until=None, leased_by=None, due_at=now, rung_at=None)
    )
    return freed.rowcount


def _hold(db: Db, connection_id: int, reason: str) -> None:
    db.execute(
        update(table)
        .where(table.c.connection_id == connection_id, table.c.state == "due", table.c.lease_until.is_(None))
        .values(state="held", due_at=None, reason=reason)
    )


def _bells(rows: Iterable[Row[Any]]) -> list[Doorbell]:
    return [Doorbell(row.id, row.owes == CallStatus.RINGING) for row in rows]

"""Claims: one worker, and no other, is about to tell one connection how one call stands.

A claim takes a lease, raises the fence and writes the attempt down, all before anything is sent. What comes of it is
written down by `bridge.settlements`, and counts only under the same fence.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection as Db
from sqlalchemy import Row, bindparam, delete, func, insert, or_, select, update

from bridge import breakers, briefings, deliveries, holding, lines, policies, story
from bridge.store import tables
from bridge.store.chosen import chosen
from connectors.kit import Call, CallStatus, Known

_A_MOMENT = timedelta(seconds=1)
MOST_DEATHS = 5
DIED = f"{MOST_DEATHS} attempts in a row ended with their worker; look at its log, then replay this delivery."


@dataclass(frozen=True, slots=True)
class Claim:
    """A delivery that is ours until the lease runs out, with all that a connector needs to know.

    `withdraws` says that there is nothing to tell: a popup is to be taken away. `probes` says that it is the one that
    may find out whether the system answers again, `repeats` that an earlier attempt may have told this very status.
    `line` is the end of the pause after which others may be in line behind it; None where there is no line.
    `failed_for` is how long telling it had failed before.
    """

    delivery_id: int
    fence: int
    attempts: int
    connection_id: int
    connection_version: int
    connector: str
    call: Call
    known: Known
    started_at: datetime
    failed_for: timedelta
    withdraws: bool
    probes: bool
    repeats: bool
    line: datetime | None


_deliveries, _calls, _connections = tables.deliveries, tables.calls, tables.connections

_TWIN_LEASED = select(_deliveries.c.id).where(
    _deliveries.c.connection_id == bindparam("connection"),
    _deliveries.c.chat_id == bindparam("chat"),
    _deliveries.c.id != bindparam("delivery"),
    _deliveries.c.lease_until > bindparam("now"),
)
_CHANGE = update(_deliveries).where(_deliveries.c.id == bindparam("row"))
_BEGIN_ATTEMPT = insert(tables.attempts)
_UNDO_ATTEMPT = delete(tables.attempts).where(
    tables.attempts.c.delivery_id == bindparam("delivery"), tables.attempts.c.fence == bindparam("under")
)
_UNCERTAIN = select(tables.attempts.c.id).where(
    tables.attempts.c.delivery_id == bindparam("delivery"),
    tables.attempts.c.status == bindparam("owed"),
    tables.attempts.c.fence < bindparam("under"),
    or_(tables.attempts.c.ended_at.is_(None), tables.attempts.c.outcome.in_(("unknown", "partly", "lost"))),
)
_GIVE_BACK = update(_deliveries).where(
    _deliveries.c.id == bindparam("delivery"), _deliveries.c.fence == bindparam("under")
)
_FREE: dict[str, Any] = {"lease_until": None, "leased_by": None, "rung_at": None}


def claim(
    db: Db,
    delivery_id: int,
    holder: str,
    now: datetime,
    *,
    lease: timedelta,
    ring_seconds: float,
    busy: Collection[int] = (),
) -> Claim | None:
    """Take the delivery if it is due; None if it is not, or is not to be told any more, or not at this moment.

    `busy` connections have their share of this process's threads already.
    """
    row = briefings.row(db, delivery_id)
    if row is None or row.state != "due" or row.due_at > now or (row.lease_until and row.lease_until > now):
        return None
    # A lease that ran out was never settled: that worker died, or might as well have.
    deaths = row.deaths + (row.lease_until is not None)
    if put_aside := _put_aside(row, deaths, now, ring_seconds):
        _put(db, row, put_aside, now)
        return None
    if row.connection_id in busy or _twin_is_being_told(db, row, now):
        return None
    until = now + lease
    if row.rests_until is not None and not _is_its_turn(db, row, now, until):
        return None
    # Until it is settled, this attempt may have written: nobody will hear of it if this worker dies.
    values = {"fence": row.fence + 1, "attempts": row.attempts + 1, "unsure": True, "leased_by": holder}
    changed = {"lease_until": until, "due_at": until, "rung_at": None, "deaths": deaths, **values}
    db.execute(_CHANGE, {"row": row.id, **changed})
    attempt = {"delivery_id": row.id, "fence": row.fence + 1, "status": row.owes, "started_at": now}
    db.execute(_BEGIN_ATTEMPT, {"connection_id": row.connection_id, **attempt})
    return Claim(
        delivery_id=row.id,
        fence=row.fence + 1,
        attempts=row.attempts + 1,
        connection_id=row.connection_id,
        connection_version=row.version,
        connector=row.connector,
        call=briefings.call(db, row),
        known=briefings.known(row),
        started_at=now,
        failed_for=failed_for(row, now),
        withdraws=row.withdrawn is False,
        probes=row.broken_for is not None,
        repeats=row.unsure and _may_have_told(db, row),
        line=row.rests_until if row.broken_for is None else None,
    )


def give_back(db: Db, claimed: Claim, due_at: datetime, now: datetime, reason: str | None = None) -> None:
    """Nothing was sent, and nothing is going to be for now: as if it had not been claimed."""
    key = {"delivery": claimed.delivery_id, "under": claimed.fence}
    values = {"attempts": claimed.attempts - 1, "unsure": claimed.known.unsure, "reason": reason}
    returned = db.execute(_GIVE_BACK.values(**_FREE, due_at=due_at, **values), key)
    if returned.rowcount:
        db.execute(_UNDO_ATTEMPT, key)
        if claimed.probes:
            breakers.give_back(db, claimed.connection_id, now)


def failed_for(row: Row[Any], now: datetime) -> timedelta:
    """How long telling this row has failed, the time that it was held not counted."""
    return now - row.failing_since if row.failing_since else timedelta(seconds=row.failed_for or 0)


def _put_aside(row: Row[Any], deaths: int, now: datetime, ring_seconds: float) -> dict[str, Any] | None:
    """What becomes of a row that shall not be told after all, or not now."""
    if row.removed_at is not None:
        return {"state": "skipped", "reason": holding.REMOVED}
    if row.paused_by is not None:
        return {"state": "held", "reason": row.paused_because}
    if deaths >= MOST_DEATHS:
        return {"state": "failed", "reason": DIED, "deaths": 0}
    if row.withdrawn is False:
        no_popup = row.told is None and not row.unsure
        return {"state": "skipped", "reason": deliveries.TOO_LATE, "withdrawn": None} if no_popup else None
    if row.owes == CallStatus.RINGING and (
        row.status != CallStatus.RINGING or policies.is_late(row.started_at, row.received_at, now, ring_seconds)
    ):
        return {"state": "skipped", "reason": deliveries.TOO_LATE}
    return None


def _put(db: Db, row: Row[Any], aside: dict[str, Any], now: datetime) -> None:
    db.execute(_CHANGE, {"row": row.id, "due_at": None, "lease_until": None, "leased_by": None, **aside})
    story.tell(db, row.call_id, aside["state"], now, row.connection_id, reason=aside["reason"])
    if aside["reason"] == deliveries.TOO_LATE and row.status == CallStatus.RINGING:
        # Whoever has the call at this moment, such as its outcome, is about to wait for the row that we have.
        ringing = select(_calls.c.id).where(_calls.c.id == row.call_id)
        db.execute(update(_calls).where(_calls.c.id.in_(chosen(ringing))).values(late=True))


def _may_have_told(db: Db, row: Row[Any]) -> bool:
    """Whether an attempt before this one may have told the status that is owed, and not only an older one."""
    key = {"delivery": row.id, "owed": row.owes, "under": row.fence + 1}
    return db.execute(_UNCERTAIN, key).first() is not None


def _is_its_turn(db: Db, row: Row[Any], now: datetime, until: datetime) -> bool:
    """Whether its system may be asked now, and by this one; if not, the row waits without spending an attempt."""
    waits_until = row.rests_until
    if row.rests_until <= now:
        if row.broken_for is None:
            jumps = row.reason != breakers.WAITS and row.owes != CallStatus.RINGING
            if not jumps or not lines.is_anybody_in_line(db, row.connection_id, breakers.WAITS, now):
                return True
            waits_until = now  # behind those who came before
        elif breakers.take_probe(db, row.connection_id, row.rests_until, until):
            return True
        else:
            waits_until = now + _A_MOMENT
    db.execute(_CHANGE, {"row": row.id, **_FREE, "due_at": waits_until, "reason": breakers.WAITS})
    return False


def _twin_is_being_told(db: Db, row: Row[Any], now: datetime) -> bool:
    """Two calls of one person never make two records of that person: one is told after the other."""
    if db.dialect.name == "postgresql":  # on SQLite one transaction writes at a time
        chat = func.hashtextextended(row.chat_id, row.connection_id)
        db.execute(select(func.pg_advisory_xact_lock(chat)))
    key = {"connection": row.connection_id, "chat": row.chat_id, "delivery": row.id, "now": now}
    return db.execute(_TWIN_LEASED, key).first() is not None

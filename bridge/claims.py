"""Claim and settle: how one worker, and no other, tells one connection how one call stands.

A claim takes a lease, raises the fence and writes the attempt down, all before anything is sent. Settling counts only
under the same fence, so a worker that comes back after its lease ran out changes nothing.
"""

from __future__ import annotations

import logging
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection as Db
from sqlalchemy import Row, bindparam, func, insert, select, update

from bridge import callers, deliveries, policies, words
from bridge.callers import Names
from bridge.deliveries import Doorbell
from bridge.policies import Delivered, GiveUp, Hold, Outcome, TryAgain
from bridge.store import tables
from connectors.kit import Call, CallStatus, Known, Person, Policy, Receipt

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Claim:
    """A delivery that is ours until the lease runs out, with all that a connector needs to know."""

    delivery_id: int
    fence: int
    attempts: int
    connection_id: int
    connection_version: int
    connector: str
    call: Call
    known: Known
    started_at: datetime
    failing_since: datetime | None


_deliveries, _calls, _instances = tables.deliveries, tables.calls, tables.instances
_connections, _callers = tables.connections, tables.callers

_WHOLE = (
    select(
        _deliveries,
        _calls.c.key,
        _calls.c.status,
        _calls.c.raw_status,
        _calls.c.direction,
        _calls.c.video,
        _calls.c.late,
        _calls.c.started_at,
        _calls.c.outcome_at,
        _calls.c.received_at,
        _instances.c.name.label("instance"),
        _instances.c.name_order,
        _instances.c.timezone,
        _connections.c.version,
        _connections.c.connector,
        _connections.c.policy,
        _connections.c.paused_by,
        _connections.c.reason.label("paused_because"),
        _connections.c.removed_at,
        _callers.c.contact_name,
        _callers.c.name,
    )
    .join(_calls, _calls.c.id == _deliveries.c.call_id)
    .join(_instances, _instances.c.id == _calls.c.instance_id)
    .join(_connections, _connections.c.id == _deliveries.c.connection_id)
    .outerjoin(_callers, (_callers.c.instance_id == _calls.c.instance_id) & (_callers.c.chat_id == _calls.c.chat_id))
    .where(_deliveries.c.id == bindparam("delivery"))
    .with_for_update(of=_deliveries, key_share=True)
)
_TWIN_LEASED = select(_deliveries.c.id).where(
    _deliveries.c.connection_id == bindparam("connection"),
    _deliveries.c.chat_id == bindparam("chat"),
    _deliveries.c.id != bindparam("delivery"),
    _deliveries.c.lease_until > bindparam("now"),
)
_CHANGE = update(_deliveries).where(_deliveries.c.id == bindparam("row"))
_UNDER_FENCE = (
    select(_deliveries)
    .where(_deliveries.c.id == bindparam("row"), _deliveries.c.fence == bindparam("under"))
    .with_for_update(key_share=True)
)
_BEGIN_ATTEMPT = insert(tables.attempts)
_END_ATTEMPT = update(tables.attempts).where(
    tables.attempts.c.delivery_id == bindparam("delivery"), tables.attempts.c.fence == bindparam("under")
)
_NEXT_IN_CHAT = (
    select(_deliveries.c.id, _deliveries.c.owes)
    .where(
        _deliveries.c.connection_id == bindparam("connection"),
        _deliveries.c.chat_id == bindparam("chat"),
        _deliveries.c.id != bindparam("delivery"),
        _deliveries.c.state == "due",
        _deliveries.c.due_at <= bindparam("now"),
    )
    .order_by(_deliveries.c.due_at)
    .limit(1)
)


def claim(
    db: Db, delivery_id: int, holder: str, now: datetime, *, lease: timedelta, ring_seconds: float
) -> Claim | None:
    """Take the delivery if it is due; None if it is not, or is not to be told any more, or not at this moment."""
    row = db.execute(_WHOLE, {"delivery": delivery_id}).one_or_none()
    if row is None or row.state != "due" or row.due_at > now:
        return None
    if withdrawn := _withdrawn(row, now, ring_seconds):
        db.execute(_CHANGE, {"row": row.id, "due_at": None, "lease_until": None, "leased_by": None, **withdrawn})
        if withdrawn["reason"] == deliveries.TOO_LATE and row.status == CallStatus.RINGING:
            db.execute(update(_calls).where(_calls.c.id == row.call_id).values(late=True))
        return None
    if _twin_is_being_told(db, row, now):
        return None
    # Until it is settled, this attempt may have written: nobody will hear of it if this worker dies.
    values = {"fence": row.fence + 1, "attempts": row.attempts + 1, "unsure": True, "leased_by": holder}
    until = now + lease
    db.execute(_CHANGE, {"row": row.id, "lease_until": until, "due_at": until, "rung_at": None, **values})
    attempt = {"delivery_id": row.id, "fence": row.fence + 1, "status": row.owes, "started_at": now}
    db.execute(_BEGIN_ATTEMPT, attempt)
    return Claim(
        delivery_id=row.id,
        fence=row.fence + 1,
        attempts=row.attempts + 1,
        connection_id=row.connection_id,
        connection_version=row.version,
        connector=row.connector,
        call=_call(row),
        known=_known(row),
        started_at=now,
        failing_since=row.failing_since,
    )


def settle(db: Db, claimed: Claim, outcome: Outcome, now: datetime) -> list[Doorbell]:
    """Write down what came of an attempt. Returns what may be told next: this row if more is owed, and a twin call.

    Changes nothing but the attempt's own line if the lease was lost meanwhile.
    """
    row = db.execute(_UNDER_FENCE, {"row": claimed.delivery_id, "under": claimed.fence}).one_or_none()
    _close_attempt(db, claimed, outcome, now, lost=row is None)
    if row is None:
        log.warning("lease was lost before settling", extra={"delivery_id": claimed.delivery_id})
        return []
    values = _settled(row, claimed, outcome, now)
    if isinstance(outcome, Hold):
        deliveries.pause_connection(db, claimed.connection_id, outcome.by, outcome.reason)
    ready = values["state"] == "due" and values["due_at"] <= now
    values |= {"lease_until": None, "leased_by": None, "rung_at": now if ready else None}
    db.execute(_CHANGE, {"row": row.id, **values})
    bells = [Doorbell(row.id, row.owes == CallStatus.RINGING)] if ready else []
    chat = {"connection": row.connection_id, "chat": row.chat_id, "delivery": row.id, "now": now}
    return bells + [Doorbell(twin.id, twin.owes == CallStatus.RINGING) for twin in db.execute(_NEXT_IN_CHAT, chat)]


def _withdrawn(row: Row[Any], now: datetime, ring_seconds: float) -> dict[str, Any] | None:
    """What becomes of a row that shall not be told after all, or not now."""
    if row.removed_at is not None:
        return {"state": "skipped", "reason": deliveries.REMOVED}
    if row.paused_by is not None:
        return {"state": "held", "reason": row.paused_because}
    if row.owes == CallStatus.RINGING and (
        row.status != CallStatus.RINGING or policies.is_late(row.started_at, row.received_at, now, ring_seconds)
    ):
        return {"state": "skipped", "reason": deliveries.TOO_LATE}
    return None


def _twin_is_being_told(db: Db, row: Row[Any], now: datetime) -> bool:
    """Two calls of one person never make two records of that person: one is told after the other."""
    if db.dialect.name == "postgresql":  # on SQLite one transaction writes at a time
        chat = func.hashtextextended(row.chat_id, row.connection_id)
        db.execute(select(func.pg_advisory_xact_lock(chat)))
    key = {"connection": row.connection_id, "chat": row.chat_id, "delivery": row.id, "now": now}
    return db.execute(_TWIN_LEASED, key).first() is not None


def _call(row: Row[Any]) -> Call:
    status = CallStatus(row.owes)
    policy = Policy(row.policy)
    caller = callers.caller(row.chat_id, Names(row.contact_name, row.name), row.name_order)
    label = words.label(policy, status, row.raw_status)
    at = row.outcome_at if status is not CallStatus.RINGING and row.outcome_at else row.started_at
    return Call(
        id=row.key,
        instance=row.instance,
        status=status,
        label=label,
        summary=words.summary(label, caller, row.instance, at, row.timezone),
        caller=caller,
        started_at=row.started_at,
        outcome_at=None if status is CallStatus.RINGING else row.outcome_at,
        direction=row.direction,
        video=row.video,
        late=row.late,
    )


def _known(row: Row[Any]) -> Known:
    told = CallStatus(row.told) if row.told else None
    return Known(receipt=_receipt(row.receipt), told=told, unsure=row.unsure)


def _settled(row: Row[Any], claimed: Claim, outcome: Outcome, now: datetime) -> dict[str, Any]:
    """The row's new values. More is owed if the call moved on while it was being told."""
    moved_on = row.owes != claimed.call.status
    values: dict[str, Any] = {"reason": None, "due_at": now, "state": "due"}
    if outcome.receipt is not None:
        values["receipt"] = asdict(outcome.receipt)
    match outcome:
        case Delivered():
            values |= {"told": claimed.call.status, "unsure": False, "failing_since": None}
            return values if moved_on else values | {"state": "delivered", "due_at": None}
        case TryAgain(reason=reason, delay=delay, unsure=unsure):
            since = row.failing_since or now
            values |= {"reason": reason, "unsure": unsure or claimed.known.unsure, "failing_since": since}
            if now - since > policies.GIVE_UP_AFTER:
                return values | {"state": "failed", "due_at": None}
            # What was asked for to find a write again is waited for in any case.
            return values if moved_on and not unsure else values | {"due_at": now + timedelta(seconds=delay)}
        case Hold(reason=reason):
            return values | {
                "reason": reason,
                "unsure": claimed.known.unsure,
                "state": "held",
                "due_at": None,
            }
        case GiveUp(reason=reason, unsure=unsure):
            values |= {"reason": reason, "unsure": unsure or claimed.known.unsure, "failing_since": None}
            return values if moved_on else values | {"state": "failed", "due_at": None}


def _close_attempt(db: Db, claimed: Claim, outcome: Outcome, now: datetime, *, lost: bool) -> None:
    ended = {
        "ended_at": now,
        "outcome": "lost" if lost else _WORDS[type(outcome)],
        "reason": None if isinstance(outcome, Delivered) else outcome.reason,
        "took_ms": round((now - claimed.started_at) / timedelta(milliseconds=1)),
    }
    db.execute(_END_ATTEMPT, {"delivery": claimed.delivery_id, "under": claimed.fence, **ended})


_WORDS: dict[type, str] = {Delivered: "delivered", TryAgain: "retry", Hold: "held", GiveUp: "failed"}


def _receipt(stored: dict[str, Any] | None) -> Receipt | None:
    if stored is None:
        return None
    person = Person(**stored["person"]) if stored.get("person") else None
    return Receipt(stored.get("record_id"), stored.get("url"), stored.get("parts") or {}, person)

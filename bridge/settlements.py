"""Settlements: what came of an attempt, written down, and what may be told next.

A worker that comes back after its lease ran out, and was given to another, changes nothing.
"""

from __future__ import annotations

import logging
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection as Db
from sqlalchemy import Row, bindparam, select, update

from bridge import breakers, deliveries, holding, people, policies
from bridge.claims import Claim, failed_for
from bridge.deliveries import Doorbell
from bridge.policies import Delivered, GiveUp, Hold, Left, Outcome, TryAgain
from bridge.store import tables
from connectors.kit import CallStatus

log = logging.getLogger(__name__)

_deliveries = tables.deliveries

_CHANGE = update(_deliveries).where(_deliveries.c.id == bindparam("row"))
_UNDER_FENCE = (
    select(_deliveries)
    .where(_deliveries.c.id == bindparam("row"), _deliveries.c.fence == bindparam("under"))
    .with_for_update(key_share=True)
)
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


def settle(
    db: Db, claimed: Claim, outcome: Outcome, now: datetime, probe_after: timedelta = timedelta(minutes=5)
) -> list[Doorbell]:
    """Write down what came of an attempt. Returns what may be told next: this row if more is owed, and a twin call.

    Changes nothing but the attempt's own line if the lease was lost meanwhile.
    """
    row = db.execute(_UNDER_FENCE, {"row": claimed.delivery_id, "under": claimed.fence}).one_or_none()
    _close_attempt(db, claimed, outcome, now, lost=row is None)
    if row is None:
        log.warning(
            "lease was lost before settling",
            extra={"call_id": claimed.call.id, "delivery_id": claimed.delivery_id},
        )
        return []
    values = _settled(row, claimed, outcome, now)
    if outcome.receipt is not None:
        values["receipt"] = asdict(outcome.receipt)
        if outcome.receipt.person is not None:
            people.keep(db, row.connection_id, row.chat_id, outcome.receipt.person, now)
    if isinstance(outcome, Left):
        if claimed.probes:  # nobody was asked
            breakers.give_back(db, row.connection_id, now)
    elif claimed.probes or isinstance(outcome, TryAgain):
        breakers.heard(db, row.connection_id, outcome, now, probe=claimed.probes)
    if isinstance(outcome, Hold):
        holding.pause(db, claimed.connection_id, outcome.by, outcome.reason, now, probe_after)
    ready = values["state"] == "due" and values["due_at"] <= now
    values |= {"lease_until": None, "leased_by": None, "deaths": 0, "rung_at": now if ready else None}
    db.execute(_CHANGE, {"row": row.id, **values})
    if claimed.line:
        breakers.end_line(db, row.connection_id, claimed.line)
    bells = [Doorbell(row.id, row.owes == CallStatus.RINGING)] if ready else []
    chat = {"connection": row.connection_id, "chat": row.chat_id, "delivery": row.id, "now": now}
    return bells + [Doorbell(twin.id, twin.owes == CallStatus.RINGING) for twin in db.execute(_NEXT_IN_CHAT, chat)]


def _settled(row: Row[Any], claimed: Claim, outcome: Outcome, now: datetime) -> dict[str, Any]:
    """The row's new values. More is owed if the call moved on while it was being told."""
    told_of = claimed.call.status
    moved_on = row.owes != told_of or (row.withdrawn is False and not claimed.withdraws)
    due_now: dict[str, Any] = {"state": "due", "due_at": now}
    at_rest: dict[str, Any] = {"reason": None, "failing_since": None, "failed_for": None, "due_at": None}
    match outcome:
        case Delivered() if claimed.withdraws:
            values = {**at_rest, "state": "delivered", "unsure": False, "withdrawn": True}
            if row.told is None:  # it may have rung, or not: all that is certain is that nothing rings there now
                values |= {"state": "skipped", "reason": deliveries.TOO_LATE}
            return values | due_now if moved_on else values
        case Delivered():
            values = {**at_rest, "state": "delivered", "unsure": False, "told": told_of}
            return values | due_now if moved_on else values
        case TryAgain(reason=reason, delay=delay):
            unsure = outcome.unsure
            failing = failed_for(row, now)
            values = {"reason": reason, "unsure": unsure or claimed.known.unsure, "failed_for": None}
            values |= {"failing_since": now - failing}
            if failing > policies.GIVE_UP_AFTER:
                return values | {"state": "failed", "due_at": None}
            # What was asked for to find a write again is waited for in any case.
            wait = timedelta(0) if moved_on and not unsure else timedelta(seconds=delay)
            return values | {"state": "due", "due_at": now + wait}
        case Hold(reason=reason):
            stood = round(failed_for(row, now).total_seconds())
            values = {**at_rest, "reason": reason, "unsure": claimed.known.unsure, "failed_for": stood}
            return values | {"state": "held"}
        case GiveUp(reason=reason, unsure=unsure):
            values = {**at_rest, "reason": reason, "unsure": unsure or claimed.known.unsure, "state": "failed"}
            return values | due_now if moved_on else values
        case Left(reason=reason):
            values = {**at_rest, "reason": reason, "unsure": True, "state": "failed"}
            return values | due_now if moved_on else values


def _close_attempt(db: Db, claimed: Claim, outcome: Outcome, now: datetime, *, lost: bool) -> None:
    ended = {
        "ended_at": now,
        "outcome": "lost" if lost else _word(outcome),
        "reason": None if isinstance(outcome, Delivered) else outcome.reason,
        "took_ms": round((now - claimed.started_at) / timedelta(milliseconds=1)),
    }
    db.execute(_END_ATTEMPT, {"delivery": claimed.delivery_id, "under": claimed.fence, **ended})


def _word(outcome: Outcome) -> str:
    match outcome:
        case Delivered():
            return "delivered"
        case TryAgain(trouble=trouble, progressed=progressed):
            return "partly" if progressed and trouble != "limited" else trouble
        case Hold():
            return "held"
        case GiveUp():
            return "failed"
        case Left():
            return "left"

"""The one way a call enters: what was heard of it and what is owed for it, in one transaction."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from sqlalchemy import Connection as Db

from bridge import callers, calls, deliveries, notifications, policies
from bridge.calls import CallRow
from bridge.connections import Connection
from bridge.deliveries import Doorbell
from bridge.directory import Snapshot
from bridge.greenapi.events import INCOMING_CALL, CallEvent
from bridge.instances import Instance
from bridge.settings import Settings
from connectors.kit import CallStatus

log = logging.getLogger(__name__)

_NAME_WAIT_OF_OUTCOMES = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class Accepted:
    """What to ring for once the transaction is committed: deliveries that are due, and calls to be looked up."""

    verdict: str
    call_id: int | None = None
    due: Sequence[Doorbell] = field(default=())
    look_up: Sequence[int] = field(default=())


@dataclass(frozen=True, slots=True)
class _Line:
    """Where a call came in: the instance, and who may hear of its calls."""

    instance: Instance
    connections: Sequence[Connection]


def accept(db: Db, event: CallEvent, body: bytes, snapshot: Snapshot, settings: Settings, now: datetime) -> Accepted:
    """Write down one notification about a call of an instance of ours. A repeat changes nothing."""
    instance = snapshot.by_id_instance[event.id_instance]
    line = _Line(instance, snapshot.connections_of(instance))
    if event.status is CallStatus.RINGING:
        return _offered(db, event, body, line, settings, now)
    return _ended(db, event, body, line, settings, now)


def _offered(db: Db, event: CallEvent, body: bytes, line: _Line, settings: Settings, now: datetime) -> Accepted:
    if event.from_ourselves:  # calls made from the instance have been reported as incoming ones
        return _kept_own(db, event, body, line.instance, now)
    at = calls.event_time(event, now)
    late = policies.is_late(at, now, now, settings.ring_seconds)
    call = calls.record(db, line.instance.id, event, now, late=late)
    if call is None:  # a repeat, or an offer that its own outcome overtook: nothing changes
        known = calls.find(db, line.instance.id, event, now)
        _keep(db, event, body, line.instance, known, now)
        return Accepted("repeat")
    _keep(db, event, body, line.instance, call, now)
    call = _settled_by_ourselves(db, event, call)
    call = _with_name_booked(db, call, line.instance, now)
    return _tell(db, call, line, settings, now, new=True)


def _settled_by_ourselves(db: Db, event: CallEvent, call: CallRow) -> CallRow:
    """The call as an outcome from our own account left it that came before this offer, if there was one."""
    outcomes = event.outcome_keys()
    own = notifications.own_among(db, outcomes) if outcomes else None
    if own is None:
        return call
    key, came_at = own
    calls.advance(db, call, outcomes[key], None, came_at)
    return replace(call, status=outcomes[key])


def _ended(db: Db, event: CallEvent, body: bytes, line: _Line, settings: Settings, now: datetime) -> Accepted:
    call = calls.find(db, line.instance.id, event, now)
    if call is None:
        if notifications.is_kept(db, event.key):
            return Accepted("repeat")
        if event.from_ourselves:
            return _kept_own(db, event, body, line.instance, now)
        call = calls.record(db, line.instance.id, event, now, late=False)
        if call is None:  # another process is a moment ahead with the same call
            return _ended(db, event, body, line, settings, now)
        _keep(db, event, body, line.instance, call, now)
        call = _with_name_booked(db, call, line.instance, now)
        return _tell(db, call, line, settings, now, new=True)
    stands = call.status.rank > CallStatus.UNKNOWN.rank and event.status is not call.status
    verdict: notifications.Verdict = "own" if event.from_ourselves else "late_outcome" if stands else "call"
    if not _keep(db, event, body, line.instance, call, now, verdict=verdict):
        return Accepted("repeat")
    if not calls.advance(db, call, event.status, event.raw_status, calls.event_time(event, now)):
        return Accepted(verdict, call.id)
    return _tell(db, replace(call, status=event.status), line, settings, now, new=False)


def close_silent(db: Db, snapshot: Snapshot, settings: Settings, now: datetime, limit: int) -> list[Accepted]:
    """Give up on the outcome of calls of which nothing was heard in time: they become unknown, and that is told."""
    closed = []
    for call in calls.silent(db, now - timedelta(seconds=settings.outcome_seconds), limit):
        calls.advance(db, call, CallStatus.UNKNOWN, None, now)
        if instance := snapshot.by_id.get(call.instance_id):
            line = _Line(instance, snapshot.connections_of(instance))
            call = replace(call, status=CallStatus.UNKNOWN)
            closed.append(_tell(db, call, line, settings, now, new=False))
    return closed


def _tell(db: Db, call: CallRow, line: _Line, settings: Settings, now: datetime, *, new: bool) -> Accepted:
    """Owe the call's new status to everybody who hears it, at once or when the caller's name is known."""
    if call.status is CallStatus.RINGING:
        longest = timedelta(seconds=settings.name_wait_seconds)
    else:
        longest = _NAME_WAIT_OF_OUTCOMES
    # Nobody waits for a name that would come too late anyway.
    expected_at = call.name_expected_at
    waits = expected_at is not None and expected_at - now <= longest
    due_at = now + longest if waits else now
    due = deliveries.owe(db, call, line.connections, new=new, due_at=due_at, now=now)
    look_up = (call.id,) if call.name_due is not None and call.name_due <= now else ()
    return Accepted("call", call.id, due, look_up)


def _with_name_booked(db: Db, call: CallRow, instance: Instance, now: datetime) -> CallRow:
    booked = callers.book(db, instance, call.chat_id, now)
    return calls.wait_for_name(db, call, booked.name_due, booked.asked_at) if booked else call


def _keep(
    db: Db,
    event: CallEvent,
    body: bytes,
    instance: Instance,
    call: CallRow | None,
    now: datetime,
    *,
    verdict: notifications.Verdict = "call",
) -> bool:
    return notifications.keep(
        db,
        event.key,
        body,
        verdict,
        now,
        kind=INCOMING_CALL,
        instance_id=instance.id,
        call_id=call.id if call else None,
    )


def _kept_own(db: Db, event: CallEvent, body: bytes, instance: Instance, now: datetime) -> Accepted:
    _keep(db, event, body, instance, None, now, verdict="own")
    return Accepted("own")

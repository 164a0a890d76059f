"""The one way a call enters: what was heard of it and what is owed for it, in one transaction."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from sqlalchemy import Connection as Db

from bridge import calls, deliveries, names, notifications, policies, story
from bridge.calls import CallRow, Source
from bridge.connections import Connection
from bridge.deliveries import Doorbell
from bridge.directory import Snapshot
from bridge.greenapi.events import INCOMING_CALL, CallEvent, Unreadable, read
from bridge.instances import Instance
from bridge.settings import Settings
from connectors.kit import CallStatus

log = logging.getLogger(__name__)

NAME_WAIT_OF_OUTCOMES = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class Accepted:
    """What to ring for once the transaction is committed.

    Deliveries that are due, calls whose caller GREEN-API is to be asked for, and questions to connected systems.
    """

    verdict: str
    call_id: str | None = None
    due: Sequence[Doorbell] = field(default=())
    look_up: Sequence[int] = field(default=())
    find: Sequence[int] = field(default=())


@dataclass(frozen=True, slots=True)
class _Line:
    """Where a call came in: the instance, who may hear of its calls, and by which door we heard of it."""

    instance: Instance
    connections: Sequence[Connection]
    source: Source = "webhook"

    @property
    def policies(self) -> list[tuple[int, str]]:
        """By which policy each of them hears of a call that comes in now."""
        return [(one.id, one.config.policy.value) for one in self.connections]


def accept(
    db: Db,
    event: CallEvent,
    body: bytes,
    snapshot: Snapshot,
    settings: Settings,
    now: datetime,
    *,
    source: Source = "webhook",
) -> Accepted:
    """Write down one notification about a call of an instance of ours. A repeat changes nothing."""
    line = _line(event, snapshot, source)
    if event.status is CallStatus.RINGING:
        return _offered(db, event, body, line, settings, now)
    return _ended(db, event, body, line, settings, now)


def bring(db: Db, event: CallEvent, snapshot: Snapshot, settings: Settings, now: datetime, *, tell: bool) -> Accepted:
    """Write down a call that only GREEN-API's journal knew of: it is over, and too late for anything that rings."""
    line = _line(event, snapshot, "journal")
    hears = line.policies if tell else None
    call = calls.record(db, line.instance.id, event, now, late=True, policies=hears, source="journal")
    if call is None:  # its notification was a moment ahead
        return Accepted("repeat")
    story.tell(db, call.id, "journal", now, status=event.word, imported=not tell)
    return _tell_new(db, call, line, settings, now) if tell else Accepted("call", call.key)


def settle(db: Db, call: CallRow, event: CallEvent, snapshot: Snapshot, settings: Settings, now: datetime) -> Accepted:
    """Give a call of ours the outcome that GREEN-API's journal lists for it, which no notification told us."""
    line = _line(event, snapshot, "journal")
    calls.advance(db, call, event.status, event.raw_status, calls.event_time(event, now))
    story.tell(db, call.id, "journal", now, status=event.word)
    return _tell_more(db, replace(call, status=event.status), line, settings, now)


def _line(event: CallEvent, snapshot: Snapshot, source: Source) -> _Line:
    instance = snapshot.by_id_instance[event.id_instance]
    return _Line(instance, snapshot.connections_of(instance), source)


def _offered(db: Db, event: CallEvent, body: bytes, line: _Line, settings: Settings, now: datetime) -> Accepted:
    if event.from_ourselves:  # calls made from the instance have been reported as incoming ones
        return _kept_own(db, event, body, line.instance, now)
    at = calls.event_time(event, now)
    late = policies.is_late(at, now, now, settings.ring_seconds)
    call = calls.record(db, line.instance.id, event, now, late=late, policies=line.policies, source=line.source)
    if call is None:  # a repeat, or an offer that its own outcome overtook: nothing changes
        known = calls.find(db, line.instance.id, event, now)
        _keep(db, event, body, line.instance, known, now)
        return Accepted("repeat")
    _keep(db, event, body, line.instance, call, now)
    call = _settled_by_ourselves(db, event, call)
    return _tell_new(db, call, line, settings, now)


def _settled_by_ourselves(db: Db, event: CallEvent, call: CallRow) -> CallRow:
    """The call as an outcome from our own account left it that came before this offer, if there was one."""
    outcomes = event.outcome_keys()
    own = notifications.own_among(db, outcomes) if outcomes else None
    if own is None:
        return call
    notifications.attach(db, own.key, call.id)
    calls.advance(db, call, outcomes[own.key], None, _happened_at(own))
    return replace(call, status=outcomes[own.key])


def _happened_at(kept: notifications.Kept) -> datetime:
    try:
        event = read(kept.body.encode()).call
    except Unreadable:  # it was cut
        event = None
    return calls.event_time(event, kept.received_at) if event else kept.received_at


def _ended(db: Db, event: CallEvent, body: bytes, line: _Line, settings: Settings, now: datetime) -> Accepted:
    call = calls.find(db, line.instance.id, event, now)
    if call is None:
        if notifications.is_kept(db, event.key):
            return Accepted("repeat")
        if event.from_ourselves:
            return _kept_own(db, event, body, line.instance, now)
        call = calls.record(db, line.instance.id, event, now, late=False, policies=line.policies, source=line.source)
        if call is None:  # another process is a moment ahead with the same call
            return _ended(db, event, body, line, settings, now)
        _keep(db, event, body, line.instance, call, now)
        return _tell_new(db, call, line, settings, now)
    stands = call.status.rank > CallStatus.UNKNOWN.rank and event.status is not call.status
    verdict: notifications.Verdict = "own" if event.from_ourselves else "late_outcome" if stands else "call"
    if not _keep(db, event, body, line.instance, call, now, verdict=verdict):
        return Accepted("repeat")
    if not calls.advance(db, call, event.status, event.raw_status, calls.event_time(event, now)):
        return Accepted(verdict, call.key)
    return _tell_more(db, replace(call, status=event.status), line, settings, now)


def close_silent(db: Db, snapshot: Snapshot, settings: Settings, now: datetime, limit: int) -> list[Accepted]:
    """Give up on the outcome of calls of which nothing was heard in time: they become unknown, and that is told."""
    closed = []
    for call in calls.silent(db, now - timedelta(seconds=settings.outcome_seconds), limit):
        calls.advance(db, call, CallStatus.UNKNOWN, None, now)
        if instance := snapshot.by_id.get(call.instance_id):
            line = _Line(instance, _concerned(call, snapshot.connections_of(instance)))
            call = replace(call, status=CallStatus.UNKNOWN)
            story.tell(db, call.id, "closed", now, waited_seconds=settings.outcome_seconds)
            closed.append(_tell_more(db, call, line, settings, now))
    return closed


def _concerned(call: CallRow, listeners: Sequence[Connection]) -> Sequence[Connection]:
    if not call.is_rehearsal:
        return listeners
    heard = [connection_id for connection_id, _ in call.policies]
    return [one for one in listeners if one.id in heard]


def _tell_new(db: Db, call: CallRow, line: _Line, settings: Settings, now: datetime) -> Accepted:
    """Owe a call that has just been written down to everybody who hears it, and have its caller's name looked for."""
    asked = names.ask(db, line.instance, line.connections, call.chat_id, now)
    if asked.booking:
        calls.wait_for_name(db, call, asked.booking.name_due, asked.booking.asked_at)
    due_at = _due_at(call, asked.expected_at, settings, now)
    due = deliveries.owe(db, call, line.connections, new=True, due_at=due_at, now=now)
    look_up = (call.id,) if asked.booking and asked.booking.name_due <= now else ()
    return Accepted("call", call.key, due, look_up, asked.questions)


def _tell_more(db: Db, call: CallRow, line: _Line, settings: Settings, now: datetime) -> Accepted:
    """Owe the new status of a call that we knew."""
    for connection_id, policy in line.policies:
        if [
            connection_id,
            policy,
        ] not in call.policies:  # added or changed since: it hears the outcome by what it is now
            story.tell(db, call.id, "policy", now, connection_id, policy=policy)
    is_asked = call.is_looked_up or any(one.finds for one in line.connections)
    expected_at = names.awaited(db, call.instance_id, call.chat_id, now) if is_asked else None
    due_at = _due_at(call, expected_at, settings, now)
    return Accepted("call", call.key, deliveries.owe(db, call, line.connections, new=False, due_at=due_at, now=now))


def _due_at(call: CallRow, name_expected_at: datetime | None, settings: Settings, now: datetime) -> datetime:
    """At once, or, where the caller's name may come before it is too late, when that has been waited for."""
    ringing = call.status is CallStatus.RINGING
    longest = timedelta(seconds=settings.name_wait_seconds) if ringing else NAME_WAIT_OF_OUTCOMES
    waits = name_expected_at is not None and name_expected_at - now <= longest
    return now + longest if waits else now


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

"""What would become of a notification: the intake takes it, and is made to forget it before anything is stored."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Literal, cast

from sqlalchemy import Connection as Db
from sqlalchemy import Row, select

from bridge import calls, intake, policies, reception
from bridge.connections import Connection
from bridge.directory import Snapshot
from bridge.greenapi import chats
from bridge.greenapi.events import CallEvent, Unreadable
from bridge.service import Service
from bridge.store import tables
from connectors.kit import CallStatus, Policy

_calls, _deliveries = tables.calls, tables.deliveries

Verdict = Literal["call", "late_outcome", "own", "repeat", "alert", "unread", "unneeded", "refused"]

_TEXTS: dict[Verdict, str] = {
    "call": "It would be written down as a call.",
    "late_outcome": "The call has another outcome already, and that one stands: nobody would be told of this.",
    "own": "It comes from the instance's own account: it would be kept, and nobody would be told.",
    "repeat": "It has been taken before, or says nothing new: it would change nothing.",
    "alert": "It says how the account stands: it would be kept for the list of instances, and nobody would be told.",
    "unread": "It cannot be read: it would be kept, to be looked at. {}",
    "unneeded": "It is of a type that is not needed here ({}): it would be answered, and forgotten.",
    "refused": "It names the account {}, and there is no such instance here: it would be refused. Add the instance.",
}


@dataclass(frozen=True, slots=True)
class Telling:
    """What one connection would be told, and when; `reason` says why it would not be, or not at once."""

    connection: str
    policy: Policy
    owes: CallStatus | None
    due_at: datetime | None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class DryRun:
    """What would become of it. `call` and what follows are for notifications about a call alone."""

    verdict: Verdict
    text: str
    call: str | None = None
    instance: str | None = None
    status: CallStatus | None = None
    chat_id: str | None = None
    phone: str | None = None
    late_by: timedelta | None = None
    tellings: Sequence[Telling] = field(default=())


_NOT_TOLD: Mapping[Policy, str] = {
    Policy.IGNORE: "Its policy is to be told nothing.",
    Policy.RING: "Its policy is to be told that it rings, and no outcome.",
    Policy.RESULT: "Its policy is to be told the outcome, and not that it rings.",
    Policy.ALL: "There is nothing to tell it.",
}
_LATE = {
    Policy.RING: "It would be too late to ring: that would be skipped.",
    Policy.ALL: "It would be too late to ring: it would be told the outcome, when that comes.",
}
_KNOWS = "It is owed this already, or has been told it."
_WITHDRAWS = "It would take its popup away."
_WAITS = "It would wait for the caller's name, no longer than this."


class _Undone(Exception):
    """Ends the transaction, so that nothing of it remains."""

    def __init__(self, result: DryRun) -> None:
        super().__init__()
        self.result = result


def dry_run(service: Service, body: bytes) -> DryRun:
    """What would become of this body if it came now, with a token that fits. Nothing is stored, and nobody is told."""
    heard = reception.opened(body)
    if isinstance(heard, Unreadable):
        return _only("unread", str(heard))
    snapshot = service.directory.current()
    if heard.call is None and heard.alert is None:
        return _only("unneeded", heard.type or "none")
    if heard.id_instance not in snapshot.by_id_instance:
        return _only("refused", heard.id_instance or "")
    if heard.call is None:
        return _only("alert")
    event, now = heard.call, service.now()

    def rehearse(db: Db) -> DryRun:
        raise _Undone(_taken(db, event, body, snapshot, service, now))

    try:
        return service.store.write(rehearse)
    except _Undone as undone:
        return undone.result


def _only(verdict: Verdict, about: str = "") -> DryRun:
    return DryRun(verdict, _TEXTS[verdict].format(about).strip())


def _taken(db: Db, event: CallEvent, body: bytes, snapshot: Snapshot, service: Service, now: datetime) -> DryRun:
    instance = snapshot.by_id_instance[event.id_instance]
    known = calls.find(db, instance.id, event, now)
    before = _owed(db, known.key) if known else {}
    accepted = intake.accept(db, event, body, snapshot, service.settings, now)
    key = accepted.call_id or (known.key if known else event.call_key)
    found = db.execute(select(_calls).where(_calls.c.key == key)).one_or_none()
    result = DryRun(
        verdict=cast("Verdict", accepted.verdict),
        text=_TEXTS[cast("Verdict", accepted.verdict)],
        call=found.key if found else None,
        instance=instance.name,
        status=event.status,
        chat_id=event.chat_id,
        phone=chats.phone(event.chat_id),
    )
    if found is None or accepted.verdict != "call":
        return result
    rings = found.status == CallStatus.RINGING
    is_late = policies.is_late(found.started_at, found.received_at, now, service.settings.ring_seconds)
    late_by = now - found.started_at if rings and is_late else None
    owed, can_ring = _owed(db, key), rings and not is_late
    told = [
        _telling(one, event.status, owed.get(one.id), before.get(one.id), now, can_ring=can_ring)
        for one in snapshot.connections_of(instance)
    ]
    return replace(result, late_by=late_by, tellings=told)


def _owed(db: Db, key: str) -> dict[int, Row[Any]]:
    query = select(_deliveries).join(_calls, _calls.c.id == _deliveries.c.call_id).where(_calls.c.key == key)
    return {row.connection_id: row for row in db.execute(query)}


def _telling(
    connection: Connection,
    status: CallStatus,
    row: Row[Any] | None,
    before: Row[Any] | None,
    now: datetime,
    *,
    can_ring: bool,
) -> Telling:
    policy = connection.config.policy
    if row is None or (policies.owes(policy, status) is None and row.withdrawn is None):
        return Telling(connection.name, policy, None, None, _NOT_TOLD[policy])
    if before is not None and (before.owes, before.withdrawn) == (row.owes, row.withdrawn):
        return Telling(connection.name, policy, None, None, _KNOWS)
    owes = CallStatus(row.owes)
    if row.withdrawn is False:
        return Telling(connection.name, policy, None, row.due_at, row.reason or _WITHDRAWS)
    if row.state == "due" and owes is CallStatus.RINGING and not can_ring:
        return Telling(connection.name, policy, None, None, _LATE[policy])
    waits = _WAITS if row.due_at is not None and row.due_at > now else None
    return Telling(connection.name, policy, owes, row.due_at, row.reason or waits)

"""The whole story of one call, read from everything that was written down of it: why it went where it went."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection as Db
from sqlalchemy import Row, select

from bridge import holding, listing, traces
from bridge.listing import Shown, stamp
from bridge.store.tables import calls
from bridge.traces import Traces
from connectors.kit import CallStatus

_ORDER = (
    "notification",
    "journal",
    "policy",
    "name",
    "attempt",
    "skipped",
    "late_outcome",
    "closed",
    "failed",
    "replayed",
)
"""In which order things are told that happened in the same moment; a record comes behind them all."""
_HEARS = {
    "ignore": "is told nothing",
    "ring": "is told that it rings",
    "result": "is told the outcome",
    "all": "is told that it rings, and the outcome",
}
_HEARS_FROM_THEN_ON = {
    "ignore": "is told nothing more",
    "ring": "is told nothing more, for the call is over",
    "result": "is told the outcome",
    "all": "is told the outcome",
}
_TOO_LATE_TO_RING = {
    "ring": "is told nothing: the call was over when we first heard of it",
    "all": "is told the outcome",
}


_AGAIN = "Replayed by hand: it is told again."
_READ_AGAIN = "A notification that could not be read when it came was read again by hand."


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that happened. `detail` holds JSON values."""

    at: datetime
    what: str
    text: str
    connection: str | None = None
    detail: Shown = field(default_factory=dict)


def ids(db: Db, given: str) -> list[str]:
    """The public ids of the calls that this may name: such an id itself, or else GREEN-API's idMessage."""
    exact = db.execute(select(calls.c.key).where(calls.c.key == given)).scalar()
    if exact is not None:
        return [exact]
    query = select(calls.c.key).where(calls.c.id_message == given).order_by(calls.c.id)
    return list(db.execute(query).scalars())


def of_call(db: Db, key: str, now: datetime) -> Shown:
    """The call of this public id, which must exist, as lists show it, and its story in order of time."""
    shown = listing.call(db, key)
    return {**shown, "story": [_shown(one) for one in entries(db, shown, now)]}


def entries(db: Db, shown: Shown, now: datetime) -> list[Entry]:
    """What happened to a call that is `shown`, in order of time."""
    found = traces.read(db, shown["id"], now)
    told = [_notified, _heard_by, _attempted, _written_down, _skipped, _recorded]
    said = [entry for tell in told for entry in tell(found)] + list(_named(found, shown["caller_source"]))
    return sorted(said, key=lambda one: (one.at, _ORDER.index(one.what) if one.what in _ORDER else len(_ORDER)))


def _shown(entry: Entry) -> Shown:
    return {
        "at": stamp(entry.at),
        "what": entry.what,
        "connection": entry.connection,
        "text": entry.text,
        "detail": entry.detail,
    }


def _notified(of: Traces) -> Iterator[Entry]:
    is_over = False
    for row in of.notifications:
        word = traces.sent_word(row.body)
        said = f'{row.type} "{word}"' if word else f"{row.type}, without a status"
        if row.verdict == "own":
            said += ", from our own account"
        elif is_over and traces.rings(word) and row.received_at > of.call.received_at:
            said += ": it came after the outcome, and changes nothing"
        is_over = is_over or not traces.rings(word)
        detail = {"id": row.id, "type": row.type, "status": word, "verdict": row.verdict}
        yield Entry(row.received_at, "notification", said, None, detail)
        if row.verdict == "late_outcome":
            text = "Another outcome had been heard first: that one stands, and nobody is told of this."
            yield Entry(row.received_at, "late_outcome", text, None, {"status": word})


def _heard_by(of: Traces) -> Iterator[Entry]:
    """Who hears of the call, and what: by its policy when the call came in. Later changes are lines of the story."""
    if of.call.policies == []:
        text = "No connection heard of this instance when the call came in: nobody is told."
        yield Entry(of.call.received_at, "policy", text)
    for connection_id, policy in of.call.policies or ():
        text = f"policy {policy}: {_hears(of, policy)}"
        yield Entry(of.call.received_at, "policy", text, of.named(connection_id), {"policy": policy})


def _hears(of: Traces, policy: str) -> str:
    first = of.notifications[0] if of.notifications else None
    was_over = of.call.source == "journal" or (first is not None and not traces.rings(traces.sent_word(first.body)))
    return _TOO_LATE_TO_RING.get(policy, _HEARS[policy]) if was_over else _HEARS[policy]


def _named(of: Traces, source: str) -> Iterator[Entry]:
    """Where the caller's name came from. Only questions are written down: without one it was known, or is not to be."""
    asked = [row for row in of.lines if row.what == "name"]
    for row in asked:
        yield Entry(row.at, "name", _answer(row), of.named(row.connection_id), row.detail)
    if of.is_being_asked and not asked:
        yield Entry(of.call.received_at, "name", "Somebody is being asked who this is.")
    elif not asked:
        words = {
            "group": "A group: nobody was asked who it is.",
            "hidden": "The number is hidden, and nobody was asked who it is.",
            "phone": "Nobody had a name for this number when last asked, so the number is shown; took 0 ms.",
        }
        text = words.get(source, f"The name was known already, from {source}; took 0 ms.")
        detail = {"source": source, "took_ms": 0, "reason": None}
        yield Entry(of.call.received_at, "name", text, None, detail)


def _answer(row: Row[Any]) -> str:
    source, reason = row.detail.get("source"), row.detail.get("reason")
    whom = "This system" if row.connection_id else "GREEN-API"
    if reason:
        said = f"{whom} was asked who this is and did not say: {reason.rstrip('.')}"
    elif source:
        said = f"{whom} was asked who this is and knew a name" + ("" if row.connection_id else f" ({source})")
    else:
        said = f"{whom} was asked who this is and knew no name"
    return f"{said}; took {took(row.detail.get('took_ms'))}."


def _attempted(of: Traces) -> Iterator[Entry]:
    deliveries = {row.id: row for row in of.deliveries}
    for row in of.attempts:
        delivery = deliveries[row.delivery_id]
        withdraws = _withdraws(of, row, delivery)
        under_way = row.ended_at is None and row.fence == delivery.fence and (delivery.lease_until or of.now) > of.now
        detail = {
            "delivery": delivery.id,
            "status": row.status,
            "withdraws": withdraws,
            "outcome": row.outcome,
            "reason": row.reason,
            "took_ms": row.took_ms,
            "under_way": under_way,
        }
        text = _result(
            row, "popup" if withdraws else row.status, "taken away" if withdraws else "told", under_way=under_way
        )
        yield Entry(row.started_at, "attempt", text, of.named(delivery.connection_id), detail)


def _withdraws(of: Traces, attempt: Row[Any], delivery: Row[Any]) -> bool:
    """Ringing is not told once the outcome is stored: what is done about it later takes the popup away."""
    over_at = of.over_at()
    is_about_ringing = attempt.status == CallStatus.RINGING and delivery.withdrawn is not None
    return is_about_ringing and over_at is not None and over_at <= attempt.started_at


def _result(row: Row[Any], what: str, done: str, *, under_way: bool) -> str:
    if row.ended_at is None:
        lost = f"whether {what} was {done}, nobody knows: the worker never came back"
        return f"{what} is being {done} at this moment" if under_way else lost
    lasted = took(row.took_ms)
    if row.outcome == "delivered":
        return f"{what} {done}; took {lasted}"
    reason = (row.reason or "no reason is on record").rstrip(".")
    followed = {
        "unreached": f"{what} not {done}: {reason}; took {lasted}, to be tried again",
        "unknown": f"{what} perhaps {done}: {reason}; took {lasted}, to be tried again",
        "partly": f"{what} {done} in part: {reason}; took {lasted}, to be tried again",
        "limited": f"{what} not {done}: {reason}; took {lasted}, to be tried again when that is over",
        "held": f"{what} not {done}: {reason}; took {lasted}, and the connection was paused",
        "failed": f"{what} not {done}, and given up: {reason}; took {lasted}",
        "left": f"{what} left alone: {reason}",
        "lost": f"came back too late, after {lasted}: somebody else had taken over",
    }
    return followed.get(row.outcome, f"{row.outcome}: {reason}; took {lasted}")


def _written_down(of: Traces) -> Iterator[Entry]:
    before = {connection_id for connection_id, _ in of.call.policies or ()}
    for row in of.lines:
        if row.what == "name":
            continue
        policy = row.detail.get("policy")
        change = "changed since to" if row.connection_id in before else "added since with"
        words = {
            "policy": f"{change} policy {policy}: {_HEARS_FROM_THEN_ON.get(policy, '')}",
            "closed": f"No outcome within {row.detail.get('waited_seconds', 0):g} s: given up waiting for it.",
            "journal": _listed(row),
            "replayed": _AGAIN if row.connection_id else _READ_AGAIN,
        }
        text = words.get(row.what, row.detail.get("reason") or row.what)
        yield Entry(row.at, row.what, text, of.named(row.connection_id), row.detail)


def _listed(row: Row[Any]) -> str:
    word = row.detail.get("status") or "no outcome"
    imported = " It was imported as history, so nobody is told." if row.detail.get("imported") else ""
    return f'GREEN-API\'s journal lists it with "{word}", of which no notification had come.{imported}'


def _skipped(of: Traces) -> Iterator[Entry]:
    """What was skipped and has no line of its own."""
    told = {row.connection_id for row in of.lines if row.what == "skipped"}
    for row in of.deliveries:
        if row.state == "skipped" and row.connection_id not in told:
            removed_at = of.connections[row.connection_id].removed_at
            at = removed_at if removed_at and row.reason == holding.REMOVED else of.last_end(row)
            yield Entry(at, "skipped", row.reason, of.named(row.connection_id), {"reason": row.reason})


def _recorded(of: Traces) -> Iterator[Entry]:
    for row in of.deliveries:
        receipt = {key: (row.receipt or {}).get(key) for key in ("record_id", "url")}
        if any(receipt.values()):
            text = ", ".join(value for value in receipt.values() if value)
            yield Entry(of.last_end(row), "record", text, of.named(row.connection_id), receipt)


def took(milliseconds: int | None) -> str:
    """How long something took, in words."""
    if milliseconds is None:
        return "unknown time"
    return f"{milliseconds} ms" if milliseconds < 1000 else f"{milliseconds / 1000:.1f} s"

"""Replays: somebody wants what was failed or held, and sometimes what was delivered, to be told again.

A replayed row is due, and begins from the beginning; what is known of earlier attempts stays, so that nothing is made
twice. Whoever sweeps finds it: a replay needs nothing but the store.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, Literal

from sqlalchemy import Connection as Db
from sqlalchemy import Row, Select, select, update

from bridge import standings, story
from bridge.deliveries import FROM_THE_BEGINNING, State
from bridge.listing import stamp
from bridge.policies import NOBODY_KNOWS
from bridge.store import Store
from bridge.store.tables import calls, connections
from bridge.store.tables import deliveries as table
from connectors.kit import CallStatus

Hindrance = Literal["unknown", "due", "skipped", "removed", "ringing", "paused", "uncertain", "delivered"]

REPLAYABLE: tuple[State, ...] = ("failed", "held")
_AT_ONCE = 200  # rows a transaction; on SQLite the intake waits for it
_DUE_AGAIN: dict[str, Any] = {**FROM_THE_BEGINNING, "state": "due", "reason": None, "rung_at": None}


@dataclass(frozen=True, slots=True)
class Choice:
    """Which deliveries are meant: all that fit. `since` is about the call."""

    states: tuple[State, ...]
    connection: str | None = None
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Replay:
    """What came of one: `hindrance` is None where it is due now, else `text` says why it is not, and what to do."""

    delivery_id: int
    connection: str
    hindrance: Hindrance | None = None
    text: str = ""


_ROWS: Select[Any] = (
    select(table, connections.c.name, connections.c.paused_by, connections.c.removed_at)
    .join(connections, connections.c.id == table.c.connection_id)
    .order_by(table.c.id)
    .with_for_update(of=table, key_share=True)
)


def of_ids(store: Store, ids: Sequence[int], now: datetime, *, again: bool) -> Iterator[Replay]:
    """Replay the deliveries of these ids; `again` includes those that are delivered."""
    for start in range(0, len(ids), _AT_ONCE):
        batch = ids[start : start + _AT_ONCE]
        done = store.write(partial(_replayed, meant=_ROWS.where(table.c.id.in_(batch)), now=now, again=again))
        found = {one.delivery_id: one for one in done}
        yield from (found.get(one) or Replay(one, "", "unknown", _UNKNOWN) for one in batch)


def of_choice(store: Store, choice: Choice, now: datetime, *, again: bool, most: int | None = None) -> Iterator[Replay]:
    """Replay everything that fits, or the oldest `most` of it, in transactions that are short however much it is."""
    last, left = 0, most
    while left is None or left > 0:
        limit = _AT_ONCE if left is None else min(left, _AT_ONCE)
        meant = _fitting(choice).where(table.c.id > last).limit(limit)
        done = store.write(partial(_replayed, meant=meant, now=now, again=again))
        if not done:  # a short batch is no end: PostgreSQL leaves out rows that changed while it waited for them
            return
        yield from done
        last = done[-1].delivery_id
        left = None if left is None else left - len(done)


def _fitting(choice: Choice) -> Select[Any]:
    query = _ROWS.where(table.c.state.in_(choice.states))
    if choice.connection is not None:
        query = query.where(connections.c.name == choice.connection)
    if choice.since is not None:
        query = query.join(calls, calls.c.id == table.c.call_id).where(calls.c.started_at >= choice.since)
    return query


def _replayed(db: Db, meant: Select[Any], now: datetime, *, again: bool) -> list[Replay]:
    rows = db.execute(meant).all()
    judged = [_judged(row, now, again=again) for row in rows]
    ready = [row for row, one in zip(rows, judged, strict=True) if one.hindrance is None]
    if ready:
        chosen = update(table).where(table.c.id.in_([row.id for row in ready]))
        # Whoever asks for this again has looked, and knows that it was not told.
        unsure = table.c.unsure & table.c.reason.is_distinct_from(NOBODY_KNOWS)
        db.execute(chosen.values(due_at=now, unsure=unsure, **_DUE_AGAIN))
    for row in ready:
        story.tell(db, row.call_id, "replayed", now, row.connection_id, delivery=row.id, owes=row.owes, was=row.state)
    return judged


def _judged(row: Row[Any], now: datetime, *, again: bool) -> Replay:
    hindrance = _hindrance(row, again=again)
    return Replay(row.id, row.name, hindrance, _TEXTS[hindrance](row, now) if hindrance else "")


def _hindrance(row: Row[Any], *, again: bool) -> Hindrance | None:
    if row.state in ("due", "skipped"):
        return "due" if row.state == "due" else "skipped"
    if row.removed_at is not None:
        return "removed"
    if row.owes == CallStatus.RINGING and row.withdrawn is not False:
        return "ringing"
    if row.paused_by is not None:
        return "paused"
    if row.reason == NOBODY_KNOWS and not again:
        return "uncertain"
    return "delivered" if row.state == "delivered" and not again else None


def _due(row: Row[Any], now: datetime) -> str:
    if row.lease_until is not None and row.lease_until > now:
        return "It is being told at this moment."
    return f"It is due already, {'at' if row.due_at > now else 'since'} {stamp(row.due_at)}."


def _paused(row: Row[Any], _now: datetime) -> str:
    return f"{row.name} is paused and must be resumed first: {standings.to_resume(row.name, row.paused_by)}."


_UNKNOWN = "There is no such delivery; `ringbridge delivery list` shows those that there are."
_TEXTS: dict[Hindrance, Callable[[Row[Any], datetime], str]] = {
    "due": _due,
    "skipped": lambda row, _: f"It was skipped, and there is nothing to tell. {row.reason or ''}".strip(),
    "removed": lambda row, _: f"The connection {row.name} was removed.",
    "ringing": lambda *_: "It owes nothing but ringing, and that is never replayed: the phone has stopped.",
    "paused": _paused,
    "uncertain": lambda row, _: f"{row.reason} Look whether it is there; if it is not, add --again to tell it.",
    "delivered": lambda row, _: f"It was delivered: {row.told} was told. Add --again to tell it once more.",
}

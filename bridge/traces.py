"""The traces that one call left: everything that was written down of it, in whichever table."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection as Db
from sqlalchemy import Row, select

from bridge import names
from bridge.store import tables
from bridge.text import clean

_calls, _notifications, _connections = tables.calls, tables.notifications, tables.connections
_deliveries, _attempts, _story = tables.deliveries, tables.attempts, tables.story

_ASKED_FOR = timedelta(seconds=60)  # nobody waits longer for a name
_LONGEST_WORD = 40


@dataclass(frozen=True, slots=True)
class Traces:
    """The rows about a call, as of one moment. `is_being_asked` says that somebody may still answer who it is."""

    call: Row[Any]
    notifications: Sequence[Row[Any]]
    deliveries: Sequence[Row[Any]]
    attempts: Sequence[Row[Any]]
    lines: Sequence[Row[Any]]
    connections: dict[int, Row[Any]]
    is_being_asked: bool
    now: datetime

    def named(self, connection_id: int | None) -> str | None:
        """The name of a connection, removed ones included."""
        return self.connections[connection_id].name if connection_id else None

    def last_end(self, delivery: Row[Any]) -> datetime:
        """When the last attempt at a delivery ended; where none is on record any more, when the call did."""
        ends = [one.ended_at for one in self.attempts if one.delivery_id == delivery.id and one.ended_at]
        at: datetime = max(ends, default=self.call.outcome_at or self.call.received_at)
        return at

    def over_at(self) -> datetime | None:
        """When it was stored that the call does not ring any more."""
        heard = [row.received_at for row in self.notifications if not rings(sent_word(row.body))]
        closed = [row.at for row in self.lines if row.what in ("closed", "journal")]
        return min(heard + closed, default=None)


def read(db: Db, key: str, now: datetime) -> Traces:
    """All there is about the call of this public id, which must exist."""
    call = db.execute(select(_calls).where(_calls.c.key == key)).one()
    deliveries = db.execute(select(_deliveries).where(_deliveries.c.call_id == call.id).order_by(_deliveries.c.id))
    of_call = select(_deliveries.c.id).where(_deliveries.c.call_id == call.id)
    attempts = select(_attempts).where(_attempts.c.delivery_id.in_(of_call)).order_by(_attempts.c.id)
    told = select(_notifications).where(_notifications.c.call_id == call.id)
    connections: list[Row[Any]] = list(
        db.execute(select(_connections.c.id, _connections.c.name, _connections.c.removed_at))
    )
    is_new = now - call.received_at < _ASKED_FOR
    return Traces(
        call=call,
        notifications=db.execute(told.order_by(_notifications.c.received_at, _notifications.c.id)).all(),
        deliveries=deliveries.all(),
        attempts=db.execute(attempts).all(),
        lines=db.execute(select(_story).where(_story.c.call_id == call.id).order_by(_story.c.id)).all(),
        connections={row.id: row for row in connections},
        is_being_asked=call.name_due is not None
        or (is_new and names.awaited(db, call.instance_id, call.chat_id, now) is not None),
        now=now,
    )


def sent_word(body: str) -> str | None:
    """The status as GREEN-API spelled it, if the body can still be read."""
    try:
        word = json.loads(body).get("status")
    except (ValueError, AttributeError, RecursionError):
        return None
    return clean(word, _LONGEST_WORD) or None if isinstance(word, str) else None


def rings(word: str | None) -> bool:
    """Whether a status, as sent, says that the phone rings."""
    return word is None or word.casefold() == "offer"

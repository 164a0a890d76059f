"""What operators have on the wall: who is calling, who has not been called back, and how the last calls ended."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import BindParameter, Row, Select, bindparam, select
from sqlalchemy import Connection as Db

from bridge import follow_ups
from bridge.follow_ups import Done, Missed
from bridge.identities import Identities, named
from bridge.store import tables

_calls, _deliveries = tables.calls, tables.deliveries
_connections, _instances = tables.connections, tables.instances

_RINGING_SHOWN, _MISSED_SHOWN, _RECENT_SHOWN = 50, 30, 30


@dataclass(frozen=True, slots=True)
class Link:
    """Where a connected system keeps the caller, or this call."""

    connection: str
    url: str


@dataclass(frozen=True, slots=True)
class Shown:
    """One call. `is_waiting` says that it must have ended by now, and nobody has said how."""

    id: str
    instance: str
    caller: str
    caller_source: str
    phone: str | None
    status: str
    video: bool | None
    started_at: datetime
    is_waiting: bool = False
    links: tuple[Link, ...] = ()


@dataclass(frozen=True, slots=True)
class Board:
    """Everything, the newest first. `more_missed` is how many callers of the missed list are not shown."""

    has_instances: bool
    ringing: list[Shown]
    missed: list[Missed]
    recent: list[Shown]
    done: list[Done]
    more_missed: int = 0


# An index of some rows alone is used by SQLite only where its condition stands in the question word by word.
_ringing: BindParameter[str] = bindparam("ringing", "ringing", literal_execute=True)
_CALLS: Select[Any] = named(
    select(_calls.c.id, _calls.c.key, _calls.c.chat_id, _calls.c.status, _calls.c.video)
    .add_columns(_calls.c.started_at, _calls.c.received_at)
    .where(_calls.c.direction == "incoming"),
    _calls,
)
_RINGING = _CALLS.where(_calls.c.status == _ringing).order_by(_calls.c.received_at.desc()).limit(_RINGING_SHOWN)
_RECENT = (
    _CALLS.where(_calls.c.status != _ringing)
    .order_by(_calls.c.started_at.desc(), _calls.c.id.desc())
    .limit(_RECENT_SHOWN)
)
_RECEIPTS: Select[Any] = (
    select(_deliveries.c.call_id, _deliveries.c.receipt, _connections.c.name)
    .join(_connections, _connections.c.id == _deliveries.c.connection_id)
    .where(_deliveries.c.receipt.is_not(None))
    .order_by(_connections.c.position, _connections.c.id)
)
_ANY_INSTANCE = select(_instances.c.id).where(_instances.c.removed_at.is_(None)).limit(1)


def snapshot(db: Db, now: datetime, ring_seconds: float) -> Board:
    """How things stand; the same for everybody who looks, and as costly with many calls stored as with few."""
    ringing, recent = db.execute(_RINGING).all(), db.execute(_RECENT).all()
    identities = Identities(db, {row.chat_id for row in (*ringing, *recent)})
    receipts = _receipts(db, [row.id for row in ringing])
    missed, waiting = follow_ups.latest(db, now, _MISSED_SHOWN)
    too_long = now - timedelta(seconds=ring_seconds)
    return Board(
        has_instances=db.execute(_ANY_INSTANCE).first() is not None,
        ringing=[_shown(row, identities, receipts[row.id], too_long) for row in ringing],
        missed=missed,
        more_missed=waiting - len(missed),
        recent=[_shown(row, identities, {}, too_long) for row in recent],
        done=follow_ups.recently_done(db),
    )


def _receipts(db: Db, calls: Collection[int]) -> defaultdict[int, dict[str, str]]:
    """The addresses of what was written about these calls, by the name of the connection."""
    found: defaultdict[int, dict[str, str]] = defaultdict(dict)
    if calls:
        for row in db.execute(_RECEIPTS.where(_deliveries.c.call_id.in_(calls))):
            found[row.call_id][row.name] = row.receipt.get("url") or ""
    return found


def _shown(row: Row[Any], identities: Identities, receipts: dict[str, str], too_long: datetime) -> Shown:
    who = identities.caller(row)
    is_ringing = row.status == "ringing"
    # Whoever picks up wants to see the person, not the note of the call.
    addresses = {**receipts, **identities.addresses(row)} if is_ringing else {}
    return Shown(
        id=row.key,
        instance=row.instance,
        caller=who.name,
        caller_source=who.source,
        phone=who.phone,
        status=row.status,
        video=row.video,
        started_at=row.started_at,
        is_waiting=is_ringing and min(row.started_at, row.received_at) < too_long,
        links=tuple(Link(name, url) for name, url in addresses.items() if _is_web_address(url)),
    )


def _is_web_address(url: str) -> bool:
    """Whether a link may lead there: what a connected system answers is not ours to trust."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.netloc) and url.isprintable()

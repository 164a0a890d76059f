"""Who is calling: the names that GREEN-API knows, kept for a while, and the queue of those it has to be asked for.

GREEN-API answers one `getContactInfo` a second for each instance. The queue for it stands in the store: each call that
needs a name gets the next free moment, `name_due`, in the transaction that writes it down. So the limit holds over
all processes, survives a crash, and nobody waits in a worker.

Source: https://green-api.com/en/docs/api/service/GetContactInfo/
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection as Db
from sqlalchemy import Row, bindparam, or_, select, update

from bridge.instances import Instance
from bridge.store.tables import callers as table
from bridge.store.tables import calls, instances
from bridge.store.upsert import upsert
from bridge.text import clean, folded

WITH_NAME, WITHOUT_NAME, AFTER_ERROR = timedelta(hours=24), timedelta(minutes=15), timedelta(minutes=1)
_LOOKUP_LEASE = timedelta(seconds=15)  # a lookup ends within 10 s; after this, somebody else asks
_SPACING = 1.02  # the limit is counted where the requests arrive, and they may bunch up on the way


@dataclass(frozen=True, slots=True)
class Lookup:
    """One question that may be put to GREEN-API now."""

    call_id: int
    call_key: str
    instance_id: int
    chat_id: str


@dataclass(frozen=True, slots=True)
class Names:
    """What GREEN-API calls a person: as our phone's address book has it, and as they call themselves."""

    contact_name: str | None = None
    name: str | None = None


@dataclass(frozen=True, slots=True)
class Cached:
    """What is known, and until when asking again would be of no use."""

    names: Names
    expires_at: datetime | None

    def is_fresh(self, now: datetime) -> bool:
        return self.expires_at is not None and self.expires_at > now


@dataclass(frozen=True, slots=True)
class Booking:
    """When to ask for a name. Where somebody is asking already, since `asked_at`, it is when they are given up."""

    name_due: datetime
    asked_at: datetime | None


_KNOWN = select(table.c.contact_name, table.c.name, table.c.expires_at).where(
    table.c.instance_id == bindparam("instance_id"), table.c.chat_id == bindparam("chat_id")
)
_OF_INSTANCE = update(instances).where(instances.c.id == bindparam("instance"))
_WAITING_IN_CHAT = select(calls.c.name_due, calls.c.asked_at).where(
    calls.c.instance_id == bindparam("instance_id"),
    calls.c.chat_id == bindparam("chat_id"),
    calls.c.name_due.is_not(None),
)


def cached(db: Db, instance_id: int, chat_id: str) -> Cached:
    """What GREEN-API has said of a chat; stale as it may be, it is better than nothing."""
    row = db.execute(_KNOWN, {"instance_id": instance_id, "chat_id": chat_id}).one_or_none()
    return Cached(Names(row.contact_name, row.name), row.expires_at) if row else Cached(Names(), None)


def expected_at(db: Db, instance_id: int, chat_id: str) -> datetime | None:
    """When GREEN-API may answer for a chat, at the earliest; None where it is not going to be asked."""
    waiting = db.execute(_WAITING_IN_CHAT, {"instance_id": instance_id, "chat_id": chat_id}).all()
    return min((row.asked_at or row.name_due for row in waiting), default=None)


def book(db: Db, instance: Instance, chat_id: str, now: datetime) -> Booking | None:
    """A place in the instance's queue for the question who this is; None where that has just been answered.

    One question answers for all calls of a chat.
    """
    until = _locked(db, instance.id).lookups_until
    if cached(db, instance.id, chat_id).is_fresh(now):  # the answer came while we waited for our turn
        return None
    waiting = db.execute(_WAITING_IN_CHAT, {"instance_id": instance.id, "chat_id": chat_id}).first()
    if waiting:
        return Booking(waiting.name_due, waiting.asked_at)
    slot = max(until or now, now)
    db.execute(_OF_INSTANCE.values(lookups_until=slot + _step(instance)), {"instance": instance.id})
    return Booking(slot, None)


def claim(db: Db, call_id: int, instance: Instance, now: datetime) -> Lookup | None:
    """The question for this call, if it is due and the instance's limit allows it now."""
    free_at = _locked(db, instance.id).lookup_at
    row = db.execute(select(calls.c.key, calls.c.name_due, calls.c.chat_id).where(calls.c.id == call_id)).one_or_none()
    if row is None or row.name_due is None or row.name_due > now:
        return None
    if free_at and free_at > now:
        _wait(db, call_id, free_at, asked_at=None)
        return None
    db.execute(_OF_INSTANCE.values(lookup_at=now + _step(instance)), {"instance": instance.id})
    _wait(db, call_id, now + _LOOKUP_LEASE, asked_at=now)
    return Lookup(call_id, row.key, instance.id, row.chat_id)


def asking(db: Db, call_id: int) -> tuple[int, str] | None:
    """The instance and the chat of a call that still waits for a name."""
    query = select(calls.c.instance_id, calls.c.chat_id).where(calls.c.id == call_id, calls.c.name_due.is_not(None))
    row = db.execute(query).one_or_none()
    return (row.instance_id, row.chat_id) if row else None


def learn(db: Db, lookup: Lookup, names: Names, now: datetime) -> Sequence[int]:
    """Keep what GREEN-API answered. Returns the calls that need wait no longer.

    Its answer has been blank for people whom it knows: a name that we have had from it, or from elsewhere, stays.
    """
    before = cached(db, lookup.instance_id, lookup.chat_id).names
    known = Names(clean(names.contact_name or "") or before.contact_name, clean(names.name or "") or before.name)
    lasts = WITH_NAME if known.contact_name or known.name else WITHOUT_NAME
    values = {
        "contact_name": known.contact_name,
        "name": known.name,
        "contact_name_folded": folded(known.contact_name or "") or None,
        "name_folded": folded(known.name or "") or None,
        "checked_at": now,
        "expires_at": now + lasts,
    }
    _keep(db, lookup, values)
    return _released(db, lookup)


def learn_nothing(db: Db, lookup: Lookup, now: datetime) -> Sequence[int]:
    """GREEN-API did not answer: what was known stays. Returns the calls that need wait no longer."""
    _keep(db, lookup, {"checked_at": now, "expires_at": now + AFTER_ERROR})
    return _released(db, lookup)


def ask_later(db: Db, lookup: Lookup, at: datetime) -> None:
    """GREEN-API wants to be asked more slowly: nobody asks it before this moment."""
    free_at = _locked(db, lookup.instance_id).lookup_at
    db.execute(_OF_INSTANCE.values(lookup_at=max(free_at or at, at)), {"instance": lookup.instance_id})
    _wait(db, lookup.call_id, at, asked_at=None)


def space(db: Db, instance: Instance, began: datetime) -> None:
    """Count the limit from when the last question really `began`: between its claim and that, time may have passed."""
    free_at = _locked(db, instance.id).lookup_at
    db.execute(_OF_INSTANCE.values(lookup_at=max(free_at or began, began + _step(instance))), {"instance": instance.id})


def forget_removed(db: Db, call_id: int) -> None:
    """If the call's instance was removed there is nobody left to ask: it need wait no longer."""
    removed = select(instances.c.id).where(instances.c.removed_at.is_not(None))
    let_go = update(calls).where(calls.c.id == call_id, calls.c.instance_id.in_(removed))
    db.execute(let_go.values(name_due=None, asked_at=None))


def next_in_line(db: Db, instance_id: int) -> tuple[int, datetime] | None:
    """The call whose caller is to be asked for next, and from when that is allowed."""
    query = (
        select(calls.c.id, calls.c.name_due, instances.c.lookup_at)
        .join(instances, instances.c.id == calls.c.instance_id)
        .where(calls.c.instance_id == instance_id, calls.c.name_due.is_not(None), calls.c.asked_at.is_(None))
        .order_by(calls.c.name_due, calls.c.id)
        .limit(1)
    )
    row = db.execute(query).one_or_none()
    return (row.id, max(row.name_due, row.lookup_at or row.name_due)) if row else None


def due(db: Db, now: datetime, limit: int) -> Sequence[int]:
    """Calls whose caller may be asked for now, the longest waiting first: one for each instance."""
    query = (
        select(calls.c.id, calls.c.instance_id)
        .join(instances, instances.c.id == calls.c.instance_id)
        .where(calls.c.name_due <= now, or_(instances.c.lookup_at.is_(None), instances.c.lookup_at <= now))
        .order_by(calls.c.name_due, calls.c.id)
        .limit(limit)
    )
    first: dict[int, int] = {}
    for row in db.execute(query):
        first.setdefault(row.instance_id, row.id)
    return list(first.values())


def _keep(db: Db, lookup: Lookup, values: Mapping[str, object]) -> None:
    _locked(db, lookup.instance_id)
    call = select(calls.c.id).where(calls.c.id == lookup.call_id).with_for_update(read=True, key_share=True)
    if db.execute(call).first() is None:
        return  # whoever called was erased while GREEN-API was asked about them
    row = upsert(db, table).values(instance_id=lookup.instance_id, chat_id=lookup.chat_id, **values)
    db.execute(row.on_conflict_do_update(index_elements=["instance_id", "chat_id"], set_=values))


def _released(db: Db, lookup: Lookup) -> Sequence[int]:
    waiting = (
        update(calls)
        .where(
            calls.c.instance_id == lookup.instance_id,
            calls.c.chat_id == lookup.chat_id,
            calls.c.name_due.is_not(None),
        )
        .values(name_due=None, asked_at=None)
        .returning(calls.c.id)
    )
    return db.execute(waiting).scalars().all()


def _locked(db: Db, instance_id: int) -> Row[Any, Any]:
    """The instance's place in its queue. Held to the end of the transaction, so that no call begins to wait for an
    answer while that answer is being written down. `key_share`, here and elsewhere, lets others refer to the row
    meanwhile: a new call does, and two of them that then wanted the row alone would wait for each other for ever.
    """
    columns = (instances.c.lookup_at, instances.c.lookups_until)
    return db.execute(select(*columns).where(instances.c.id == instance_id).with_for_update(key_share=True)).one()


def _step(instance: Instance) -> timedelta:
    return timedelta(seconds=_SPACING / instance.config.lookups_per_second)


def _wait(db: Db, call_id: int, name_due: datetime, *, asked_at: datetime | None) -> None:
    db.execute(update(calls).where(calls.c.id == call_id).values(name_due=name_due, asked_at=asked_at))

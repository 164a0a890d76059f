"""A person taken out of every table: their calls with all that belongs to them, their names, what was kept unread."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any

from sqlalchemy import Connection as Db
from sqlalchemy import delete, func, select

from bridge import removal
from bridge.greenapi import chats, events
from bridge.store import Store, tables, upkeep
from connectors.kit import e164

_calls, _deliveries, _connections = tables.calls, tables.deliveries, tables.connections
_callers, _people, _notifications = tables.callers, tables.people, tables.notifications
_follow_ups = tables.follow_ups
_WINDOW = 5000  # notifications read through at once


@dataclass(frozen=True, slots=True)
class Somebody:
    """Whom to forget: a number with all its chats, or one chat whose number nobody knows."""

    phone: str | None
    chat_id: str

    def __str__(self) -> str:
        return self.phone or self.chat_id

    @property
    def digits(self) -> str:
        """What stands for them in any text."""
        return self.phone[1:] if self.phone else self.chat_id.partition("@")[0]

    def owns(self, chat_id: str) -> bool:
        """Whether this chat is theirs, in whatever form its id comes."""
        return chats.phone(chat_id) == self.phone if self.phone else chat_id == self.chat_id


@dataclass(slots=True)
class Erased:
    """How many rows of each table are gone, and which (connection, record) still stand in connected systems."""

    rows: Counter[str] = field(default_factory=Counter)
    records: set[tuple[str, str]] = field(default_factory=set)
    told_now: set[str] = field(default_factory=set)
    """Connections that were being told of them at that moment: what they write cannot be known here."""


def somebody(text: str) -> Somebody | None:
    """Whom a number in any common spelling, or the id of a chat, stands for; None if it can be neither."""
    written = text.strip()
    phone = chats.phone(written) or e164(re.sub(r"^00", "", written))
    if phone:
        return Somebody(phone, f"{phone[1:]}@c.us")
    return Somebody(None, written) if re.fullmatch(r"[^\s@]{3,}@[a-z.]+", written) else None


def kept(db: Db, who: Somebody) -> list[str]:
    """The ids of their chats, as far as there is anything of them."""
    found: set[str] = set()
    for table in (_calls, _callers, _people, _follow_ups):
        chat = table.c.chat_id
        query = select(chat).where(chat.startswith(who.digits, autoescape=True)).distinct()
        found |= {one for one in db.execute(query).scalars() if who.owns(one)}
    paired = select(_callers.c.chat_id, _callers.c.phone_chat).where(
        _callers.c.phone_chat.startswith(who.digits, autoescape=True)
    )
    return sorted(found | {row.chat_id for row in db.execute(paired) if who.owns(row.phone_chat)})


def erase(store: Store, who: Somebody, now: datetime) -> Erased:
    """Take them out of every table, and out of the embedded database's files. Safe to repeat.

    Raises StoreUnavailable; what was removed by then stays removed.
    """
    erased = Erased()
    with store.read() as db:
        theirs = kept(db, who)
    for chat_id in theirs:
        _note_person(store, chat_id, erased)
        while portion := _next_calls(store, chat_id, now, erased):
            erased.rows += store.write(partial(removal.calls, ids=portion, with_open_ones=True))
        erased.rows += store.write(partial(_erase_names, chat_id=chat_id))
    for ids in _mentioned(store, who):
        count = store.write(partial(removal.by_id, table=_notifications, ids=ids))
        erased.rows += Counter(notifications=count)
    upkeep.wipe(store, [who.digits])
    return erased


def _next_calls(store: Store, chat_id: str, now: datetime, erased: Erased) -> Sequence[int]:
    """Some of the calls, their records noted."""
    query = select(_calls.c.id).where(_calls.c.chat_id == chat_id).limit(removal.CALLS_AT_ONCE)
    owed = select(_deliveries.c.receipt, _deliveries.c.lease_until, _connections.c.name).join(
        _connections, _connections.c.id == _deliveries.c.connection_id
    )
    with store.read() as db:
        ids = db.execute(query).scalars().all()
        for row in db.execute(owed.where(_deliveries.c.call_id.in_(ids))):
            erased.records |= _records(row.name, row.receipt)
            if row.lease_until is not None and row.lease_until > now:
                erased.told_now.add(row.name)
    return ids


def _note_person(store: Store, chat_id: str, erased: Erased) -> None:
    query = select(_people.c.person, _connections.c.name).join(
        _connections, _connections.c.id == _people.c.connection_id
    )
    with store.read() as db:
        for row in db.execute(query.where(_people.c.chat_id == chat_id)):
            erased.records |= _records(row.name, row.person)


def _records(connection: str, receipt: dict[str, Any] | None) -> set[tuple[str, str]]:
    """The ids in a receipt or a person, of whatever kind of record."""
    if not receipt:
        return set()
    own = {(connection, receipt["record_id"])} if receipt.get("record_id") else set()
    parts = {(connection, f"{name} {one}") for name, one in (receipt.get("parts") or {}).items()}
    return own | parts | _records(connection, receipt.get("person"))


def _erase_names(db: Db, chat_id: str) -> Counter[str]:
    return Counter(
        {
            table.name: db.execute(delete(table).where(table.c.chat_id == chat_id)).rowcount
            for table in (_callers, _people, _follow_ups)
        }
    )


def _mentioned(store: Store, who: Somebody) -> list[list[int]]:
    """What was kept without a call and names them, or came from them about somebody else's call, in portions."""
    number = re.compile(rf"(?<!\d){re.escape(who.digits)}(?!\d)")
    found: list[int] = []
    with store.read() as db:
        last = db.execute(select(func.max(_notifications.c.id))).scalar() or 0
    for start in range(0, last, _WINDOW):
        window = _notifications.c.id.between(start + 1, start + _WINDOW)
        query = select(_notifications.c.id, _notifications.c.call_id, _notifications.c.body).where(
            window, _notifications.c.body.contains(who.digits, autoescape=True)
        )
        with store.read() as db:
            found += [
                row.id
                for row in db.execute(query)
                if (number.search(row.body) if row.call_id is None else _is_from(row.body, who))
            ]
    return [found[start : start + removal.AT_ONCE] for start in range(0, len(found), removal.AT_ONCE)]


def _is_from(body: str, who: Somebody) -> bool:
    try:
        call = events.read(body.encode()).call
    except events.Unreadable:
        return False
    return call is not None and who.owns(call.chat_id)

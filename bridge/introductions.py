"""Names that come by unasked: from the phone's address book, and from the messages that people send.

They save questions to GREEN-API, which allows one a second. A name that is known is never lost to a blank, and what is
told of somebody without a name says nothing: only what adds to what is known is written.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection as Db
from sqlalchemy import Insert, Row, Select, case, func, select

from bridge.callers import WITH_NAME
from bridge.greenapi import chats
from bridge.greenapi.client import Contact
from bridge.greenapi.senders import Sender
from bridge.store.tables import callers as table
from bridge.store.upsert import upsert
from bridge.text import clean, folded, storable

AT_ONCE = 300  # rows a transaction
_HALF_A_DAY = timedelta(hours=12)
_LONGEST_ID = 512
_OUTLIVES_BLANKS = ("contact_name", "name", "contact_name_folded", "name_folded", "phone_chat")


@dataclass(frozen=True, slots=True)
class Introduction:
    """What was said of one person. `phone_chat` is the chat by number of one whose own chat id hides it."""

    chat_id: str
    contact_name: str | None = None
    name: str | None = None
    phone_chat: str | None = None

    @property
    def is_whole(self) -> bool:
        """Whether GREEN-API would have nothing to add if it were asked."""
        return self.contact_name is not None and self.name is not None


def by_contact(contact: Contact) -> Introduction | None:
    """What an entry of the address book says; None for groups, and for those without any name."""
    return None if contact.is_group else _introduction(contact.chat_id, contact.contact_name, contact.name, None)


def by_sender(sender: Sender) -> Introduction | None:
    """What a message says of whoever sent it; None where that is nothing.

    In a chat of two, chat and sender are the same person: where one hides the number and the other shows it, they
    are a pair. In a group they are not.
    """
    chat_id = sender.sender or sender.chat_id
    if chat_id is None:
        return None
    phone_chat = None
    if sender.chat_id and not chats.is_group(sender.chat_id):
        chat_id, phone_chat = _paired(sender.chat_id, chat_id, sender.phone_number)
    return _introduction(chat_id, sender.contact_name, sender.name, phone_chat)


def learn(db: Db, instance_id: int, introductions: Collection[Introduction], now: datetime) -> int:
    """Keep what adds to what is known, of AT_ONCE at most; returns of how many people that was.

    A row that was made so counts as asked for today only if both names are known: the other one, only GREEN-API can
    tell. Until it has, this one is shown.
    """
    newest = {one.chat_id: one for one in introductions}
    known = {row.chat_id: row for row in db.execute(_of_chats(instance_id, list(newest)))}
    # In one order, so that two processes which learn of the same people do not wait for each other for ever.
    adding = [one for _, one in sorted(newest.items()) if _adds(one, known.get(one.chat_id), now)]
    if adding:
        rows = [_row(instance_id, one, now) for one in adding]
        db.execute(_merging(db), rows)
    return len(adding)


def _introduction(
    chat_id: str, contact_name: str | None, name: str | None, phone_chat: str | None
) -> Introduction | None:
    shown = Introduction(storable(chat_id[:_LONGEST_ID]), _cleaned(contact_name), _cleaned(name), phone_chat)
    is_nobody = not chat_id or chats.is_group(chat_id) or not (shown.contact_name or shown.name or phone_chat)
    return None if is_nobody else shown


def _paired(chat_id: str, sender: str, phone_number: int | None) -> tuple[str, str | None]:
    """Whom to keep it for, and that person's chat by number: calls come from either."""
    hidden = [one for one in (chat_id, sender) if one.endswith("@lid")]
    shown = [one for one in (chat_id, sender) if chats.phone(one)]
    if not hidden:
        return chat_id, None
    by_number = f"{phone_number}@c.us" if phone_number else None
    return hidden[0], shown[0] if shown else by_number


def _cleaned(name: str | None) -> str | None:
    return clean(name or "") or None


def _of_chats(instance_id: int, chat_ids: Sequence[str]) -> Select[Any]:
    return select(table).where(table.c.instance_id == instance_id, table.c.chat_id.in_(chat_ids))


def _adds(said: Introduction, known: Row[Any] | None, now: datetime) -> bool:
    if known is None:
        return True
    new = any(
        value and value != getattr(known, field)
        for field, value in (
            ("contact_name", said.contact_name),
            ("name", said.name),
            ("phone_chat", said.phone_chat),
        )
    )
    return new or (said.is_whole and known.expires_at < now + _HALF_A_DAY)


def _row(instance_id: int, said: Introduction, now: datetime) -> dict[str, object]:
    return {
        "instance_id": instance_id,
        "chat_id": said.chat_id,
        "contact_name": said.contact_name,
        "name": said.name,
        "contact_name_folded": folded(said.contact_name or "") or None,
        "name_folded": folded(said.name or "") or None,
        "phone_chat": said.phone_chat,
        "checked_at": now,
        "expires_at": now + WITH_NAME if said.is_whole else now,
    }


def _merging(db: Db) -> Insert:
    """An upsert in which what is known outlives blanks, and what was fresh stays so."""
    insert = upsert(db, table)
    said = insert.excluded
    merged: dict[str, Any] = {field: func.coalesce(said[field], table.c[field]) for field in _OUTLIVES_BLANKS}
    fresher = case((said.expires_at > table.c.expires_at, said.expires_at), else_=table.c.expires_at)
    merged |= {"checked_at": said.checked_at, "expires_at": fresher}
    return insert.on_conflict_do_update(index_elements=["instance_id", "chat_id"], set_=merged)

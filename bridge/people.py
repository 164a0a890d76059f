"""Who a connected system takes a caller for: asked while it rings, kept for each connection, handed to each delivery.

One row for each (connection, chat). A row that is due is a question to put to that system; whoever claims it has a
quarter of a minute to come back with the answer.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection as Db
from sqlalchemy import bindparam, select, update

from bridge.callers import AFTER_ERROR, WITH_NAME, WITHOUT_NAME
from bridge.greenapi import chats
from bridge.store.tables import connections
from bridge.store.tables import people as table
from bridge.store.upsert import insert_new, upsert
from bridge.text import clean, folded
from connectors.kit import Person

_LEASE = timedelta(seconds=15)  # a question ends within 10 s; after this, somebody else asks
_LOST = timedelta(seconds=1)  # how long a message may take before the sweep puts another on the queue


@dataclass(frozen=True, slots=True)
class Question:
    """Who is this? To be put to one connection now."""

    person_id: int
    connection_id: int
    connection_version: int
    connector: str
    chat_id: str
    phone: str


@dataclass(frozen=True, slots=True)
class Known:
    """What one connection knows of a chat: a name or none, until when that holds, and whether it is being asked."""

    name: str | None
    expires_at: datetime | None
    is_asked: bool

    def is_fresh(self, now: datetime) -> bool:
        """Whether asking again would be of no use yet."""
        return self.expires_at is not None and self.expires_at > now


_OF_CHAT = (
    select(table, connections.c.instances)
    .join(connections, connections.c.id == table.c.connection_id)
    .where(table.c.chat_id == bindparam("chat"), connections.c.removed_at.is_(None))
    .order_by(connections.c.position, connections.c.id)
)
_CHANGE = update(table).where(table.c.id == bindparam("row"))


def of_chat(db: Db, instance: str, chat_id: str) -> dict[int, Known]:
    """What the connections of an instance know of a chat, by connection, in the order of the file."""
    return {
        row.connection_id: Known((row.person or {}).get("name"), row.expires_at, row.due_at is not None)
        for row in db.execute(_OF_CHAT, {"chat": chat_id})
        if row.instances is None or instance in row.instances
    }


def ask(db: Db, connection_id: int, chat_id: str, now: datetime) -> int | None:
    """Have this connection asked who a chat belongs to. Returns the question, or None if it is being asked already."""
    new = {"connection_id": connection_id, "chat_id": chat_id, "due_at": now}
    person_id: int | None = db.execute(insert_new(db, table), new).scalar()
    if person_id is not None:
        return person_id
    again = (
        update(table)
        .where(table.c.connection_id == connection_id, table.c.chat_id == chat_id, table.c.due_at.is_(None))
        .values(due_at=now, asked_at=None)
        .returning(table.c.id)
    )
    return db.execute(again).scalar()


def claim(db: Db, person_id: int, now: datetime) -> Question | None:
    """The question, if it is still to be put. A connection that is paused or removed is not asked."""
    query = (
        select(table, connections.c.version, connections.c.connector, connections.c.paused_by, connections.c.removed_at)
        .join(connections, connections.c.id == table.c.connection_id)
        .where(table.c.id == person_id)
        .with_for_update(of=table)
    )
    row = db.execute(query).one_or_none()
    if row is None or row.due_at is None or row.due_at > now:
        return None
    phone = chats.phone(row.chat_id)
    if phone is None or row.paused_by is not None or row.removed_at is not None:
        db.execute(_CHANGE, {"row": row.id, "due_at": None, "asked_at": None})
        return None
    db.execute(_CHANGE, {"row": row.id, "due_at": now + _LEASE, "asked_at": now})
    return Question(row.id, row.connection_id, row.version, row.connector, row.chat_id, phone)


def learn(db: Db, question: Question, person: Person | None, now: datetime) -> None:
    """Keep what the system answered; None where it knows nobody of that number.

    What deliveries have noted about the chat stays: a system that is asked for a name does not know of the open task.
    Nothing is kept of somebody who was erased while it was asked.
    """
    known = db.execute(select(table.c.person).where(table.c.id == question.person_id)).scalar()
    noted = (known or {}).get("parts") or {}
    if noted:
        person = replace(person or Person(), parts={**noted, **(person.parts if person else {})})
    db.execute(_CHANGE, {"row": question.person_id, **_answer(person, now)})


def learn_nothing(db: Db, question: Question, now: datetime) -> None:
    """The system did not answer: what was known stays."""
    values = {"due_at": None, "asked_at": None, "checked_at": now, "expires_at": now + AFTER_ERROR}
    db.execute(_CHANGE, {"row": question.person_id, **values})


def keep(db: Db, connection_id: int, chat_id: str, person: Person, now: datetime) -> None:
    """Keep whom a delivery found or made, so that nobody has to search again. A name that it leaves out stays."""
    key = (table.c.connection_id == connection_id) & (table.c.chat_id == chat_id)
    known = db.execute(select(table.c.person).where(key)).scalar()
    person = person if person.name or not known else replace(person, name=known["name"])
    values = _answer(person, now)
    row = upsert(db, table).values(connection_id=connection_id, chat_id=chat_id, **values)
    db.execute(row.on_conflict_do_update(index_elements=["connection_id", "chat_id"], set_=values))


def due(db: Db, now: datetime, limit: int) -> Sequence[int]:
    """Questions whose message seems to be lost, or whose asker never came back."""
    query = select(table.c.id).where(table.c.due_at <= now - _LOST).order_by(table.c.due_at).limit(limit)
    return db.execute(query).scalars().all()


def _answer(person: Person | None, now: datetime) -> dict[str, Any]:
    stored = _cleaned(person) if person else None
    return {
        "person": stored,
        "name_folded": folded(stored["name"]) if stored and stored["name"] else None,
        "checked_at": now,
        "expires_at": now + (WITH_NAME if stored and stored["name"] else WITHOUT_NAME),
        "due_at": None,
        "asked_at": None,
    }


def _cleaned(person: Person) -> dict[str, Any]:
    stored = asdict(person)
    return {**stored, "name": clean(person.name or "") or None, "parts": dict(person.parts)}

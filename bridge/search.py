"""Calls looked for: by whoever called, how it ended, on which line, when, and who was to be told.

A name is compared with every name that is known of a chat, whichever is shown; a number with any part of a number.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, Table, and_, false, or_, select
from sqlalchemy import Connection as Db

from bridge import listing
from bridge.listing import Shown
from bridge.store import Store, tables
from bridge.text import clean, folded

LONGEST = 100
"""How much of what somebody looks for is read; no name is longer."""
_MOST_WORDS = 8
_FEWEST_DIGITS = 3
_FULL_NUMBER = 10
_FEW = 500
"""So many are looked up one by one; of what is more frequent, the newest calls soon have enough."""
_AT_ONCE = 500
_NUMBER = re.compile(r"[\d\s()+./\u2010-\u2015-]+")
_TRUNK = re.compile(r"^(00?|8)")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LARGEST_ID = 2**31 - 1  # PostgreSQL compares with no larger one
_PLACE = re.compile(r"(\d{1,17})-(\d{1,18})", re.ASCII)  # microseconds since 1970, and the row's id

_calls, _callers, _people = tables.calls, tables.callers, tables.people
_instances, _connections, _deliveries = tables.instances, tables.connections, tables.deliveries


@dataclass(frozen=True, slots=True)
class Filter:
    """Which calls are looked for; what is left out lets every call through. `until` is the first moment too late."""

    text: str = ""
    statuses: Sequence[str] = ()
    instance: str | None = None
    connection: str | None = None
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """Some calls, newest first, as `call list` shows them. `next` is where to go on; None at the end."""

    rows: list[Shown]
    next: str | None


@dataclass(frozen=True, slots=True)
class Choices:
    """What calls can be told apart by: names of instances and connections, those that were removed included."""

    instances: list[str]
    connections: list[str]


def find(db: Db, wanted: Filter, *, after: str | None = None, limit: int = 50) -> Page:
    """The newest calls that fit, or those that follow `after`, the `next` of another page.

    Raises ValueError where `after` is nothing of the kind.
    """
    query: Select[Any] = select(_calls.c.id, _calls.c.started_at).where(*_conditions(wanted))
    if wanted.connection:
        query = query.where(_is_owed_to(db, wanted.connection))
    if asked := _asked(wanted.text):
        query = query.outerjoin(_callers, _is_caller()).where(_is_meant(asked))
        chats = _few_chats(db, asked)
        query = query if chats is None else query.where(_calls.c.chat_id.in_(chats))
    if after is not None:
        query = query.where(_follows(after))
    newest = query.order_by(_calls.c.started_at.desc(), _calls.c.id.desc()).limit(limit + 1)
    found = db.execute(newest).all()
    rows = listing.calls(db, [row.id for row in found[:limit]])
    return Page(rows, _place(found[limit - 1]) if len(found) > limit else None)


def every(store: Store, wanted: Filter) -> Iterator[Shown]:
    """All calls that fit, newest first, however many: a portion at a time, no transaction open in between."""
    place: str | None = None
    while True:
        with store.read() as db:
            page = find(db, wanted, after=place, limit=_AT_ONCE)
        yield from page.rows
        place = page.next
        if place is None:
            return


def choices(db: Db) -> Choices:
    """The names that a filter may hold."""
    return Choices(_names_in(db, _instances), _names_in(db, _connections))


def _names_in(db: Db, table: Table) -> list[str]:
    return sorted(db.execute(select(table.c.name).distinct()).scalars(), key=lambda name: (folded(name), name))


@dataclass(frozen=True, slots=True)
class _Asked:
    """What somebody typed: words, each of which a name must hold, and the numbers that it may be a part of."""

    words: Sequence[str]
    numbers: Sequence[str]


def _asked(text: str) -> _Asked | None:
    line = clean(text, LONGEST)
    words = folded(line).split()[:_MOST_WORDS]
    return _Asked(words, _numbers(line)) if words else None


def _numbers(line: str) -> list[str]:
    """The digits of what may be a number, and without what is dialled before it at home."""
    if not _NUMBER.fullmatch(line):
        return []
    digits = "".join(str(unicodedata.decimal(one)) for one in line if one.isdecimal())
    if len(digits) < _FEWEST_DIGITS:
        return []
    return list(dict.fromkeys([digits, _TRUNK.sub("", digits)] if len(digits) >= _FULL_NUMBER else [digits]))


def _conditions(wanted: Filter) -> Iterator[ColumnElement[bool]]:
    if wanted.statuses:
        yield _calls.c.status.in_(wanted.statuses)
    if wanted.instance:
        yield _calls.c.instance_id.in_(select(_instances.c.id).where(_instances.c.name == wanted.instance))
    if wanted.since:
        yield _calls.c.started_at >= wanted.since
    if wanted.until:
        yield _calls.c.started_at < wanted.until


def _is_owed_to(db: Db, name: str) -> ColumnElement[bool]:
    """Whether a connection of this name is or was owed something about a call.

    Where those are few calls, looking into each of all the others would take long.
    """
    of_name = db.execute(select(_connections.c.id).where(_connections.c.name == name)).scalars().all()
    is_its = _deliveries.c.connection_id.in_(of_name)
    few = db.execute(select(_deliveries.c.call_id).where(is_its).limit(_FEW + 1)).scalars().all()
    if len(few) <= _FEW:
        return _calls.c.id.in_(few)
    return select(_deliveries.c.id).where(_deliveries.c.call_id == _calls.c.id, is_its).exists()


def _is_caller() -> ColumnElement[bool]:
    return (_callers.c.instance_id == _calls.c.instance_id) & (_callers.c.chat_id == _calls.c.chat_id)


def _is_meant(asked: _Asked) -> ColumnElement[bool]:
    """Whether a call, beside its row of callers, is from somebody of whom that was asked."""
    return or_(_is_called(asked), _calls.c.chat_id.in_(_of_people(asked)), _has_number(_calls.c.chat_id, asked))


def _is_called(asked: _Asked) -> ColumnElement[bool]:
    names = (_callers.c.contact_name_folded, _callers.c.name_folded)
    by_name = and_(*(or_(*(name.contains(word, autoescape=True) for name in names)) for word in asked.words))
    return or_(by_name, _has_number(_callers.c.phone_chat, asked))


def _of_people(asked: _Asked) -> Select[Any]:
    """Whom a connected system knows by such a name."""
    holds = (_people.c.name_folded.contains(word, autoescape=True) for word in asked.words)
    there = select(_people.c.chat_id).join(_connections, _connections.c.id == _people.c.connection_id)
    return there.where(_connections.c.removed_at.is_(None), *holds)


def _has_number(chat: ColumnElement[str], asked: _Asked) -> ColumnElement[bool]:
    """The ids of groups and of those who hide their number hold digits that are no number."""
    is_number = or_(chat.endswith("@c.us"), chat.endswith("@s.whatsapp.net"))
    return and_(or_(false(), *(chat.contains(digits) for digits in asked.numbers)), is_number)


def _few_chats(db: Db, asked: _Asked) -> list[str] | None:
    """The chats of those who are meant and have called, if there are few of them."""
    has_called = select(_calls.c.id).where(_calls.c.chat_id == _callers.c.chat_id).exists()
    queries = [select(_callers.c.chat_id).where(_is_called(asked), has_called), _of_people(asked)]
    if asked.numbers:
        queries.append(select(_calls.c.chat_id).where(_has_number(_calls.c.chat_id, asked)).distinct())
    chats: set[str] = set()
    for query in queries:
        chats |= set(db.execute(query.limit(_FEW + 1)).scalars())
        if len(chats) > _FEW:
            return None
    return sorted(chats)


def _place(row: Row[Any]) -> str:
    return f"{(row.started_at - _EPOCH) // timedelta(microseconds=1)}-{row.id}"


def _follows(place: str) -> ColumnElement[bool]:
    match = _PLACE.fullmatch(place)
    if match is None:
        raise ValueError("There is no such place in the list of calls: begin with its first page.")
    at, last = _EPOCH + timedelta(microseconds=int(match[1])), min(int(match[2]), _LARGEST_ID)
    return (_calls.c.started_at <= at) & or_(_calls.c.started_at < at, _calls.c.id < last)

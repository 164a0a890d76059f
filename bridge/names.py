"""The chain of names: which one is shown for a caller, who has to be asked for one, and how long that is waited for.

GREEN-API (`bridge.callers`) and the connected systems (`bridge.people`) are asked together, and only those whose answer
could matter in the instance's order.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection as Db
from sqlalchemy import bindparam, select

from bridge import callers, deliveries, people, words
from bridge.callers import Booking, Names
from bridge.connections import Connection
from bridge.deliveries import Doorbell
from bridge.greenapi import chats
from bridge.instances import Instance
from bridge.people import Known
from bridge.store.tables import instances
from connectors.kit import Caller, CallerSource
from connectors.kit.phone import international


@dataclass(frozen=True, slots=True)
class Asked:
    """Who is asked because of a call, and when a name may be known at the earliest; None where nobody is asked.

    `booking` is the place in the queue for GREEN-API, `questions` are those to be put to connected systems now.
    """

    booking: Booking | None = None
    questions: Sequence[int] = ()
    expected_at: datetime | None = None


_OF_INSTANCE = select(instances.c.name, instances.c.name_order).where(instances.c.id == bindparam("instance"))


def caller(chat_id: str, names: Names, crm: str | None, order: Sequence[str], language: str = words.ENGLISH) -> Caller:
    """The name to show: the first in `order` that is not blank, else the number, else what it is instead of one."""
    number = chats.phone(chat_id)
    if chats.is_group(chat_id):
        return Caller(chat_id, words.language(language).group, "group")
    known: dict[str, tuple[CallerSource, str | None]] = {
        "contact_name": ("contact_name", names.contact_name),
        "name": ("name", names.name),
        "crm": ("crm", crm),
    }
    for source, name in (known[one] for one in order):
        if name:
            return Caller(chat_id, name, source, number)
    if number:
        return Caller(chat_id, international(number), "phone", number)
    return Caller(chat_id, words.language(language).hidden, "hidden")


def crm_name(db: Db, instance: str, chat_id: str, names: Names, order: Sequence[str]) -> str | None:
    """The name that the connected systems know, looked for only where it would be shown."""
    before = order[: order.index("crm")] if "crm" in order else order
    if "crm" not in order or any(getattr(names, source) for source in before):
        return None
    return first_name(people.of_chat(db, instance, chat_id).values())


def first_name(known: Iterable[Known]) -> str | None:
    """Of several systems, the first in the order of the file that has a name wins."""
    return next((one.name for one in known if one.name), None)


def ask(db: Db, instance: Instance, connections: Sequence[Connection], chat_id: str, now: datetime) -> Asked:
    """Have everybody asked who could know a better name than those that are known already."""
    if chats.is_group(chat_id):
        return Asked()
    cached = callers.cached(db, instance.id, chat_id)
    asks_green_api, finders = False, list[Connection]()
    for source in instance.config.name_order:
        if source == "crm":
            finders, settled = _finders(db, instance, connections, chat_id, now)
        else:
            asks_green_api = asks_green_api or not cached.is_fresh(now)
            settled = bool(getattr(cached.names, source))
        if settled:
            break
    booking = callers.book(db, instance, chat_id, now) if asks_green_api else None
    questions = [people.ask(db, one.id, chat_id, now) for one in finders]
    times = [booking.asked_at or booking.name_due] if booking else []
    return Asked(
        booking=booking,
        questions=[question for question in questions if question is not None],
        expected_at=min([*times, now] if finders else times, default=None),
    )


def let_go(db: Db, chat_id: str, now: datetime) -> list[Doorbell]:
    """Let go what waited for this caller's name and has no better one to wait for."""
    bells: list[Doorbell] = []
    for instance_id in deliveries.waiting(db, chat_id, now):
        bells += deliveries.release(db, instance_id, chat_id, now, awaited=awaited(db, instance_id, chat_id, now))
    return bells


def awaited(db: Db, instance_id: int, chat_id: str, now: datetime) -> datetime | None:
    """When somebody may answer with a better name than what is known; None where nobody is being asked for one."""
    instance = db.execute(_OF_INSTANCE, {"instance": instance_id}).one()
    cached = callers.cached(db, instance_id, chat_id)
    green_api_at = callers.expected_at(db, instance_id, chat_id)
    expected: list[datetime] = []
    for source in instance.name_order:
        if source == "crm":
            known = people.of_chat(db, instance.name, chat_id)
            if any(one.is_asked for one in known.values()):
                expected.append(now)
            settled = first_name(known.values()) is not None
        else:
            if green_api_at is not None:
                expected.append(green_api_at)
            settled = bool(getattr(cached.names, source)) and green_api_at is None
        if settled:
            break
    return min(expected, default=None)


def _finders(
    db: Db, instance: Instance, connections: Sequence[Connection], chat_id: str, now: datetime
) -> tuple[list[Connection], bool]:
    """The connections whose system is to be asked, and whether one of them has a name already."""
    finders = [one for one in connections if one.finds and one.paused_by is None]
    if not finders or chats.phone(chat_id) is None:
        return [], False
    known = people.of_chat(db, instance.name, chat_id)
    stale: list[Connection] = []
    for one in finders:
        its = known.get(one.id)
        if its is None or not its.is_fresh(now):
            stale.append(one)
        elif its.name:
            break  # those behind it could not win
    return stale, any(known[one.id].name for one in finders if one.id in known)

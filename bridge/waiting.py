"""The question who waits to be called back: from the last time that somebody was done with them or spoke to them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, bindparam, func, or_, select

from bridge.calls import REHEARSAL_CHAT
from bridge.identities import named
from bridge.store.tables import calls, instances
from bridge.store.tables import follow_ups as table

LISTED_FOR = timedelta(days=7)
"""How long a missed call waits in the list."""
AT_MOST = 500
"""How many missed calls are looked at, the newest."""

_answered = calls.alias("answered")
_earlier = table.alias("earlier")
_ANSWERED_AT = (
    select(func.max(_answered.c.started_at))
    .where(_answered.c.instance_id == calls.c.instance_id, _answered.c.chat_id == calls.c.chat_id)
    .where(_answered.c.status == bindparam("answered", "answered", literal_execute=True))
    .scalar_subquery()
)
_DONE_THROUGH = (
    select(func.max(_earlier.c.done_through))
    .where(_earlier.c.instance_id == calls.c.instance_id, _earlier.c.chat_id == calls.c.chat_id)
    .scalar_subquery()
)
# An index of some rows alone is used by SQLite only where its condition stands in the question word by word.
_IS_MISSED = calls.c.status.in_(bindparam("missed", ["missed", "dropped"], expanding=True, literal_execute=True))


def _waiting(*of_chat: ColumnElement[bool]) -> Select[Any]:
    """The question who waits for a call, the latest first: one row for each chat."""
    newest = (
        select(calls.c.instance_id, calls.c.chat_id, calls.c.started_at)
        .add_columns(_ANSWERED_AT.label("answered_at"), _DONE_THROUGH.label("done_through"))
        .where(_IS_MISSED, calls.c.direction == "incoming", calls.c.started_at >= bindparam("since"), *of_chat)
        .where(calls.c.chat_id != REHEARSAL_CHAT)  # there is nobody to call back
        .order_by(calls.c.started_at.desc())
        .limit(AT_MOST)
        .subquery("newest")
    )
    entry = (
        select(newest.c.instance_id, newest.c.chat_id, func.count().label("calls"))
        .add_columns(func.min(newest.c.started_at).label("first_at"), func.max(newest.c.started_at).label("last_at"))
        .where(or_(newest.c.answered_at.is_(None), newest.c.started_at > newest.c.answered_at))
        .where(or_(newest.c.done_through.is_(None), newest.c.started_at > newest.c.done_through))
        .group_by(newest.c.instance_id, newest.c.chat_id)
        .subquery("entry")
    )
    of_same = (table.c.instance_id == entry.c.instance_id) & (table.c.chat_id == entry.c.chat_id)
    return (
        named(select(*entry.c, func.count().over().label("in_all")), entry)
        .add_columns(table.c.id.label("follow_up_id"), table.c.claimed_by, table.c.claimed_at)
        .outerjoin(table, of_same & table.c.done_at.is_(None))
        .where(instances.c.removed_at.is_(None))
        .order_by(entry.c.last_at.desc(), entry.c.chat_id, entry.c.instance_id)
    )


LATEST = _waiting()
"""Everybody, since a moment."""
OF_CHAT = _waiting(calls.c.instance_id == bindparam("instance_id"), calls.c.chat_id == bindparam("chat_id"))
"""The same of one chat, as one row or none."""

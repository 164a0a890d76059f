"""Rereading: notifications that could not be read when they came, read again once the bridge understands more.

What is readable now enters by the same door as any other, as of the moment when it came: ringing of then is not told,
an outcome is. Whoever sweeps finds what is due, so nothing but the store is needed.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from sqlalchemy import Connection as Db
from sqlalchemy import Row, Select, delete, select

from bridge import deliveries, intake, story
from bridge.directory import Snapshot
from bridge.greenapi.events import CallEvent, Unreadable, read
from bridge.notifications import LONGEST_BODY
from bridge.settings import Settings
from bridge.store.tables import calls, instances
from bridge.store.tables import notifications as table

Result = Literal["read", "nothing", "refused"]

_ROW: Select[Any] = (
    select(table, instances.c.id_instance, calls.c.key.label("call"))
    .outerjoin(instances, instances.c.id == table.c.instance_id)
    .outerjoin(calls, calls.c.id == table.c.call_id)
    .with_for_update(of=table)
)
_CUT = " Only its first 64 KiB were kept, so it never can be; GREEN-API's journal may still know the call."


@dataclass(frozen=True, slots=True)
class Reread:
    """What came of one: it was `read`, there was `nothing` to do, or it was `refused`. `text` is a sentence."""

    notification_id: int
    result: Result
    text: str


def unread(db: Db) -> list[int]:
    """The notifications that could not be read, oldest first: an offer before its outcome."""
    query = select(table.c.id).where(table.c.verdict == "unread")
    return list(db.execute(query.order_by(table.c.received_at, table.c.id)).scalars())


def reread(db: Db, notification_id: int, snapshot: Snapshot, settings: Settings, now: datetime) -> Reread:
    """Read one notification again. If it is readable, it takes the place of the unread one."""
    row = db.execute(_ROW.where(table.c.id == notification_id)).one_or_none()
    if row is None:
        missing = "There is no such notification; `ringbridge notification list` shows those that there are."
        return Reread(notification_id, "refused", missing)
    if row.verdict != "unread":
        belongs = f", and belongs to the call {row.call}" if row.call else ""
        return Reread(row.id, "nothing", f"It was read when it came{belongs}: a replay changes nothing.")
    body = row.body.encode()
    try:
        found = read(body)
    except Unreadable as error:
        cut = _CUT if len(body) >= LONGEST_BODY else ""
        return Reread(row.id, "refused", f"It still cannot be read. {error}{cut}")
    if reason := _stranger(row, found.id_instance, snapshot):
        return Reread(row.id, "refused", reason)
    db.execute(delete(table).where(table.c.id == row.id))
    if found.call is None:
        return Reread(row.id, "read", f"It is a notification of type {found.type}, which is not needed or kept.")
    return Reread(row.id, "read", _accepted(db, row, found.call, body, snapshot, settings, now))


def _stranger(row: Row[Any], id_instance: str | None, snapshot: Snapshot) -> str | None:
    """Why a notification that names this instance is none of ours, or None."""
    if id_instance is None:
        return None
    if row.id_instance is not None and row.id_instance != id_instance:
        return f"It names the instance {id_instance}, but came with the token of {row.id_instance}."
    if id_instance not in snapshot.by_id_instance:
        return (
            f"It names the instance {id_instance}, and there is none; `ringbridge instance list` shows those we have."
        )
    return None


def _accepted(
    db: Db, row: Row[Any], event: CallEvent, body: bytes, snapshot: Snapshot, settings: Settings, now: datetime
) -> str:
    accepted = intake.accept(db, event, body, snapshot, settings, row.received_at)
    if accepted.call_id is None:
        if accepted.verdict == "own":
            return "It was read: it came from our own account, and makes no call."
        return "It was read: what it says was known already, so nothing changes."
    call = db.execute(select(calls.c.id, calls.c.name_due).where(calls.c.key == accepted.call_id)).one()
    # The queue for names is one of today: seen from then, an answer seems too far away to be waited for.
    longest = intake.NAME_WAIT_OF_OUTCOMES if call.name_due is not None else timedelta(0)
    deliveries.postpone(db, call.id, row.received_at, now, longest)
    story.tell(db, call.id, "replayed", now, notification=row.id)
    return f"It was read, and belongs to the call {accepted.call_id}."

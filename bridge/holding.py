"""Connections that are not told for a while, or ever again, and what becomes of what they are owed."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Connection as Db
from sqlalchemy import bindparam, case, null, or_, select, text, update

from bridge import connections, story
from bridge.connections import Connection, PausedBy
from bridge.store.chosen import chosen
from bridge.store.tables import connections as known
from bridge.store.tables import deliveries as table
from connectors.kit import CallStatus

REMOVED = "The connection was removed."
PAUSED_THEN = "The connection was paused while the phone rang."

_WAITING = (table.c.state == "due") & table.c.lease_until.is_(None)
_STAND_STILL = (
    update(table).where(table.c.id == bindparam("row")).values(failing_since=None, failed_for=bindparam("seconds"))
)
# Whoever holds a row back may not have heard yet that its connection was resumed, or removed.
_NOT_PAUSED = select(known.c.id).where(or_(known.c.paused_by.is_(None), known.c.removed_at.is_not(None)))
_STRANDED = select(table.c.id).where(
    table.c.connection_id.in_(_NOT_PAUSED),
    table.c.state == "held",
    text("deliveries.state IN ('due', 'held')"),  # in the very words of the index, or SQLite would not use it
)


_PROBED = ("credentials", "broken")
"""What may pass without anybody's doing here. A connection that is gone asked never to be asked again."""


def pause(
    db: Db, connection_id: int, by: PausedBy, reason: str, now: datetime, probe_after: timedelta = timedelta(minutes=5)
) -> bool:
    """Tell the connection nothing more, and hold what it is owed; False if it was paused already."""
    probe_at = now + probe_after if by in _PROBED else None
    if not connections.pause(db, connection_id, by, reason, probe_at):
        return False
    failing = select(table.c.id, table.c.failing_since).where(
        _WAITING, table.c.connection_id == connection_id, table.c.failing_since.is_not(None)
    )
    stopped = [{"row": row.id, "seconds": failed_for(row.failing_since, now)} for row in db.execute(failing)]
    if stopped:
        db.execute(_STAND_STILL, stopped)
    waiting = _WAITING & (table.c.connection_id == connection_id)
    story.tell_each(db, select(table.c.call_id).where(waiting), "held", now, connection_id, reason=reason)
    held = update(table).where(waiting)
    # What may have been written cannot be found before its time, however soon the connection is resumed.
    not_before = case((table.c.unsure, table.c.due_at), else_=null())
    db.execute(held.values(state="held", due_at=not_before, reason=reason))
    return True


def resume(db: Db, connection_id: int, now: datetime) -> None:
    """Tell the connection again, and let what was held fall due, however old; ringing of that time is not told."""
    connections.resume(db, connection_id)
    is_held = (table.c.connection_id == connection_id) & (table.c.state == "held")
    rang = is_held & (table.c.owes == CallStatus.RINGING) & table.c.withdrawn.is_(None)
    story.tell_each(db, select(table.c.call_id).where(rang), "skipped", now, connection_id, reason=PAUSED_THEN)
    db.execute(update(table).where(rang).values(state="skipped", due_at=None, reason=PAUSED_THEN))
    not_before = case((table.c.due_at > now, table.c.due_at), else_=now)
    db.execute(update(table).where(is_held).values(state="due", due_at=not_before, rung_at=None, reason=None))


def any_stranded(db: Db) -> bool:
    """Whether anything is held for a connection that nothing will resume: looking is cheaper than writing."""
    return db.execute(_STRANDED.limit(1)).first() is not None


def free_stranded(db: Db, now: datetime, limit: int) -> None:
    """Let that fall due; the claim judges what is to become of it."""
    freed = update(table).where(table.c.id.in_(chosen(_STRANDED.limit(limit))))
    db.execute(freed.values(state="due", due_at=now, rung_at=None, reason=None))


def remove(db: Db, connection: Connection, now: datetime) -> None:
    """The connection is no more, and nothing is owed to it. What is being told this moment is seen to afterwards."""
    connections.remove(db, connection, now)
    is_owed = (
        (table.c.connection_id == connection.id) & table.c.state.in_(("due", "held")) & table.c.lease_until.is_(None)
    )
    story.tell_each(db, select(table.c.call_id).where(is_owed), "skipped", now, connection.id, reason=REMOVED)
    db.execute(update(table).where(is_owed).values(state="skipped", due_at=None, reason=REMOVED))


def free_leases(db: Db, holder: str, now: datetime) -> int:
    """Give back at once what a dead predecessor of this name was carrying. Returns how many there were."""
    freed = db.execute(
        update(table)
        .where(table.c.leased_by == holder, table.c.lease_until.is_not(None))
        .values(lease_until=None, leased_by=None, due_at=now, rung_at=None, deaths=table.c.deaths + 1)
    )
    return freed.rowcount


def failed_for(since: datetime, now: datetime) -> int:
    """How many seconds it has failed: where that clock stands while the row is held."""
    return max(0, round((now - since) / timedelta(seconds=1)))

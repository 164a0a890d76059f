"""Who polls which instance: a lease of a few seconds in the store, renewed while the poller lives."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection as Db
from sqlalchemy import or_, select, update

from bridge.store.chosen import chosen
from bridge.store.tables import instances as table

LEASE = timedelta(seconds=10)
NOBODY = "Nobody polls it: start `ringbridge up`, or `ringbridge poll`."


@dataclass(frozen=True, slots=True)
class Held:
    """One instance that is ours to poll. `reason` is why polling did not work when that was last heard of."""

    instance_id: int
    reason: str | None


def hold(db: Db, holder: str, wanted: Collection[int], limit: int, now: datetime) -> list[Held]:
    """Renew what this holder has of these instances, and take what nobody holds, up to so many in all."""
    is_ours = table.c.poller == holder
    is_free = or_(table.c.poller.is_(None), table.c.poll_until <= now)
    some = (
        select(table.c.id)
        .where(table.c.id.in_(wanted), table.c.removed_at.is_(None), or_(is_ours, is_free))
        .order_by(is_free, table.c.id)  # what we have comes first
        .limit(limit)
    )
    taken = update(table).where(table.c.id.in_(chosen(some))).values(poller=holder, poll_until=now + LEASE)
    return [Held(row.id, row.poll_reason) for row in db.execute(taken.returning(table.c.id, table.c.poll_reason))]


def release(db: Db, holder: str, instance_ids: Collection[int]) -> None:
    """Let others poll these at once."""
    ours = update(table).where(table.c.id.in_(instance_ids), table.c.poller == holder)
    db.execute(ours.values(poller=None, poll_until=None))


def note(db: Db, holder: str, instance_id: int, reason: str | None) -> None:
    """Write down why polling does not work, or that it does, unless somebody else has taken over meanwhile."""
    ours = update(table).where(table.c.id == instance_id, table.c.poller == holder)
    db.execute(ours.values(poll_reason=reason))


def fault(until: datetime | None, reason: str | None, now: datetime) -> str | None:
    """Why an instance that is to be polled is not, or is in vain; None where it works. `until` is its lease."""
    if until is None or until <= now:
        return NOBODY
    return reason

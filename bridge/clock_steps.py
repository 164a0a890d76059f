"""What becomes of stored moments when the clock is set: by somebody, by NTP after a start, by a machine that woke up.

Every moment in the store was read off the clock of the process that wrote it. What is owed then waits for a moment
that the clock shows an hour too late, and a lease ends an hour too soon. The sweep notices a step of more than a
minute and mends both here: nothing is awaited for longer than a lease, and no lease ends while it is held. Done twice,
as by several processes, this changes nothing more. Smaller steps cost no more than a minute.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime, timedelta

from sqlalchemy import Connection as Db
from sqlalchemy import or_, update

from bridge import memory, polling
from bridge.store.tables import calls, connections, deliveries, instances, people

LEAST = timedelta(minutes=1)
"""Clocks of several machines differ by less, and so does one that is corrected as it should be."""

_STRAGGLERS = 5.0
"""Seconds after which nobody writes down any more what the clock showed before it was set."""

_AWAITED = (
    (connections, "rests_until"),
    (connections, "probe_at"),
    (instances, "lookup_at"),
    (instances, "lookups_until"),
    (instances, "restarting_until"),
    (instances, "journal_due"),
    (people, "due_at"),
    (calls, "name_due"),
)
"""Moments before which something is not done. To do one of them too early costs one request."""

_HELD = ((connections, "memory_lease_until", memory.LEASE), (instances, "poll_until", polling.LEASE))
"""Leases beside those of deliveries, and for how long each is taken."""


class Steadiness:
    """Compares a process's clock with one that nobody can set. That one may stand still while the machine sleeps."""

    def __init__(self, steady: Callable[[], float] = time.monotonic) -> None:
        self._steady = steady
        self._apart: float | None = None
        self._again_at: float | None = None

    def leap(self, now: datetime) -> timedelta:
        """How far the clock has leapt ahead since `mark`. Zero where it did not, or not by much."""
        apart = now.timestamp() - self._steady()
        leapt = timedelta(seconds=0 if self._apart is None else apart - self._apart)
        return leapt if leapt > LEAST else timedelta(0)

    def mark(self, now: datetime) -> None:
        """What has happened until now is seen to."""
        self._apart = now.timestamp() - self._steady()

    def was_set_back(self) -> None:
        """That was mended. Who looked at the clock before, and has yet to commit, will be mended too."""
        self._again_at = self._steady() + _STRAGGLERS

    def is_to_be_mended_again(self) -> bool:
        """True once, when whoever was late must have committed."""
        if self._again_at is None or self._steady() < self._again_at:
            return False
        self._again_at = None
        return True


def set_back(db: Db, now: datetime, lease: timedelta) -> None:
    """The clock shows an earlier time than before: whatever lies further ahead than a lease is done now.

    Not so what may be in somebody's hands, or may have been written and cannot be found yet: that waits for one lease.
    """
    ahead = now + lease
    for table, name in _AWAITED:
        column = table.c[name]
        db.execute(update(table).where(column > ahead).values({name: now}))
    for table, name, lasts in _HELD:
        column = table.c[name]
        db.execute(update(table).where(column > now + lasts).values({name: now + lasts}))
    # The silence of who does not say how a call ended is counted from now.
    db.execute(update(calls).where(calls.c.status == "ringing", calls.c.received_at > now).values(received_at=now))
    late, of = deliveries.c.due_at > ahead, deliveries.c
    in_hand = or_(of.lease_until.is_not(None), of.unsure)
    db.execute(update(deliveries).where(late, in_hand).values(due_at=ahead, rung_at=None))
    db.execute(update(deliveries).where(late, ~in_hand).values(due_at=now, rung_at=None))
    db.execute(update(deliveries).where(of.lease_until > ahead).values(lease_until=ahead))
    # A message that was sent in the future would be waited for until then.
    db.execute(update(deliveries).where(of.state == "due", of.rung_at > now).values(rung_at=None))


def set_forward(db: Db, before: datetime, now: datetime, lease: timedelta) -> None:
    """The clock shows a later time than has passed; it showed `before` for now. Leases that were held then begin anew.

    Whoever holds one goes by a clock that cannot be set, and may be in the middle of a request.
    """
    of, until = deliveries.c, now + lease
    held = of.lease_until.between(before, before + lease)
    db.execute(update(deliveries).where(held).values(lease_until=until, due_at=until, rung_at=None))
    for table, name, lasts in _HELD:
        was_held = table.c[name].between(before, before + lasts)
        db.execute(update(table).where(was_held).values({name: now + lasts}))

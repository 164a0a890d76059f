"""The breaker of each connection, in the store and so shared by all processes: who does not answer is left alone.

It opens when a connection could not be reached five times in a row, or when half of its last attempts, ten at least
within a minute, came to no certain end. After a while one attempt goes through as a probe, over all workers, and its
outcome closes the breaker or opens it for twice as long. A refusal is an answer, and so is a request for a pause: that
is kept, but says nothing about the system's health. An attempt of several steps that got some of them done and lost one
answer found a system at work, too: it is tried again in its own time.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import takewhile

from sqlalchemy import Connection as Db
from sqlalchemy import bindparam, select, update

from bridge.policies import Outcome, TryAgain
from bridge.store.tables import attempts, connections, deliveries

WAITS = "Its system does not answer, or asked for a pause; this waits until then."

_FAILURES_IN_A_ROW = 5
_WINDOW = timedelta(seconds=60)
_FEWEST = 10
_SAMPLE = 50
_FIRST, _LONGEST = 15, 300  # seconds
_BAD = ("unreached", "unknown")

_CONNECTION = select(connections.c.rests_until, connections.c.broken_for).where(connections.c.id == bindparam("row"))
_CHANGE = update(connections).where(connections.c.id == bindparam("row"))
_LAST = (
    select(attempts.c.outcome, attempts.c.ended_at)
    .where(attempts.c.connection_id == bindparam("connection"), attempts.c.ended_at.is_not(None))
    .order_by(attempts.c.id.desc())
    .limit(_SAMPLE)
)


def take_probe(db: Db, connection_id: int, rests_until: datetime, lease_until: datetime) -> bool:
    """Become the one attempt that may find out whether the system answers again; False if somebody else is it."""
    taken = db.execute(
        update(connections)
        .where(connections.c.id == connection_id, connections.c.rests_until == rests_until)
        .values(rests_until=lease_until)
    )
    return taken.rowcount == 1


def heard(db: Db, connection_id: int, outcome: Outcome, now: datetime, *, probe: bool) -> None:
    """What an attempt says about its system; the attempt itself is written down already."""
    if isinstance(outcome, TryAgain) and outcome.trouble in _BAD and not outcome.progressed:
        row = db.execute(_CONNECTION.with_for_update(), {"row": connection_id}).one()
        if probe:
            _open(db, connection_id, min(2 * (row.broken_for or _FIRST), _LONGEST), now)
        elif row.broken_for is None and _is_down(db, connection_id, now):
            _open(db, connection_id, _FIRST, now)
        return
    if probe:
        _close(db, connection_id, now)
    if isinstance(outcome, TryAgain) and outcome.rest:
        rest(db, connection_id, now + timedelta(seconds=outcome.rest))


def rest(db: Db, connection_id: int, until: datetime) -> None:
    """Leave the connection alone until then, or longer if that is said already."""
    resting = db.execute(_CONNECTION, {"row": connection_id}).one().rests_until
    if resting is None or resting < until:
        db.execute(_CHANGE, {"row": connection_id, "rests_until": until})


def end_line(db: Db, connection_id: int, line: datetime) -> None:
    """Nobody waits any more after the pause that ended then: each claim need not look for a line from now on."""
    waiting = select(deliveries.c.id).where(deliveries.c.connection_id == connection_id, deliveries.c.state == "due")
    db.execute(
        update(connections)
        .where(connections.c.id == connection_id, connections.c.rests_until == line, ~waiting.exists())
        .values(rests_until=None)
    )


def give_back(db: Db, connection_id: int, now: datetime) -> None:
    """The attempt that was the probe did not take place: another may be it at once."""
    db.execute(_CHANGE, {"row": connection_id, "rests_until": now})


def _is_down(db: Db, connection_id: int, now: datetime) -> bool:
    last = db.execute(_LAST, {"connection": connection_id}).all()
    if len(list(takewhile(lambda one: one.outcome == "unreached", last))) >= _FAILURES_IN_A_ROW:
        return True
    return _is_bad([one.outcome for one in last if one.ended_at > now - _WINDOW])


def _is_bad(outcomes: Sequence[str]) -> bool:
    return len(outcomes) >= _FEWEST and 2 * sum(outcome in _BAD for outcome in outcomes) >= len(outcomes)


def _open(db: Db, connection_id: int, seconds: int, now: datetime) -> None:
    # The jitter keeps many connections to one system from asking it at the same moment.
    until = now + timedelta(seconds=seconds * random.uniform(1.0, 1.2))  # noqa: S311
    db.execute(_CHANGE, {"row": connection_id, "rests_until": until, "broken_for": seconds})


def _close(db: Db, connection_id: int, now: datetime) -> None:
    db.execute(_CHANGE, {"row": connection_id, "rests_until": None, "broken_for": None})
    of = deliveries.c
    # Who was let go from a line before, and is being told this moment, waits no more.
    waits = (of.connection_id == connection_id, of.state == "due", of.reason == WAITS, of.lease_until.is_(None))
    db.execute(update(deliveries).where(*waits).values(due_at=now, rung_at=None, reason=None))

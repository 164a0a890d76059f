"""What is wrong with an instance as far as the bridge has heard, in sentences for lists and in words for metrics.

Nothing is asked of GREEN-API here: that is what `instance check` is for.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from sqlalchemy import Connection as Db
from sqlalchemy import Row, Select, func, select, text

from bridge import alarms, polling
from bridge.greenapi.alerts import QUOTA_EXCEEDED
from bridge.store import tables

Reason = Literal["state", "quota", "refused", "silent", "polling", "journal"]
REASONS: tuple[Reason, ...] = ("state", "quota", "refused", "silent", "polling", "journal")

SILENCE = timedelta(hours=24)
_REFUSED_LATELY = timedelta(minutes=10)  # GREEN-API sends what was refused again after one

_instances, _notifications = tables.instances, tables.notifications
# Written out as in the index: with a bound value SQLite would not see that it is the same.
_QUOTA_USED_UP = select(func.max(_notifications.c.received_at)).where(
    _notifications.c.instance_id == _instances.c.id,
    text("notifications.verdict = 'alert'"),
    _notifications.c.type == QUOTA_EXCEEDED,
)
_ACTIVE: Select[Any] = select(_instances, _QUOTA_USED_UP.scalar_subquery().label("quota_at")).where(
    _instances.c.removed_at.is_(None)
)


@dataclass(frozen=True, slots=True)
class Condition:
    """One thing that somebody should see to."""

    reason: Reason
    text: str


def of_instances(db: Db, now: datetime) -> dict[int, list[Condition]]:
    """What is wrong with each instance, by its row's id."""
    return {row.id: list(_conditions(row, now)) for row in db.execute(_ACTIVE)}


def _conditions(row: Row[Any], now: datetime) -> Iterator[Condition]:
    if alarms.is_alarming(row.state, row.restarting_until, now):
        yield Condition("state", f"GREEN-API says that it is {row.state} since {_stamp(row.state_at)}.")
    if row.quota_at is not None and (row.quota_at.year, row.quota_at.month) == (now.year, now.month):
        yield Condition("quota", f"A quota of its GREEN-API plan is used up until next month ({_stamp(row.quota_at)}).")
    if row.refused_at is not None and now - row.refused_at < _REFUSED_LATELY:
        refused = f"{row.refused} notification{'s' if row.refused > 1 else ''}"
        yield Condition("refused", f"{refused} of it had another's token: compare webhook_token with webhookUrlToken.")
    heard_at = row.heard_at or row.added_at
    if now - heard_at >= SILENCE:
        yield Condition("silent", f"Nothing has been heard from GREEN-API since {_stamp(heard_at)}.")
    if row.intake == "poll" and (fault := polling.fault(row.poll_until, row.poll_reason, now)):
        yield Condition("polling", fault)
    if row.journal_reason:
        yield Condition("journal", f"Its journal is not read: {row.journal_reason}")


def _stamp(moment: datetime | None) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC" if moment else "an unknown time"

"""Alerts of GREEN-API about an account, kept, and what they say of how it stands now."""

from __future__ import annotations

import hashlib
from datetime import datetime

from sqlalchemy import Connection as Db
from sqlalchemy import or_, select, update

from bridge import notifications
from bridge.greenapi import alerts
from bridge.greenapi.alerts import Alert
from bridge.instances import Instance
from bridge.store.tables import instances as table


def accept(db: Db, alert: Alert, body: bytes, instance: Instance, now: datetime) -> bool | None:
    """Keep an alert; None for one that is known. Returns whether it needs somebody's attention.

    The state is what the newest alert says, in whichever order they come.
    """
    at = alert.at if alert.at and alert.at <= now else now
    key = _key(alert, instance, now)
    if not notifications.keep(db, key, body, "alert", now, kind=alert.type, instance_id=instance.id):
        return None
    if alert.type == alerts.QUOTA_EXCEEDED:
        return True
    if alert.word:
        newer = or_(table.c.state_at.is_(None), table.c.state_at <= at)
        db.execute(update(table).where(table.c.id == instance.id, newer).values(state=alert.word, state_at=at))
    restarting = db.execute(select(table.c.restarting_until).where(table.c.id == instance.id)).scalar()
    return is_alarming(alert.word, restarting, now)


def is_alarming(state: str | None, restarting_until: datetime | None, now: datetime) -> bool:
    """Whether an account that stands so needs somebody's attention. One that we have restarted ourselves does not."""
    if state is None or state == alerts.WORKS:
        return False
    ours = restarting_until is not None and now < restarting_until
    return not (ours and state == alerts.STARTING)


def _key(alert: Alert, instance: Instance, now: datetime) -> str:
    # A quota's alert has no time, and another count in each: it is kept once a day for each method.
    when = alert.at.isoformat() if alert.at else f"{now:%Y-%m-%d}"
    said = (instance.config.id_instance, alert.type, alert.word or "", when)
    return hashlib.sha256("\0".join(said).encode()).hexdigest()

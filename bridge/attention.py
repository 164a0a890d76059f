"""What somebody should see to now: asked from indexes that hold open rows alone, so that asking stays cheap."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import Connection as Db

from bridge import figures, heartbeats, listing, unread

Kind = Literal["idle", "instance", "paused", "silent", "failed", "held", "unread"]


@dataclass(frozen=True, slots=True)
class Matter:
    """One thing to see to. `about` names the instance or connection, `text` says what the bridge knows of the cause."""

    kind: Kind
    about: str | None = None
    count: int = 1
    text: str = ""


def now(db: Db, moment: datetime) -> list[Matter]:
    """Everything, what stops calls from coming in first, then what keeps them from being told."""
    matters = [] if heartbeats.is_fresh(db, moment) else [Matter("idle")]
    for instance in listing.instances(db, moment):
        matters += [Matter("instance", instance["name"], text=note) for note in instance["notes"]]
    reasons = {one["name"]: one["reason"] or "" for one in listing.connections(db)}
    for one in figures.of_connections(db, moment):
        reason = reasons.get(one.name, "")
        if one.paused_by is not None:
            matters.append(Matter("paused", one.name, one.held, reason))
        elif one.held:
            matters.append(Matter("held", one.name, one.held))
        if one.is_silent and one.paused_by is None:
            matters.append(Matter("silent", one.name, one.due, reason))
        if one.failed:
            matters.append(Matter("failed", one.name, one.failed))
    if count := unread.count(db):
        matters.append(Matter("unread", count=count))
    return matters

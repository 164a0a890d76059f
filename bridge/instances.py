"""GREEN-API accounts: what we know of each, and the tokens that its notifications carry."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from sqlalchemy import Connection as Db
from sqlalchemy import func, insert, or_, select, union_all, update

from bridge.store.secrets import Secrets
from bridge.store.tables import calls, notifications
from bridge.store.tables import connections as connections_table
from bridge.store.tables import instances as table


@dataclass(frozen=True, slots=True)
class InstanceConfig:
    """One account as an administrator describes it."""

    name: str
    id_instance: str
    api_url: str
    api_token: str
    webhook_tokens: tuple[str, ...]
    lookups_per_second: float = 1.0
    name_order: tuple[str, ...] = ("contact_name", "name", "crm")
    timezone: str = "UTC"
    intake: str = "webhook"
    """How its notifications come: GREEN-API pushes to our `webhook`, or we `poll` its queue."""


@dataclass(frozen=True, slots=True)
class Instance:
    """One account as it stands in the store."""

    id: int
    version: int
    config: InstanceConfig

    @property
    def name(self) -> str:
        return self.config.name


@dataclass(frozen=True, slots=True)
class Standing:
    """What has been heard of an account: when anything last came, and what was refused (401) although it named it."""

    heard_at: datetime | None
    refused_at: datetime | None
    refused: int
    restarting_until: datetime | None
    poll_reason: str | None


_VERSIONS = 0x52694E67  # any number of our own
_SECRET = ("api_token", "webhook_tokens")
_PLAIN = tuple(field.name for field in fields(InstanceConfig) if field.name not in _SECRET)


def active(db: Db, secrets: Secrets) -> list[Instance]:
    """Every account that has not been removed, oldest first. Raises SecretKeyError."""
    rows = db.execute(select(table).where(table.c.removed_at.is_(None)).order_by(table.c.id)).mappings()
    return [_instance(dict(row), secrets) for row in rows]


def is_known(db: Db, name: str) -> bool:
    """Whether there is an account of this name, or was one whose calls or notifications are still here."""
    left = [select(one.c.id).where(one.c.instance_id == table.c.id).exists() for one in (calls, notifications)]
    query = select(table.c.id).where(table.c.name == name, or_(table.c.removed_at.is_(None), *left))
    return db.execute(query.limit(1)).first() is not None


def save(
    db: Db, secrets: Secrets, config: InstanceConfig, existing: Instance | None, now: datetime | None = None
) -> None:
    """Add an account, or change the one that `existing` names. A new one is `added_at` now."""
    values = {name: _as_stored(getattr(config, name)) for name in _PLAIN}
    values["secrets"] = secrets.seal(_row(config.name), {name: getattr(config, name) for name in _SECRET})
    values["version"] = next_version(db)
    if existing is None:
        db.execute(insert(table).values(**values, **({"added_at": now} if now else {})))
    else:
        # What GREEN-API refused before, it may allow now.
        anew = {"journal_reason": None, "journal_due": None}
        db.execute(update(table).where(table.c.id == existing.id).values(**values, **anew))


def remove(db: Db, instance: Instance, now: datetime) -> None:
    """Forget the account and its secrets; its calls stay, and its name may be used again."""
    db.execute(
        update(table).where(table.c.id == instance.id).values(removed_at=now, secrets="", version=next_version(db))
    )


def standing(db: Db, instance_id: int) -> Standing:
    """How things stand with an account that is there."""
    kept = select(func.max(notifications.c.received_at)).where(notifications.c.instance_id == table.c.id)
    row = db.execute(select(table, kept.scalar_subquery().label("kept_at")).where(table.c.id == instance_id)).one()
    return Standing(
        heard_at=max(filter(None, (row.heard_at, row.kept_at)), default=None),
        refused_at=row.refused_at,
        refused=row.refused,
        restarting_until=row.restarting_until,
        poll_reason=row.poll_reason,
    )


def restarting(db: Db, instance: Instance, until: datetime) -> None:
    """Note that we make it restart: that it is starting is no cause for alarm until then."""
    db.execute(update(table).where(table.c.id == instance.id).values(restarting_until=until))


def differences(old: InstanceConfig, new: InstanceConfig) -> list[str]:
    """The names of the settings in which two descriptions differ."""
    return [field.name for field in fields(InstanceConfig) if getattr(old, field.name) != getattr(new, field.name)]


def next_version(db: Db) -> int:
    """A number higher than every version in use: running processes notice changes by it."""
    if db.dialect.name == "postgresql":  # on SQLite one transaction writes at a time
        # Two changes at once must not share a number: who had seen the first would never look at the second.
        db.execute(select(func.pg_advisory_xact_lock(_VERSIONS)))
    return newest_version(db) + 1


def newest_version(db: Db) -> int:
    """The version of the newest change to any instance or connection; 0 where there is none."""
    versions = union_all(select(table.c.version), select(connections_table.c.version)).subquery()
    newest: int = db.execute(select(func.coalesce(func.max(versions.c.version), 0))).scalar_one()
    return newest


def _instance(row: dict[str, Any], secrets: Secrets) -> Instance:
    opened = secrets.open(_row(row["name"]), row["secrets"])
    values = {name: row[name] for name in _PLAIN}
    values["name_order"] = tuple(values["name_order"])
    return Instance(
        row["id"],
        row["version"],
        InstanceConfig(api_token=opened["api_token"], webhook_tokens=tuple(opened["webhook_tokens"]), **values),
    )


def _as_stored(value: object) -> object:
    return list(value) if isinstance(value, tuple) else value


def _row(name: str) -> str:
    return f"instance {name}"

"""Changes to connections, each by somebody and with its line in the audit trail: pages and commands call these."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection as Db

from bridge import audit, connections, descriptions, holding, instances
from bridge.connections import Connection, ConnectionConfig
from bridge.descriptions import ConfigError
from bridge.store.secrets import Secrets
from connectors.kit import Registry

PAUSED_BY_HAND = "Paused by hand."
_TABLES = ("settings", "labels")


def find(db: Db, secrets: Secrets, name: str) -> Connection | None:
    """The connection of this name that there is now."""
    return next((one for one in connections.active(db, secrets) if one.name == name), None)


def get(db: Db, secrets: Secrets, name: str) -> Connection:
    """The same; raises ConfigError where there is none."""
    if found := find(db, secrets, name):
        return found
    raise ConfigError(f"There is no connection {name}; `ringbridge connection list` shows those that there are.")


def add(
    db: Db, secrets: Secrets, registry: Registry, table: Mapping[str, Any], who: str, now: datetime
) -> ConnectionConfig:
    """Add the connection that a table describes. Raises ConfigError, with a sentence for each key that is wrong."""
    config = _described(db, secrets, registry, table)
    check_free(db, secrets, config.name)
    connections.save(db, secrets, config, connections.next_position(db), None)
    audit.record(db, now, who, "connection.added", about=config.name, connector=config.connector)
    return config


def check_free(db: Db, secrets: Secrets, name: str) -> None:
    """Raises ConfigError if there is a connection of this name."""
    if find(db, secrets, name):
        text = "There is a connection of this name already."
        raise ConfigError(
            f"There is a connection {name} already; change that one, or use another name.", {"name": text}
        )


def change(
    db: Db, secrets: Secrets, registry: Registry, name: str, changes: Mapping[str, Any], who: str, now: datetime
) -> list[str]:
    """Change a connection; returns the names of what differed. Raises ConfigError, as `add` does.

    What is absent from `changes`, or from the settings and labels in it, stays, and None takes it back to its default.
    Its name and its connector cannot change. Other settings resume a connection that we had paused.
    """
    found = get(db, secrets, name)
    config = _described(db, secrets, registry, merged(found, changes), found)
    differ = connections.differences(found.config, config)
    if not differ:
        return []
    connections.save(db, secrets, config, found.position, found)
    resumes = "settings" in differ and found.paused_by not in (None, "admin")
    if resumes:
        holding.resume(db, found.id, now)
    changed = _keys(found.config.settings, config.settings) if "settings" in differ else []
    audit.record(db, now, who, "connection.changed", about=name, changed=differ, settings=changed, resumed=resumes)
    return differ


def pause(db: Db, secrets: Secrets, name: str, who: str, now: datetime) -> bool:
    """Tell a connection nothing until it is resumed; False if it was paused already. Raises ConfigError."""
    paused = holding.pause(db, get(db, secrets, name).id, "admin", PAUSED_BY_HAND, now)
    if paused:
        audit.record(db, now, who, "connection.paused", about=name)
    return paused


def resume(db: Db, secrets: Secrets, name: str, who: str, now: datetime) -> bool:
    """Tell it again, and what was held for it; False if it was not paused. Raises ConfigError."""
    found = get(db, secrets, name)
    holding.resume(db, found.id, now)  # this ends a pause that its system asked for, too
    if found.paused_by is not None:
        audit.record(db, now, who, "connection.resumed", about=name, was_paused_by=found.paused_by)
    return found.paused_by is not None


def remove(db: Db, secrets: Secrets, name: str, who: str, now: datetime) -> None:
    """Forget a connection and its settings; what it was told stays on record. Raises ConfigError."""
    holding.remove(db, get(db, secrets, name), now)
    audit.record(db, now, who, "connection.removed", about=name)


def merged(found: Connection, changes: Mapping[str, Any]) -> dict[str, Any]:
    """The table that describes a connection once it is changed."""
    config = found.config
    table: dict[str, Any] = {
        "policy": config.policy.value,
        "instances": None if config.instances is None else list(config.instances),
        "language": config.language,
        "timezone": config.timezone,
        "template": config.template,
        "labels": config.labels,
        "settings": config.settings,
        **{key: value for key, value in changes.items() if key not in _TABLES},
        "name": config.name,
        "connector": config.connector,
    }
    for key in _TABLES:
        if key in changes and not isinstance(changes[key], Mapping | None):
            table[key] = changes[key]  # what is wrong with it, the description says
        elif key in changes:
            kept = {} if changes[key] is None else {**table[key], **changes[key]}
            table[key] = _without_blanks(kept)
    return _without_blanks(table)


def _described(
    db: Db, secrets: Secrets, registry: Registry, table: Mapping[str, Any], found: Connection | None = None
) -> ConnectionConfig:
    given = {
        key: _without_blanks(value) if key in _TABLES and isinstance(value, Mapping) else value
        for key, value in _without_blanks(table).items()
    }
    where = f"connection {given.get('name') or ''}".strip()
    try:
        config = descriptions.connection(given, where, registry)
    except ConfigError as error:
        raise ConfigError(str(error), descriptions.connection_faults(given, where, registry)) from None
    known = {one.name for one in instances.active(db, secrets)}
    # One that was removed after the connection had named it may stay.
    kept = set(found.config.instances or ()) if found else set[str]()
    if strange := sorted(set(config.instances or ()) - known - kept):
        text = f"There is no instance {strange[0]}."
        raise ConfigError(
            f"{where}: instances names {strange[0]!r}, and there is no such instance.", {"instances": text}
        )
    return config


def _without_blanks(table: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in table.items() if value is not None}


def _keys(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    return sorted(key for key in {*old, *new} if old.get(key) != new.get(key))

"""ringbridge.toml: read, checked, and made so. All of it or nothing."""

from __future__ import annotations

import os
import tomllib
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection as Db

from bridge import connections, descriptions, holding, instances
from bridge.connections import ConnectionConfig
from bridge.descriptions import ConfigError
from bridge.instances import InstanceConfig
from bridge.store.secrets import Secrets
from connectors.kit import Registry


@dataclass(frozen=True, slots=True)
class Config:
    """What a file describes, checked as far as it can be without the store."""

    instances: list[InstanceConfig]
    connections: list[ConnectionConfig]


def read(path: Path, registry: Registry) -> Config:
    """Read a file. Raises ConfigError."""
    document = _parsed(path)
    unknown = sorted(set(document) - {"instance", "connection"})
    if unknown:
        raise ConfigError(
            f"{path.name}: {unknown[0]!r} is not known here; the tables are [[instance]] and [[connection]]."
        )
    described = [descriptions.instance(table, name) for table, name in _tables(document, "instance", path)]
    connected = [
        descriptions.connection(table, name, registry) for table, name in _tables(document, "connection", path)
    ]
    _refuse_twins("instance", (one.name for one in described))
    _refuse_twins("connection", (one.name for one in connected))
    owners = Counter(one.id_instance for one in described)
    for one in described:
        if owners[one.id_instance] > 1:
            raise ConfigError(f"[[instance]] {one.name}: id_instance {one.id_instance} stands in more than one table.")
    return Config(described, connected)


def apply(db: Db, secrets: Secrets, config: Config, now: datetime, *, prune: bool = False) -> list[str]:
    """Make instances and connections what the file says; returns a line for each change. Raises ConfigError.

    What is not in the file stays, unless it is to be pruned.
    """
    removed = _prune(db, secrets, config, now) if prune else []
    changes = removed + _apply_instances(db, secrets, config, now)
    known = {one.name for one in instances.active(db, secrets)}
    named = {one.name: set(one.config.instances or ()) for one in connections.active(db, secrets)}
    for connection in config.connections:
        # One that was removed after the connection had named it may stay: it is not this file that took it away.
        strange = sorted(set(connection.instances or ()) - known - named.get(connection.name, set()))
        if strange:
            raise ConfigError(
                f"[[connection]] {connection.name}: instances names {strange[0]!r}, and there is no such instance."
            )
    return changes + _apply_connections(db, secrets, config, now)


def _prune(db: Db, secrets: Secrets, config: Config, now: datetime) -> list[str]:
    changes = []
    for connection in connections.active(db, secrets):
        if connection.name not in {one.name for one in config.connections}:
            holding.remove(db, connection, now)
            changes.append(f"connection {connection.name}: removed")
    for instance in instances.active(db, secrets):
        if instance.name not in {one.name for one in config.instances}:
            instances.remove(db, instance, now)
            changes.append(f"instance {instance.name}: removed")
    return changes


def _apply_instances(db: Db, secrets: Secrets, config: Config, now: datetime) -> list[str]:
    existing = {one.name: one for one in instances.active(db, secrets)}
    owners = {one.config.id_instance: one.name for one in existing.values()}
    changes = []
    for wanted in config.instances:
        found = existing.get(wanted.name)
        if found and found.config.id_instance != wanted.id_instance:
            raise ConfigError(
                f"[[instance]] {wanted.name}: id_instance cannot change under a name; "
                f"it is {found.config.id_instance} in the store. Use another name for the other account."
            )
        if owners.get(wanted.id_instance, wanted.name) != wanted.name:
            raise ConfigError(
                f"[[instance]] {wanted.name}: id_instance {wanted.id_instance} belongs to "
                f"{owners[wanted.id_instance]} already."
            )
        if found is None:
            instances.save(db, secrets, wanted, None, now)
            changes.append(f"instance {wanted.name}: added")
        elif differ := instances.differences(found.config, wanted):
            instances.save(db, secrets, wanted, found)
            changes.append(f"instance {wanted.name}: changed ({', '.join(differ)})")
    return changes


def _apply_connections(db: Db, secrets: Secrets, config: Config, now: datetime) -> list[str]:
    existing = {one.name: one for one in connections.active(db, secrets)}
    changes = []
    for position, wanted in enumerate(config.connections):
        found = existing.get(wanted.name)
        if found is None:
            connections.save(db, secrets, wanted, position, None)
            changes.append(f"connection {wanted.name}: added")
            continue
        differ = connections.differences(found.config, wanted)
        if differ or found.position != position:
            connections.save(db, secrets, wanted, position, found)
        if differ:
            changes.append(f"connection {wanted.name}: changed ({', '.join(differ)})")
        if {"settings", "connector"} & set(differ) and found.paused_by not in (None, "admin"):
            # What we had paused because of its settings deserves another try with new ones.
            holding.resume(db, found.id, now)
            changes.append(f"connection {wanted.name}: resumed")
    return changes


def _parsed(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        raise ConfigError(f"{path}: there is no such file.") from None
    except OSError as error:
        raise ConfigError(f"{path}: the file cannot be read ({error.strerror}).") from None
    except UnicodeDecodeError:
        raise ConfigError(f"{path.name}: the file is not text in UTF-8.") from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path.name}: not valid TOML: {error}.") from None


def _tables(document: Mapping[str, Any], kind: str, path: Path) -> Iterable[tuple[dict[str, Any], str]]:
    tables = document.get(kind, [])
    if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        raise ConfigError(f"{path.name}: write [[{kind}]] with two brackets; there may be several.")
    for number, table in enumerate(tables, start=1):
        name = table.get("name")
        where = f"[[{kind}]] {name if isinstance(name, str) and name and name.isprintable() else f'number {number}'}"
        yield _resolved(table, where, path.parent), where


def _resolved(value: Any, where: str, folder: Path) -> Any:  # noqa: ANN401  any TOML value
    """The same value, each `{ env = … }` and `{ file = … }` replaced by what it stands for."""
    if isinstance(value, list):
        return [_resolved(item, where, folder) for item in value]
    if not isinstance(value, dict):
        return value
    if set(value) == {"env"} and isinstance(value["env"], str):
        found = os.environ.get(value["env"])
        if found is None:
            raise ConfigError(f"{where}: the environment variable {value['env']} is not set.")
        return found
    if set(value) == {"file"} and isinstance(value["file"], str):
        try:
            return (folder / value["file"]).read_text("utf-8").strip()
        except (OSError, ValueError):
            raise ConfigError(f"{where}: the file {value['file']} cannot be read.") from None
    if value and set(value) <= {"env", "file"}:
        raise ConfigError(f'{where}: write {{ env = "NAME" }} or {{ file = "path" }}, one of the two.')
    return {key: _resolved(item, f"{where}, {key}", folder) for key, item in value.items()}


def _refuse_twins(kind: str, names: Iterable[str]) -> None:
    for name, count in Counter(names).items():
        if count > 1:
            raise ConfigError(f"[[{kind}]] {name}: {count} tables have this name; names are unique.")

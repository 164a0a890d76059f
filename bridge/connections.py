"""Configured connectors: who is told, by which policy, with which settings; and the live ones that workers use."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import datetime
from typing import Any, Literal

from pydantic import ValidationError
from sqlalchemy import Connection as Db
from sqlalchemy import Row, func, insert, or_, select, update

from bridge import secrecy, words
from bridge.instances import next_version
from bridge.memory import StoredMemory
from bridge.store import Store
from bridge.store.secrets import Secrets
from bridge.store.tables import connections as table
from bridge.store.tables import deliveries
from connectors.kit import BrokenConnector, Connector, Http, Policy, Registry, UnknownConnector, construct, faults

PausedBy = Literal["admin", "credentials", "gone", "broken"]


@dataclass(frozen=True, slots=True)
class ConnectionConfig:
    """One connection as an administrator describes it.

    `instances` is None for all of them, later ones included; `timezone` is None for the instance's. `template` and
    `labels` are words of its own in place of the language's.
    """

    name: str
    connector: str
    policy: Policy
    settings: Mapping[str, Any]
    instances: tuple[str, ...] | None = None
    language: str = words.ENGLISH
    timezone: str | None = None
    template: str | None = None
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Connection:
    """One connection as it stands in the store, and what its connector can do besides telling."""

    id: int
    version: int
    position: int
    config: ConnectionConfig
    paused_by: PausedBy | None
    reason: str | None
    withdraws: bool = False
    finds: bool = False

    @property
    def name(self) -> str:
        return self.config.name

    def hears(self, instance: str) -> bool:
        """Whether it is told of this instance's calls at all."""
        return self.config.instances is None or instance in self.config.instances


def active(db: Db, secrets: Secrets) -> list[Connection]:
    """Every connection that has not been removed, in the order of the file. Raises SecretKeyError."""
    rows = db.execute(select(table).where(table.c.removed_at.is_(None)).order_by(table.c.position, table.c.id))
    return [_connection(row, secrets) for row in rows]


def is_known(db: Db, name: str) -> bool:
    """Whether there is a connection of this name, or was one that is on record as having been owed something."""
    left = select(deliveries.c.id).where(deliveries.c.connection_id == table.c.id).exists()
    query = select(table.c.id).where(table.c.name == name, or_(table.c.removed_at.is_(None), left))
    return db.execute(query.limit(1)).first() is not None


def able(registry: Registry, connection: Connection) -> Connection:
    """The same connection with what its connector can do; one that does not load can do nothing."""
    try:
        found = registry.load(connection.config.connector)
    except (UnknownConnector, BrokenConnector):
        return connection
    return replace(connection, withdraws=hasattr(found, "withdraw"), finds=hasattr(found, "find_caller"))


def save(db: Db, secrets: Secrets, config: ConnectionConfig, position: int, existing: Connection | None) -> None:
    """Add a connection, or change the one that `existing` names."""
    values: dict[str, Any] = {
        "name": config.name,
        "position": position,
        "connector": config.connector,
        "policy": config.policy,
        "instances": list(config.instances) if config.instances is not None else None,
        "settings": secrets.seal(_row(config.name), config.settings),
        "language": config.language,
        "timezone": config.timezone,
        "template": config.template,
        "labels": dict(config.labels) or None,
        "version": next_version(db),
    }
    if existing is None:
        db.execute(insert(table).values(**values))
        return
    if config.connector != existing.config.connector:  # what another connector remembers means nothing to this one
        values |= _FORGOTTEN
    db.execute(update(table).where(table.c.id == existing.id).values(**values))


def remove(db: Db, connection: Connection, now: datetime) -> None:
    """Forget the connection and its settings; what it was told stays on record, and its name may be used again."""
    gone: dict[str, Any] = {"removed_at": now, "settings": "", **_FORGOTTEN, "version": next_version(db)}
    db.execute(update(table).where(table.c.id == connection.id).values(**gone))


def differences(old: ConnectionConfig, new: ConnectionConfig) -> list[str]:
    """The names of the settings in which two descriptions differ."""
    names = [one.name for one in fields(ConnectionConfig)]
    return [name for name in names if getattr(old, name) != getattr(new, name)]


def next_position(db: Db) -> int:
    """The place behind all the others."""
    last = db.execute(select(func.max(table.c.position)).where(table.c.removed_at.is_(None))).scalar()
    return 0 if last is None else last + 1


def pause(db: Db, connection_id: int, by: PausedBy, reason: str, probe_at: datetime | None = None) -> bool:
    """Tell it nothing more for now; False if it was paused already. `probe_at` is when to see if it works again."""
    paused = db.execute(
        update(table)
        .where(table.c.id == connection_id, table.c.paused_by.is_(None))
        .values(paused_by=by, reason=reason, probe_at=probe_at, version=next_version(db))
    )
    return paused.rowcount > 0


_FORGOTTEN: dict[str, Any] = {"memory": None, "memory_lease_until": None}
_WORKING: dict[str, Any] = {
    "paused_by": None,
    "reason": None,
    "probe_at": None,
    "rests_until": None,
    "broken_for": None,
}


def resume(db: Db, connection_id: int) -> None:
    """Let it be told again."""
    db.execute(update(table).where(table.c.id == connection_id).values(**_WORKING, version=next_version(db)))


class Live:
    """Connectors ready to talk: each is made once for a connection and version, and keeps its sockets open."""

    def __init__(self, store: Store, registry: Registry, http: Http) -> None:
        self._store = store
        self._registry = registry
        self._http = http
        self._lock = threading.Lock()
        self._cache: dict[int, tuple[int, Connector]] = {}

    def connect(self, connection_id: int, version: int) -> Connector:
        """The connection's connector with its settings of (at least) this version. Raises BrokenConnector."""
        cached = self._cache.get(connection_id)
        if cached and cached[0] >= version:
            return cached[1]
        with self._lock:
            cached = self._cache.get(connection_id)
            if cached and cached[0] >= version:
                return cached[1]
            with self._store.read() as db:
                row = db.execute(select(table).where(table.c.id == connection_id)).one()
            connection = _connection(row, self._store.secrets)
            connector = self._made(connection.config, StoredMemory(self._store, connection.id))
            self._cache[connection_id] = (connection.version, connector)
            return connector

    def _made(self, config: ConnectionConfig, memory: StoredMemory) -> Connector:
        secrecy.keep_settings(self._registry, config.connector, config.settings)
        found = self._registry.load(config.connector)
        try:
            settings = found.Settings.model_validate(config.settings)
            return construct(found, settings, self._http, memory)
        except ValidationError as error:
            raise BrokenConnector(
                config.connector, f"its settings do not fit any more. {' '.join(faults(error))}"
            ) from None


def _connection(row: Row[Any], secrets: Secrets) -> Connection:
    config = ConnectionConfig(
        name=row.name,
        connector=row.connector,
        policy=Policy(row.policy),
        settings=secrets.open(_row(row.name), row.settings),
        instances=tuple(row.instances) if row.instances is not None else None,
        language=row.language,
        timezone=row.timezone,
        template=row.template,
        labels=row.labels or {},
    )
    return Connection(row.id, row.version, row.position, config, row.paused_by, row.reason)


def _row(name: str) -> str:
    return f"connection {name}"

"""Instances and connections by their names: one that nobody ever had is a mistake, and not an empty list."""

from __future__ import annotations

from sqlalchemy import Connection as Db

from bridge import connection_changes, connections, instance_changes, instances
from bridge.connections import Connection
from bridge.descriptions import ConfigError
from bridge.instances import Instance
from bridge.store import Store

_NO_INSTANCE = "There is no instance {}; `ringbridge instance list` shows those that there are."
_NO_CONNECTION = "There is no connection {}; `ringbridge connection list` shows those that there are."


def instance(store: Store, name: str) -> Instance:
    """The instance of this name that there is now. Raises ConfigError."""
    with store.read() as db:
        if found := instance_changes.find(db, store.secrets, name):
            return found
    raise ConfigError(_NO_INSTANCE.format(name))


def connection(store: Store, name: str) -> Connection:
    """The connection of this name that there is now. Raises ConfigError."""
    with store.read() as db:
        return connection_changes.get(db, store.secrets, name)


def check_instance(db: Db, name: str | None) -> None:
    """Raises ConfigError if there is no such instance, and no call is left of one."""
    if name is not None and not instances.is_known(db, name):
        raise ConfigError(_NO_INSTANCE.format(name))


def check_connection(db: Db, name: str | None) -> None:
    """Raises ConfigError if there is no such connection, and nothing is on record of one."""
    if name is not None and not connections.is_known(db, name):
        raise ConfigError(_NO_CONNECTION.format(name))

"""Instances and connections by their names: one that nobody ever had is a mistake, and not an empty list."""

from __future__ import annotations

from sqlalchemy import Connection as Db

from bridge import connection_changes, connections, instance_changes, instances
from bridge.connections import Connection
from bridge.instances import Instance
from bridge.store.secrets import Secrets
from bridge.web.api import problems


def instance(db: Db, secrets: Secrets, name: str) -> Instance:
    """The instance of this name that there is now. Raises Problem."""
    if found := instance_changes.find(db, secrets, name):
        return found
    raise problems.missing("instance", name, "/api/v1/instances")


def connection(db: Db, secrets: Secrets, name: str) -> Connection:
    """The connection of this name that there is now. Raises Problem."""
    if found := connection_changes.find(db, secrets, name):
        return found
    raise problems.missing("connection", name, "/api/v1/connections")


def check_instance(db: Db, name: str | None) -> None:
    """Raises Problem if there is no such instance, and no call is left of one."""
    if name is not None and ("\0" in name or not instances.is_known(db, name)):
        raise problems.missing("instance", name, "/api/v1/instances")


def check_connection(db: Db, name: str | None) -> None:
    """Raises Problem if there is no such connection, and nothing is on record of one."""
    if name is not None and ("\0" in name or not connections.is_known(db, name)):
        raise problems.missing("connection", name, "/api/v1/connections")

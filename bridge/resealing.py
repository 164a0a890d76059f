"""The rotation of the secret key: what an old key sealed is sealed anew with the first, so that the old one can go."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Column, Table, select, update
from sqlalchemy import Connection as Db

from bridge.store import tables
from bridge.store.secrets import Secrets

_SEALED: tuple[tuple[str, Table, Column[Any]], ...] = (
    ("instance", tables.instances, tables.instances.c.secrets),
    ("connection", tables.connections, tables.connections.c.settings),
    ("memory", tables.connections, tables.connections.c.memory),
)


def seal_anew(db: Db, secrets: Secrets) -> int:
    """Seal with the first key what another one sealed; returns how many rows that were. Raises SecretKeyError.

    What is in them stays as it is, so nobody has to read them again: their versions stay too.
    """
    if not secrets.has_old_keys:
        return 0
    return len({(one[1].name, row) for one in _SEALED for row in _seal_column(db, secrets, *one)})


def said(count: int) -> str:
    """What to tell an administrator of it."""
    what = "The secrets of 1 row were" if count == 1 else f"The secrets of {count} rows were"
    return f"{what} sealed anew with the first key of RINGBRIDGE_SECRET_KEY."


def _seal_column(db: Db, secrets: Secrets, kind: str, table: Table, sealed: Column[Any]) -> Iterator[int]:
    query = select(table.c.id, table.c.name, sealed.label("old"))
    for row in db.execute(query.where(table.c.removed_at.is_(None), sealed.is_not(None))).all():
        new = secrets.renewed(f"{kind} {row.name}", row.old)
        if new is not None:
            # Unless somebody has changed it meanwhile, who has sealed it with the first key then.
            unchanged = update(table).where(table.c.id == row.id, sealed == row.old)
            if db.execute(unchanged.values({sealed: new})).rowcount:
                yield row.id

"""The one-time code with which the first administrator sets a password: whoever can read our output may have it."""

from __future__ import annotations

import secrets
from datetime import datetime
from hashlib import sha256

from sqlalchemy import Connection as Db
from sqlalchemy import delete, insert, select

from bridge import operators
from bridge.descriptions import ConfigError
from bridge.operators import User
from bridge.store.tables import invitations as table

_LETTERS = "ABCDEFGHJKMNPQRSTUVWXYZ23456789"  # none that are taken for each other


def invite(db: Db, now: datetime) -> str | None:
    """A new code in place of an earlier one; None where somebody can sign in already."""
    db.execute(delete(table))
    if not operators.is_empty(db):
        return None
    code = "-".join("".join(secrets.choice(_LETTERS) for _ in range(5)) for _ in range(4))
    db.execute(insert(table), {"code_hash": _hash(code), "made_at": now})
    return code


def is_open(db: Db) -> bool:
    """Whether the first administrator has not been made yet."""
    return operators.is_empty(db)


def fits(db: Db, code: str) -> bool:
    """Whether this is the code."""
    return db.execute(select(table.c.code_hash).where(table.c.code_hash == _hash(code))).first() is not None


def accept(db: Db, now: datetime, code: str, name: str, sealed: str) -> User:
    """Make the first administrator. The code is used up. Raises ConfigError."""
    used = db.execute(delete(table).where(table.c.code_hash == _hash(code)))
    if used.rowcount == 0 or not operators.is_empty(db):
        raise ConfigError("This code is not, or no longer, the one that was printed last; a start prints a new one.")
    return operators.add(db, now, "first start", name, "administrator", sealed)


def _hash(code: str) -> str:
    return sha256("".join(code.split()).upper().replace("-", "").encode("utf-8", "replace")).hexdigest()

"""Bearer tokens of the API: each is shown once, and only its hash is kept."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256

from sqlalchemy import Connection as Db
from sqlalchemy import insert, select, update

from bridge import audit
from bridge.descriptions import ConfigError
from bridge.listing import Shown, stamp
from bridge.operators import Role, check_role
from bridge.store.tables import tokens as table

_PREFIX = "rb_"
_NAME = re.compile(r"[\w.@+ -]{1,80}")
_NOTED_EVERY = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Token:
    """What a program may do that shows it. `is_noted` is false where its use is to be written down again."""

    id: int
    name: str
    role: Role
    is_noted: bool


def add(db: Db, now: datetime, who: str, name: str, role: Role) -> str:
    """Make a token and return it: nobody can read it again. Raises ConfigError."""
    name = name.strip()
    check_role(role)
    if not _NAME.fullmatch(name):
        raise ConfigError("A token's name is up to 80 letters, digits, spaces and . @ + - _.")
    if _id(db, name) is not None:
        raise ConfigError(f"There is a token {name} already; take another name, or remove that one.")
    made = f"{_PREFIX}{secrets.token_urlsafe(32)}"
    db.execute(insert(table), {"name": name, "hash": _hash(made), "role": role, "created_at": now})
    audit.record(db, now, who, "token.added", name, role=role)
    return made


def listing(db: Db) -> list[Shown]:
    """Every token by name, and when it was last used; never the token itself."""
    query = select(table).where(table.c.removed_at.is_(None)).order_by(table.c.name)
    return [
        {"name": row.name, "role": row.role, "created_at": stamp(row.created_at), "used_at": stamp(row.used_at)}
        for row in db.execute(query)
    ]


def remove(db: Db, now: datetime, who: str, name: str) -> None:
    """Whoever shows it is refused from now on. Raises ConfigError."""
    token_id = _id(db, name.strip())
    if token_id is None:
        raise ConfigError(f"There is no token {name}; `ringbridge token list` shows those that there are.")
    db.execute(update(table).where(table.c.id == token_id).values(removed_at=now))
    audit.record(db, now, who, "token.removed", name.strip())


def owner(db: Db, shown: str, now: datetime) -> Token | None:
    """What the bearer of a token may do; None for one that we do not know."""
    if not shown.startswith(_PREFIX):
        return None
    row = db.execute(select(table).where(table.c.hash == _hash(shown), table.c.removed_at.is_(None))).one_or_none()
    if row is None:
        return None
    return Token(row.id, row.name, row.role, row.used_at is not None and row.used_at > now - _NOTED_EVERY)


def used(db: Db, token: Token, now: datetime) -> None:
    """Note that it is in use; wanted where it `is_noted` no longer."""
    db.execute(update(table).where(table.c.id == token.id).values(used_at=now))


def _id(db: Db, name: str) -> int | None:
    if not _NAME.fullmatch(name):  # nobody's, and perhaps no text that a database takes
        return None
    query = select(table.c.id).where(table.c.name == name, table.c.removed_at.is_(None))
    return db.execute(query).scalar()


def _hash(token: str) -> str:
    return sha256(token.encode("utf-8", "replace")).hexdigest()

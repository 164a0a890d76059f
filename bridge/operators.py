"""The people who use the screens: their names, roles and passwords."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, get_args

from sqlalchemy import Connection as Db
from sqlalchemy import Row, delete, func, insert, select, update

from bridge import audit, words
from bridge.descriptions import ConfigError
from bridge.listing import Shown, stamp
from bridge.store.tables import sessions
from bridge.store.tables import users as table

Role = Literal["operator", "administrator"]
ROLES: tuple[Role, ...] = get_args(Role)
_NAME = re.compile(r"[\w.@+-]{2,80}")


@dataclass(frozen=True, slots=True)
class User:
    """Somebody who may sign in. `language` is None for the browser's."""

    id: int
    name: str
    role: Role
    language: str | None = None

    @property
    def is_administrator(self) -> bool:
        return self.role == "administrator"


def listing(db: Db) -> list[Shown]:
    """Everybody who may sign in, by name."""
    seen = select(func.max(sessions.c.seen_at)).where(sessions.c.user_id == table.c.id).scalar_subquery()
    query = select(table, seen.label("seen_at")).where(table.c.removed_at.is_(None)).order_by(table.c.name)
    return [
        {
            "name": row.name,
            "role": row.role,
            "language": row.language,
            "created_at": stamp(row.created_at),
            "seen_at": stamp(row.seen_at),
        }
        for row in db.execute(query)
    ]


def is_empty(db: Db) -> bool:
    """Whether nobody can sign in yet."""
    return db.execute(select(table.c.id).where(table.c.removed_at.is_(None)).limit(1)).first() is None


def by_name(db: Db, name: str) -> User | None:
    row = _row(db, name)
    return _user(row) if row else None


def password_of(db: Db, name: str) -> tuple[User, str] | None:
    """The person of this name, and what is kept of the password."""
    row = _row(db, name)
    return (_user(row), row.password_hash) if row else None


def add(db: Db, now: datetime, who: str, name: str, role: Role, sealed: str, language: str | None = None) -> User:
    """Let somebody sign in, with a password that was sealed before the transaction began. Raises ConfigError."""
    name = check_name(name)
    check_role(role)
    if language is not None and language not in words.languages():
        raise ConfigError(f"The language {language} is not known; there are {', '.join(words.languages())}.")
    if _row(db, name) is not None:
        raise ConfigError(f"There is a user {name} already; take another name.")
    values = {"name": name, "role": role, "password_hash": sealed, "language": language, "created_at": now}
    user_id = db.execute(insert(table).returning(table.c.id), values).scalar_one()
    audit.record(db, now, who, "user.added", name, role=role)
    return User(user_id, name, role, language)


def set_password(db: Db, now: datetime, who: str, name: str, sealed: str) -> None:
    """Give somebody another password; whoever is signed in under that name has to do so again. Raises ConfigError."""
    user = existing(db, name)
    db.execute(update(table).where(table.c.id == user.id).values(password_hash=sealed))
    db.execute(delete(sessions).where(sessions.c.user_id == user.id))
    audit.record(db, now, who, "user.password", user.name)


def renew_seal(db: Db, user: User, sealed: str) -> None:
    """Keep the same password in a stronger way."""
    db.execute(update(table).where(table.c.id == user.id).values(password_hash=sealed))


def set_role(db: Db, now: datetime, who: str, name: str, role: Role) -> None:
    """Raises ConfigError, also where no administrator would be left."""
    check_role(role)
    user = existing(db, name)
    if user.role == role:
        return
    if role != "administrator":
        _check_another_administrator(db, user)
    db.execute(update(table).where(table.c.id == user.id).values(role=role))
    audit.record(db, now, who, "user.role", user.name, role=role)


def set_language(db: Db, user: User, language: str | None) -> None:
    """The language of this person's pages; None for the browser's."""
    if language is not None and language not in words.languages():
        raise ConfigError(f"The language {language} is not known; there are {', '.join(words.languages())}.")
    db.execute(update(table).where(table.c.id == user.id).values(language=language))


def remove(db: Db, now: datetime, who: str, name: str) -> None:
    """Let somebody sign in no more, at once. What they did stays on record. Raises ConfigError."""
    user = existing(db, name)
    _check_another_administrator(db, user)
    db.execute(update(table).where(table.c.id == user.id).values(removed_at=now, password_hash=""))
    db.execute(delete(sessions).where(sessions.c.user_id == user.id))
    audit.record(db, now, who, "user.removed", user.name)


def existing(db: Db, name: str) -> User:
    """The person of this name. Raises ConfigError."""
    user = by_name(db, name)
    if user is None:
        raise ConfigError(f"There is no user {name}; `ringbridge user list` shows those that there are.")
    return user


def check_role(role: str) -> None:
    """Raises ConfigError."""
    if role not in ROLES:
        raise ConfigError(f"The role {role} is not known; there are {' and '.join(ROLES)}.")


def check_name(name: str) -> str:
    """The name as it is kept. Raises ConfigError."""
    name = name.strip().casefold()
    if not _NAME.fullmatch(name):
        raise ConfigError("A user's name is 2 to 80 letters, digits and . @ + - _ without a space.")
    return name


def _check_another_administrator(db: Db, user: User) -> None:
    if not user.is_administrator:
        return
    # Two administrators who remove each other at the same moment must not both succeed.
    others = select(table.c.id).where(table.c.role == "administrator", table.c.removed_at.is_(None)).with_for_update()
    if len(db.execute(others).all()) < 2:
        raise ConfigError(f"{user.name} is the only administrator: make somebody else one first.")


def _row(db: Db, name: str) -> Row[Any] | None:
    name = name.strip().casefold()
    if not _NAME.fullmatch(name):  # nobody's, and perhaps no text that a database takes
        return None
    query = select(table).where(table.c.name == name, table.c.removed_at.is_(None))
    return db.execute(query).one_or_none()


def _user(row: Row[Any]) -> User:
    return User(row.id, row.name, row.role, row.language)

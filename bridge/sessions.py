"""Who is signed in. The browser holds a random id; we keep only its hash, so a copy of the store signs nobody in."""

from __future__ import annotations

import secrets
import threading
import time
from datetime import datetime, timedelta
from hashlib import sha256

from sqlalchemy import Connection as Db
from sqlalchemy import delete, insert, select, update

from bridge.operators import User
from bridge.store import Store
from bridge.store.tables import sessions as table
from bridge.store.tables import users

IDLE = timedelta(minutes=30)
LONGEST = timedelta(hours=12)
_NOTED_EVERY = timedelta(minutes=1)
_KNOWN_FOR = 5.0  # seconds that a process takes a session for valid without asking the store
_AT_MOST = 10_000


def begin(db: Db, user: User, now: datetime) -> str:
    """A new session; returns the id that the browser is given."""
    made = secrets.token_urlsafe(32)
    db.execute(insert(table), {"id_hash": _hash(made), "user_id": user.id, "created_at": now, "seen_at": now})
    return made


def end(db: Db, session_id: str) -> None:
    """Sign out."""
    db.execute(delete(table).where(table.c.id_hash == _hash(session_id)))


def forget_old(db: Db, now: datetime) -> int:
    """Remove sessions that have ended by themselves; returns how many."""
    over = (table.c.seen_at < now - IDLE) | (table.c.created_at < now - LONGEST)
    return db.execute(delete(table).where(over)).rowcount


class Sessions:
    """One process's view of who is signed in. An open board asks twice a second, and the store not that often."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._known: dict[str, tuple[User, float]] = {}

    def user(self, session_id: str, now: datetime) -> User | None:
        """Who this is, or None. Raises StoreUnavailable. Looking counts as being there."""
        hashed = _hash(session_id)
        known = self._known.get(hashed)
        if known and known[1] > time.monotonic():
            return known[0]
        user = self._looked_up(hashed, now)
        with self._lock:
            if len(self._known) >= _AT_MOST:
                self._known.clear()
            self._known.pop(hashed, None)
            if user:
                self._known[hashed] = (user, time.monotonic() + _KNOWN_FOR)
        return user

    def forget(self, session_id: str) -> None:
        """It has just ended."""
        with self._lock:
            self._known.pop(_hash(session_id), None)

    def forget_all(self) -> None:
        """Somebody may do less than before."""
        with self._lock:
            self._known.clear()

    def _looked_up(self, hashed: str, now: datetime) -> User | None:
        query = (
            select(table.c.created_at, table.c.seen_at, users.c.id, users.c.name, users.c.role, users.c.language)
            .join(users, users.c.id == table.c.user_id)
            .where(table.c.id_hash == hashed, users.c.removed_at.is_(None))
        )
        with self._store.read() as db:
            row = db.execute(query).one_or_none()
        if row is None or row.seen_at < now - IDLE or row.created_at < now - LONGEST:
            return None
        if row.seen_at < now - _NOTED_EVERY:
            self._store.write(lambda db: db.execute(update(table).where(table.c.id_hash == hashed).values(seen_at=now)))
        return User(row.id, row.name, row.role, row.language)


def _hash(session_id: str) -> str:
    return sha256(session_id.encode("utf-8", "replace")).hexdigest()

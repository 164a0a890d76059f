"""What a connection remembers by itself, in the store: one for all threads and processes, renewed by one at a time."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection as Db
from sqlalchemy import Row, select, update

from bridge.redaction import redact_passing
from bridge.store import Store, StoreUnavailable
from bridge.store.tables import connections as table
from connectors.kit import Remembered, Retryable

LEASE = timedelta(seconds=30)  # one request ends within 20; after this its process is taken for dead
PATIENCE = timedelta(seconds=5)  # how long others wait for the one who renews: they hold a thread meanwhile
_POLL = 0.1  # seconds


def utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class _Turn:
    """The right to renew what is stored. Its end tells it from everybody else's."""

    until: datetime
    stored: Remembered


class StoredMemory:
    """The Memory of one connection.

    Taking the turn is a write to the same row, so a store that can keep nothing is found out before the system
    is asked for something that must be kept. What remains: a process that dies between the system's answer and
    the commit takes a token with it that nobody else has seen, and an administrator has to authorise anew.
    """

    def __init__(
        self,
        store: Store,
        connection_id: int,
        *,
        now: Callable[[], datetime] = utc_now,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._store = store
        self._id = connection_id
        self._now = now
        self._sleep = sleep

    def read(self) -> Remembered:
        return self._look()[0]

    def renew(self, seen: Remembered, fn: Callable[[Remembered], Remembered]) -> Remembered:
        gives_up = self._now() + PATIENCE
        while True:
            stored, lease_until = self._look()
            if stored != seen:
                return stored
            if _is_free(lease_until, self._now()) and (turn := self._taken(seen)):
                return self._renewed(turn, fn)
            if self._now() >= gives_up:
                raise Retryable(
                    "Another worker is renewing this connection's access, and has not come back with it yet."
                )
            self._sleep(_POLL)

    def _look(self) -> tuple[Remembered, datetime | None]:
        with _reachable(), self._store.read() as db:
            row = db.execute(select(table).where(table.c.id == self._id)).one()
        return self._opened(row), row.memory_lease_until

    def _taken(self, seen: Remembered) -> _Turn | None:
        now = self._now()

        def take(db: Db) -> _Turn | None:
            row = self._locked(db)
            if self._opened(row) != seen or not _is_free(row.memory_lease_until, now):
                return None
            turn = _Turn(now + LEASE, seen)
            self._change(db, memory_lease_until=turn.until)
            return turn

        with _reachable():
            return self._store.write(take)

    def _renewed(self, turn: _Turn, fn: Callable[[Remembered], Remembered]) -> Remembered:
        try:
            new = dict(fn(dict(turn.stored)))
        except BaseException:
            self._free(turn)
            raise
        redact_passing(self._owner, new.values())
        return self._kept(turn, new)

    def _kept(self, turn: _Turn, new: Remembered) -> Remembered:
        """Store it, trying for as long as the turn lasts: what the system gave out, it gives out once."""

        def keep(db: Db) -> Remembered:
            row = self._locked(db)
            stored = self._opened(row)
            if stored != turn.stored:  # the turn had run out, and somebody else's is newer
                return stored
            # Of a connection that was removed meanwhile, nothing may stay.
            memory = None if row.removed_at else self._store.secrets.seal(sealed_for(row.name), new)
            self._change(db, memory=memory, memory_lease_until=None)
            return new

        while True:
            try:
                return self._store.write(keep)
            except StoreUnavailable as error:
                if self._now() >= turn.until:
                    raise Retryable(f"What the system gave out could not be kept. {error}") from error
                self._sleep(_POLL)

    def _free(self, turn: _Turn) -> None:
        def free(db: Db) -> None:
            if self._locked(db).memory_lease_until == turn.until:
                self._change(db, memory_lease_until=None)

        with _reachable():
            self._store.write(free)

    def _locked(self, db: Db) -> Row[Any]:
        # key_share: whatever is owed to the connection meanwhile refers to this row, and need not wait for it.
        query = select(table).where(table.c.id == self._id).with_for_update(key_share=True)
        return db.execute(query).one()

    def _change(self, db: Db, **values: object) -> None:
        db.execute(update(table).where(table.c.id == self._id).values(**values))

    def _opened(self, row: Row[Any]) -> Remembered:
        if row.memory is None:
            return {}
        opened = self._store.secrets.open(sealed_for(row.name), row.memory)
        redact_passing(self._owner, opened.values())
        return opened

    @property
    def _owner(self) -> str:
        return f"connection {self._id}"


def sealed_for(name: str) -> str:
    """What the memory of the connection so named is sealed for: settings cannot be put in its place."""
    return f"memory {name}"


def _is_free(lease_until: datetime | None, now: datetime) -> bool:
    return lease_until is None or lease_until <= now


@contextmanager
def _reachable() -> Iterator[None]:
    """A store that cannot be reached is a reason to try again, as anything else is that a connector needs."""
    try:
        yield
    except StoreUnavailable as error:
        raise Retryable(str(error)) from error

"""The store: `read()` to look, `write(fn)` to change, and no other way in.

SQLite in the data directory, or PostgreSQL: the same tables, the same tests. On SQLite one thread commits for all
(see `groups`); on PostgreSQL each transaction stands alone and is repeated whole if the database asks for that.
"""

from __future__ import annotations

import random
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TypeVar, cast

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from bridge.redaction import redact
from bridge.settings import Settings
from bridge.store.errors import StoreUnavailable
from bridge.store.groups import GroupWriter
from bridge.store.secrets import Secrets, keys

__all__ = ["Store", "StoreUnavailable", "open_store"]

T = TypeVar("T")

_TRIES = 4
_BUSY_SECONDS = 10
_REPEATABLE = ("23503", "40001", "40P01", "55P03", "57P01", "57P02", "57P03")
"""A row that was removed as another came to refer to it, serialization failure, deadlock, a lock not to be had in time,
and a server that is going down or coming up."""


class Store:
    """The database and the key to its secrets."""

    def __init__(self, engine: Engine, secrets: Secrets) -> None:
        self.engine = engine
        self.secrets = secrets
        self._reading = engine.execution_options(writes=False)
        self._group = GroupWriter(engine) if engine.dialect.name == "sqlite" else None

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A transaction to look through. What is read in it is of one moment on SQLite. Raises StoreUnavailable."""
        try:
            with self._reading.connect() as db:
                yield db
        except (OperationalError, PoolTimeout) as error:
            raise StoreUnavailable(f"The store cannot be read: {_first_line(error)}") from error

    def write(self, fn: Callable[[Connection], T]) -> T:
        """Run `fn` in a transaction and return its result once that is durable.

        `fn` may run more than once, each time on a clean slate, so it changes nothing but the database.
        Raises StoreUnavailable where the database cannot be reached or written, and whatever `fn` raises.
        """
        try:
            return self._group.write(fn) if self._group else self._repeated(fn)
        except (OperationalError, PoolTimeout) as error:
            raise StoreUnavailable(f"The store cannot be written: {_first_line(error)}") from error

    def _repeated(self, fn: Callable[[Connection], T]) -> T:
        tries = 0
        while True:
            tries += 1
            try:
                with self.engine.begin() as db:
                    return fn(db)
            except DBAPIError as error:
                if tries == _TRIES or not _may_pass(error):
                    raise
                time.sleep(random.uniform(0, 0.05 * 2**tries))  # noqa: S311  jitter, not a secret

    def close(self) -> None:
        if self._group:
            self._group.close()
        self.engine.dispose()


def open_store(settings: Settings) -> Store:
    """Connect to the configured database, which may be empty yet. Raises SecretKeyError, StoreUnavailable."""
    url, key_file = _location(settings)
    configured = settings.secret_key.get_secret_value() if settings.secret_key else None
    found = keys(configured, key_file)
    redact(found)
    secrets = Secrets(found)
    try:
        engine = _sqlite(url) if url.get_backend_name() == "sqlite" else _postgres(url)
    except ModuleNotFoundError:
        raise StoreUnavailable("PostgreSQL needs the extra of that name: pip install 'ringbridge[postgres]'.") from None
    return Store(engine, secrets)


def _location(settings: Settings) -> tuple[URL, Path | None]:
    if settings.database_url and not settings.database_url.get_secret_value().startswith("sqlite"):
        url = make_url(settings.database_url.get_secret_value())
        return url.set(drivername="postgresql+psycopg"), None
    try:
        settings.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise StoreUnavailable(
            f"The data directory cannot be made ({error.strerror}): set RINGBRIDGE_DATA_DIR."
        ) from None
    if settings.database_url:
        url = make_url(settings.database_url.get_secret_value())
    else:
        url = URL.create("sqlite", database=str(settings.data_dir.absolute() / "ringbridge.sqlite3"))
    return url, settings.data_dir / "secret.key"


def _sqlite(url: URL) -> Engine:
    with suppress(OSError):  # SQLite itself says what is wrong, when it is used
        Path(str(url.database)).touch(mode=0o600)  # it holds names and numbers; the files beside it take its mode
    engine = create_engine(
        url, pool_size=32, max_overflow=32, connect_args={"check_same_thread": False}, hide_parameters=True
    )

    @event.listens_for(engine, "connect")
    def _prepare(dbapi: sqlite3.Connection, _record: object) -> None:
        dbapi.isolation_level = None  # we begin our transactions ourselves
        dbapi.execute(f"PRAGMA busy_timeout={_BUSY_SECONDS * 1000}")
        _keep_a_write_ahead_log(dbapi)
        for pragma in (
            "synchronous=FULL",  # a commit that was answered must survive a power cut
            "foreign_keys=ON",
            "trusted_schema=OFF",
            "cell_size_check=ON",
            "secure_delete=ON",  # who was erased must not be readable in what was left free
            "journal_size_limit=67108864",
            "cache_size=-16384",
        ):
            dbapi.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def _begin(db: Connection) -> None:
        # A transaction that reads and then writes cannot wait for its turn, so writers queue before they read.
        writes = db.get_execution_options().get("writes", True)
        # Straight to the driver: this runs for each transaction, and SQLAlchemy's own way costs ten times as much.
        driver = cast("sqlite3.Connection", db.connection.dbapi_connection)
        driver.execute("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def _keep_a_write_ahead_log(dbapi: sqlite3.Connection) -> None:
    """Turn the log on, which a new database needs once.

    Two that turn it on at the same moment do not wait for each other: SQLite refuses one at once, whatever the
    busy_timeout, since neither could go on if both waited. Raises sqlite3.OperationalError after as long as that.
    Source: https://www.sqlite.org/c3ref/busy_handler.html
    """
    give_up = time.monotonic() + _BUSY_SECONDS
    while True:
        try:
            dbapi.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > give_up:
                raise
            time.sleep(random.uniform(0.001, 0.02))  # noqa: S311  jitter, not a secret
        else:
            return


def _postgres(url: URL) -> Engine:
    return create_engine(
        url,
        pool_size=16,
        max_overflow=16,
        pool_timeout=5,
        pool_recycle=1800,
        hide_parameters=True,  # errors would show what was written, people's names among it
        # No ping before each transaction: what is written is repeated whole on a new connection if the old one is gone.
        connect_args={
            "connect_timeout": 3,
            "keepalives_idle": 30,
            "application_name": "ringbridge",
            "options": "-c statement_timeout=10000 -c lock_timeout=3000 -c idle_in_transaction_session_timeout=30000",
        },
    )


def _may_pass(error: DBAPIError) -> bool:
    state = getattr(error.orig, "sqlstate", None) or ""
    return error.connection_invalidated or state in _REPEATABLE or state.startswith("08")


def _first_line(error: Exception) -> str:
    text = str(getattr(error, "orig", None) or error).strip()
    return text.splitlines()[0] if text else type(error).__name__

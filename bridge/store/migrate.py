"""Brings the schema up to date, or waits until somebody else has."""

from __future__ import annotations

import time

from sqlalchemy import Connection, text
from sqlalchemy.exc import OperationalError

from bridge.store import Store, StoreUnavailable

HEAD = "0007"
"""The newest revision. Written down here because asking Alembic costs a start more than the rest of it."""

_LOCK = 0x52696E67  # any number of our own: one migration at a time


def migrate(store: Store) -> bool:
    """Bring the schema to HEAD; True if that changed anything. Safe to run from several processes at once.

    Raises StoreUnavailable where the database cannot be reached, or is newer than this program.
    """
    if current(store) == HEAD:
        return False
    # Alembic and what it brings along would cost every start and every command a sixth of its time.
    from alembic import command
    from alembic.config import Config

    try:
        with store.engine.begin() as db:  # on SQLite this waits for the only write lock that there is
            if db.dialect.name == "postgresql":
                db.execute(text("SET LOCAL lock_timeout = 0"))
                db.execute(text("SET LOCAL statement_timeout = 0"))
                db.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
            if _revision(db) == HEAD:
                return False
            config = Config()
            config.set_main_option("script_location", "bridge.store:migrations")
            config.attributes["connection"] = db
            command.upgrade(config, "head")
    except OperationalError as error:
        raise StoreUnavailable(f"The schema could not be brought up to date: {error.orig}".strip()) from error
    return True


def wait_for_schema(store: Store, seconds: float) -> None:
    """Return once the schema is current; raise StoreUnavailable if nobody has seen to it in time."""
    deadline = time.monotonic() + seconds
    while current(store) != HEAD:
        if time.monotonic() > deadline:
            raise StoreUnavailable("The database has not been prepared. Run `ringbridge migrate`.")
        time.sleep(0.25)


def current(store: Store) -> str | None:
    """The revision that the database is at, or None while it is empty. Raises StoreUnavailable."""
    with store.read() as db:
        revision = _revision(db)
    if revision and revision > HEAD:
        raise StoreUnavailable(
            f"The database is at revision {revision}, and this program knows {HEAD}. Install the newer version."
        )
    return revision


def _revision(db: Connection) -> str | None:
    if not db.dialect.has_table(db, "alembic_version"):
        return None
    revision: str | None = db.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return revision

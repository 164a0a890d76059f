"""The service as a command needs it: settings read, logs set up, the schema in order."""

from __future__ import annotations

import logging

from bridge import logs, resealing, secrecy, settings
from bridge.service import THREADS, Service, open_service
from bridge.settings import Settings
from bridge.store import Store, migrate, open_store

log = logging.getLogger(__name__)

_PATIENCE = 30.0  # seconds that a process waits for another to bring the schema up to date


def environment() -> Settings:
    """The environment, and logging as it asks for. Raises SettingsError."""
    read = settings.load()
    secrecy.keep_environment(read)
    logs.configure(read.log_level, read.log_format)
    return read


def current_store(read: Settings) -> Store:
    """A store whose schema is current. On SQLite, which has one user at a time, a command sees to that itself."""
    store = open_store(read)
    if store.engine.dialect.name == "sqlite":
        migrate.migrate(store)
    else:
        migrate.wait_for_schema(store, _PATIENCE)
    return store


def running(read: Settings, *, embedded: bool = False, threads: int = THREADS) -> Service:
    """A service ready to work. `embedded` brings the schema up to date; the others wait until somebody has.

    Raises StoreUnavailable, SecretKeyError.
    """
    service = open_service(read, embedded=embedded, threads=threads)
    if embedded:
        migrate.migrate(service.store)
        _seal_anew(service.store)
    else:
        migrate.wait_for_schema(service.store, _PATIENCE)
    service.directory.current()  # a wrong key is found now, and not when the first call comes
    return service


def _seal_anew(store: Store) -> None:
    if renewed := store.write(lambda db: resealing.seal_anew(db, store.secrets)):
        log.info("secrets were sealed anew with the first key", extra={"count": renewed})

"""Everything in one process: the intake on waitress, and a worker, the sweep and the pollers in threads beside it."""

from __future__ import annotations

import fcntl
import logging
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

import click

from bridge.cli import opened, welcome
from bridge.cli.options import host, port
from bridge.pollers import Pollers
from bridge.service import THREADS
from bridge.settings import Settings
from bridge.store import StoreUnavailable
from bridge.web import create_app, server
from tasks.work import Embedded

log = logging.getLogger(__name__)


@click.command()
@host
@port
def up(host: str, port: int) -> None:
    """Run everything in one process: intake, worker and sweep, over SQLite in the data directory."""
    run_up(opened.environment(), host, port)


def run_up(settings: Settings, host: str, port: int) -> None:
    """Run until the process is told to stop; then finish what was begun. Raises StoreUnavailable, OSError."""
    with _only_one(settings):
        service = opened.running(settings.model_copy(update={"broker_url": None}), embedded=True)
        web = server.create(create_app(service), host, port)

        def leave(_signal: int, _frame: FrameType | None) -> None:
            raise KeyboardInterrupt

        signal.signal(signal.SIGTERM, leave)
        with Embedded(service, threads=THREADS), Pollers(service, service.holder):
            log.info("ringbridge is up", extra={"host": host, "port": server.port_of(web)})
            welcome.first_one(service, host, server.port_of(web))
            try:
                web.run()  # returns on KeyboardInterrupt
            finally:
                log.info("leaving: what was begun is finished first")
                web.close()


@contextmanager
def _only_one(settings: Settings) -> Iterator[None]:
    """One `up` in each data directory: a second one would take its predecessor for dead."""
    try:
        settings.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        lock = (settings.data_dir / "up.lock").open("w")
    except OSError as error:
        raise StoreUnavailable(
            f"The data directory cannot be used ({error.strerror}): set RINGBRIDGE_DATA_DIR."
        ) from None
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise StoreUnavailable(
                "Another `ringbridge up` is at work in this data directory. Stop it first, or set RINGBRIDGE_DATA_DIR."
            ) from None
        yield

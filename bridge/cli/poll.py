"""`ringbridge poll`: the door to the intake that opens from inside, as a process of its own."""

from __future__ import annotations

import logging
import signal
from types import FrameType

import click

from bridge.cli import opened
from bridge.pollers import Pollers, new_holder

log = logging.getLogger(__name__)


@click.command()
def poll() -> None:
    """Fetch the notifications of every instance whose intake is "poll"; workers and beat run elsewhere.

    Several of these share the instances, and one goes on with what another left.
    """
    read = opened.environment()
    if read.broker_url is None:
        log.warning("no broker: RINGBRIDGE_BROKER_URL is not set, so nobody is told of what is fetched here")
    service = opened.running(read)
    signal.signal(signal.SIGTERM, _leave)
    try:
        with Pollers(service, new_holder()):
            log.info("poller is ready")
            try:
                signal.pause()
            finally:
                log.info("leaving: what was begun is finished first")
    except KeyboardInterrupt:
        pass
    service.store.close()


def _leave(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt

"""Whether a worker still hears: it puts a message for itself on the broker, and waits for it to come.

A worker whose connection broke has been seen to report a new one and never to take a message again. Nothing in it
fails, so nothing ends it. This does; its supervisor starts it again.

Source: https://github.com/celery/celery/issues/10205
"""

from __future__ import annotations

import logging
import os
import signal
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from celery.worker import state as worker_state

from bridge import alive
from bridge.queue import Queue

log = logging.getLogger(__name__)

EVERY = 2.0  # seconds
DEAF_AFTER = 10.0  # seconds; a message comes within milliseconds
STOOD_STILL = 3.0  # seconds by which a rest may be too long
_TO_LEAVE = 25.0  # seconds; what was begun is finished first


@dataclass(slots=True)
class Hearing:
    """What one worker knows of its own hearing. `queue` is its own, and nobody else reads it."""

    queue: str
    threads: int
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    asked_at: float | None = None

    def heard(self) -> None:
        """The message has come."""
        self.asked_at = None

    def asked(self) -> None:
        """A message is on its way; an earlier one that has not come counts from when it was sent."""
        self.asked_at = self.clock() if self.asked_at is None else self.asked_at

    def excuse(self) -> None:
        """There is a reason not to hear: no thread is free, or the broker is away."""
        self.asked_at = None

    def rest(self) -> None:
        """Wait for the next look. After one that was far too long this process stood still: it could hear nothing."""
        began = self.clock()
        self.sleep(EVERY)
        if self.clock() - began > EVERY + STOOD_STILL:
            self.excuse()

    @property
    def is_deaf(self) -> bool:
        return self.asked_at is not None and self.clock() - self.asked_at > DEAF_AFTER


def listen(hearing: Hearing, queue: Queue, alive_file: Path | None) -> None:
    """Watch over this worker in a thread, until it ends."""
    threading.Thread(target=_watch, args=(hearing, queue, alive_file), name="hearing", daemon=True).start()


def _watch(hearing: Hearing, queue: Queue, alive_file: Path | None) -> None:
    while worker_state.should_stop is None and not hearing.is_deaf:  # type: ignore[redundant-expr]  # it is set later
        if len(worker_state.active_requests) >= hearing.threads or not queue.echo(hearing.queue):
            hearing.excuse()
        else:
            hearing.asked()
        alive.touch(alive_file)
        hearing.rest()
    if hearing.is_deaf:
        alive.withdraw(alive_file)
        _leave()


def _leave() -> None:
    log.critical("this worker hears nothing any more, although the broker answers; it ends, to be started again")
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(_TO_LEAVE)
    os._exit(1)

"""Starts workers: in a process of their own, or inside the one process of `ringbridge up`."""

from __future__ import annotations

import logging
import threading
import warnings
from functools import partial
from types import TracebackType
from typing import Any

from celery.beat import ScheduleEntry, Scheduler
from celery.exceptions import CPendingDeprecationWarning
from celery.signals import beat_init, setup_logging, worker_ready
from celery.worker import WorkController
from celery.worker import state as worker_state

from bridge import alive, holding, readings
from bridge.queue import ECHO, NOTES, RING, SWEEP_EVERY
from bridge.service import Service
from bridge.store import StoreUnavailable
from tasks import app as application
from tasks.hearing import Hearing, listen
from tasks.sweep import ring_due, sweep

log = logging.getLogger(__name__)

_QUIET = ["--without-gossip", "--without-mingle", "--without-heartbeat"]


def run_worker(service: Service, queues: list[str], threads: int) -> None:
    """Work until the process is told to stop; what was begun is finished."""
    app = application.create(service)
    hearing = Hearing(f"echo.{service.holder}", threads)
    app.task(name=ECHO, ignore_result=True, shared=False)(hearing.heard)
    level = service.settings.log_level
    setup_logging.connect(_leave_logging_alone, weak=False)

    def ready(**_: object) -> None:
        # At each lost connection it would advise what threads cannot do. By now it has had every such advice shown.
        warnings.filterwarnings("ignore", r"\s*In Celery 5.1 we introduced", CPendingDeprecationWarning)
        log.info("worker is ready", extra={"queues": ",".join(queues)})
        listen(hearing, service.queue, service.settings.alive_file)

    worker_ready.connect(ready, weak=False)
    app.worker_main(
        [
            "--quiet",
            "worker",
            "--pool=threads",
            f"--concurrency={threads}",
            f"--queues={','.join([*queues, hearing.queue])}",
            f"--loglevel={level}",
            *_QUIET,
        ]
    )


def run_beat(service: Service) -> None:
    """Send the sweep's messages until the process is told to stop. A second beat does no harm.

    The schedule stands in memory: Celery's usual file is of no use to one entry, and corrupt after a crash it would
    stop the beat.
    """
    app = application.create(service)
    setup_logging.connect(_leave_logging_alone, weak=False)
    beat_init.connect(lambda **_: log.info("beat is ready"), weak=False)
    ours: Any = partial(_Scheduler, service)  # Celery takes whatever makes one, and says that it takes names
    app.Beat(scheduler_cls=ours, loglevel=service.settings.log_level, quiet=True).run()


class _Scheduler(Scheduler):
    """Rings through our queue, which says once that the broker is away; Celery's own says it with every message."""

    producer: Any = None  # the base class would connect one, and try for ever

    def __init__(self, service: Service, *given: Any, **named: Any) -> None:  # noqa: ANN401  as Celery has them
        self._queue = service.queue
        self._alive_file = service.settings.alive_file
        super().__init__(*given, **named)

    def apply_entry(self, entry: ScheduleEntry, producer: object = None) -> None:  # noqa: ARG002
        self._queue.sweep()
        alive.touch(self._alive_file)


def _leave_logging_alone(**_: object) -> None:
    """Whoever receives this signal has set logging up, so that Celery does not."""


class Embedded:
    """A worker and a sweep in threads of this process, with queues in its memory. Use it as a context manager."""

    def __init__(self, service: Service, threads: int) -> None:
        self._service = service
        self._threads = threads
        self._stopping = threading.Event()
        self._running: list[threading.Thread] = []

    def __enter__(self) -> Embedded:
        service = self._service
        freed = service.store.write(lambda db: holding.free_leases(db, service.holder, service.now()))
        # Even a moment away is a gap; and whoever was reading a journal here is gone.
        service.store.write(lambda db: readings.all_due(db, service.now()))
        if freed:
            log.warning("a predecessor left deliveries unfinished; they go on now", extra={"count": freed})
        app = application.create(service)
        app.set_default()
        ready = threading.Event()
        worker = WorkController(
            app=app,
            pool="threads",
            concurrency=self._threads,
            queues=[RING, NOTES],
            without_heartbeat=True,
            without_mingle=True,
            without_gossip=True,
            loglevel=service.settings.log_level,
            ready_callback=lambda _consumer: ready.set(),
        )
        self._running = [
            threading.Thread(target=worker.start, name="worker", daemon=True),
            threading.Thread(target=self._sweep, name="sweep", daemon=True),
        ]
        worker_state.should_stop = None  # module state of Celery's: one worker in each process
        self._running[0].start()
        ready.wait(10)
        ring_due(service, all_of_them=True)
        self._running[1].start()
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self._stopping.set()
        worker_state.should_stop = 0  # type: ignore[assignment]  # the exit code, says Celery's own source
        for _ in range(2):  # Celery's loop sees this only when a message comes, and then goes round once more
            self._service.queue.sweep()
        for thread in self._running:
            thread.join(30)

    def _sweep(self) -> None:
        while not self._stopping.wait(SWEEP_EVERY):
            try:
                sweep(self._service)
            except StoreUnavailable as error:
                log.warning("the sweep could not use the store", extra={"reason": str(error)})
            except Exception:
                # Without the sweep, retries and late names would stop silently.
                log.exception("the sweep failed; it goes on")

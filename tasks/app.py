"""The Celery application with its tasks, for a worker in any shape."""

from __future__ import annotations

import logging
from collections.abc import Callable

from celery import Celery

from bridge import queue
from bridge.service import Service
from bridge.store import StoreUnavailable
from tasks.deliver import deliver
from tasks.identify import identify
from tasks.sweep import sweep

log = logging.getLogger(__name__)


def create(service: Service) -> Celery:
    """Give the service's Celery application its tasks: each takes one id at most, returns nothing, may run twice."""
    app = service.queue.app

    def task(name: str, work: Callable[..., None]) -> None:
        def run(*ids: int) -> None:
            try:
                work(service, *ids)
            except StoreUnavailable as error:
                # Nothing is lost: the row is due, or its lease will end.
                log.warning("a task could not use the store", extra={"task": name, "reason": str(error)})

        run.__name__ = work.__name__
        app.task(name=name, ignore_result=True, shared=False)(run)

    task(queue.DELIVER, deliver)
    task(queue.IDENTIFY, identify)
    task(queue.SWEEP, sweep)
    app.finalize()
    return app

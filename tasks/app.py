"""The Celery application with its tasks, for a worker in any shape."""

from __future__ import annotations

import logging
from collections.abc import Callable

from celery import Celery

from bridge import queue
from bridge.service import Service
from bridge.store import StoreUnavailable
from tasks.deliver import deliver
from tasks.find import find
from tasks.identify import identify
from tasks.probe import probe
from tasks.read_contacts import read_contacts
from tasks.reconcile import reconcile
from tasks.sweep import sweep

log = logging.getLogger(__name__)

_ROWS = {  # what a message names
    queue.DELIVER: "delivery_id",
    queue.IDENTIFY: "call_row",
    queue.FIND: "person_id",
    queue.PROBE: "connection_id",
    queue.RECONCILE: "instance_row",
    queue.READ_CONTACTS: "instance_row",
}


def create(service: Service) -> Celery:
    """Give the service's Celery application its tasks: each takes one id at most, returns nothing, may run twice."""
    app = service.queue.app

    def task(name: str, work: Callable[..., None]) -> None:
        def run(*ids: int) -> None:
            try:
                work(service, *ids)
            except StoreUnavailable as error:
                # Nothing is lost: the row is due, or its lease will end.
                named = {_ROWS[name]: ids[0]} if ids else {}
                log.warning("a task could not use the store", extra={"task": name, "reason": str(error), **named})

        run.__name__ = work.__name__
        app.task(name=name, ignore_result=True, shared=False)(run)

    task(queue.DELIVER, deliver)
    task(queue.IDENTIFY, identify)
    task(queue.FIND, find)
    task(queue.PROBE, probe)
    task(queue.RECONCILE, reconcile)
    task(queue.READ_CONTACTS, read_contacts)
    task(queue.SWEEP, sweep)
    app.finalize()
    return app

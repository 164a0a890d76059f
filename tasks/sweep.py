"""Enqueue what is due, and settle what never ended. The store keeps time; this looks at its clock."""

from __future__ import annotations

import logging
from datetime import timedelta

from sqlalchemy import Connection as Db

from bridge import callers, calls, deliveries, heartbeats, intake
from bridge.intake import Accepted
from bridge.service import Service

log = logging.getLogger(__name__)

_AT_ONCE = 500  # rows a round; the next round comes soon


def sweep(service: Service) -> None:
    """One round. Several at once, in any number of processes, do no harm."""
    now = service.now()
    silent_before = now - timedelta(seconds=service.settings.outcome_seconds)
    with service.store.read() as db:
        seen = heartbeats.last(db)
        awake_since = heartbeats.awake_since(db, now)
        look_up = callers.due(db, now, _AT_ONCE)
        some_due = deliveries.any_due(db, now)
        some_silent = calls.any_silent(db, silent_before)
    if seen is None or now - seen > heartbeats.EVERY:
        service.store.write(lambda db: heartbeats.beat(db, service.now()))
    for call_id in look_up:
        service.queue.identify(call_id)
    if some_due:
        ring_due(service)
    # While we were away GREEN-API kept the outcomes for us: silence counts from when we were back.
    if some_silent and awake_since and awake_since < silent_before:
        _close_silent(service)


def ring_due(service: Service, *, all_of_them: bool = False) -> None:
    """Put on the queue what is due; `all_of_them` after a start that no message can have survived."""

    def due(db: Db) -> list[deliveries.Doorbell]:
        return deliveries.fallen_due(db, service.now(), _AT_ONCE, all_of_them=all_of_them)

    for bell in service.store.write(due):
        service.queue.deliver(bell.delivery_id, ringing=bell.ringing)


def _close_silent(service: Service) -> None:
    snapshot = service.directory.current()

    def close(db: Db) -> list[Accepted]:
        return intake.close_silent(db, snapshot, service.settings, service.now(), _AT_ONCE)

    for accepted in service.store.write(close):
        log.info("no outcome in time; the call is unknown", extra={"call_id": accepted.call_id})
        service.ring(accepted)

"""Enqueue what is due, settle what never ended, forget what is old. The store keeps time; this looks at its clock."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from sqlalchemy import Connection as Db

from bridge import (
    callers,
    calls,
    contacts,
    heartbeats,
    holding,
    intake,
    lines,
    people,
    probes,
    readings,
    retention,
)
from bridge.deliveries import Doorbell
from bridge.intake import Accepted
from bridge.service import Service
from tasks.clock import mend_leap, mend_step_back

log = logging.getLogger(__name__)

_AT_ONCE = 500  # rows a round; the next round comes soon
_FEW = 20  # of what asks GREEN-API for much: whoever rings for the same again must not fill the queue


def sweep(service: Service) -> None:
    """One round. Several at once, in any number of processes, do no harm."""
    mend_leap(service)
    now = service.now()
    service.steadiness.mark(now)
    silent_before = now - timedelta(seconds=service.settings.outcome_seconds)
    with service.store.read() as db:
        seen = heartbeats.last(db)
        awake_since = heartbeats.awake_since(db, now)
        look_up = callers.due(db, now, _AT_ONCE)
        find = people.due(db, now, _AT_ONCE)
        probe = probes.due(db, now)
        some_due = lines.any_due(db, now)
        some_stranded = holding.any_stranded(db)
        some_silent = calls.any_silent(db, silent_before)
        may_forget = retention.is_time(db, now)
    mend_step_back(service, seen, now)
    if seen is None or abs(now - seen) > heartbeats.EVERY:
        _beat(service, now)
    for call_id in look_up:
        service.queue.identify(call_id)
    for person_id in find:
        service.queue.find(person_id)
    for connection_id in probe:
        service.queue.probe(connection_id)
    if some_stranded:
        service.store.write(lambda db: holding.free_stranded(db, now, _AT_ONCE))
    if some_due or some_stranded:
        ring_due(service)
    # While we were away GREEN-API kept the outcomes for us: silence counts from when we were back.
    if some_silent and awake_since and awake_since < silent_before:
        _close_silent(service)
    if may_forget:
        _forget(service)


def _beat(service: Service, now: datetime) -> None:
    """Say that we are at work, and see to what is not in a hurry.

    `now` is when this sweep looked for a clock that was set. One that is set meanwhile is for the next to notice.
    """

    def beat(db: Db) -> None:
        if heartbeats.beat(db, now):  # we were away: what was only said meanwhile stands in the journal
            readings.all_due(db, now)

    service.store.write(beat)
    with service.store.read() as db:
        journals = readings.due(db, now, _FEW)
        books = contacts.due(db, now, _FEW)
    for instance_id in journals:
        service.queue.reconcile(instance_id)
    for instance_id in books:
        service.queue.read_contacts(instance_id)


def ring_due(service: Service, *, all_of_them: bool = False) -> None:
    """Put on the queue what is due; `all_of_them` after a start that no message can have survived."""

    def due(db: Db) -> list[Doorbell]:
        return lines.fallen_due(db, service.now(), _AT_ONCE, all_of_them=all_of_them)

    for bell in service.store.write(due):
        service.queue.deliver(bell.delivery_id, ringing=bell.ringing)


def _close_silent(service: Service) -> None:
    snapshot = service.directory.current()

    def close(db: Db) -> list[Accepted]:
        return intake.close_silent(db, snapshot, service.settings, service.now(), _AT_ONCE)

    for accepted in service.store.write(close):
        log.info("no outcome in time; the call is unknown", extra={"call_id": accepted.call_id})
        service.ring(accepted)


def _forget(service: Service) -> None:
    """One portion; the next round goes on with the next."""
    now = service.now()
    with service.store.read() as db:
        portion = retention.too_old(db, service.settings, now)
    if portion is None:
        service.store.write(lambda db: retention.found_nothing(db, now))
        return
    forgotten = service.store.write(lambda db: retention.forget(db, portion))
    log.info("what was too old is forgotten", extra={f"{name}_count": count for name, count in forgotten.items()})

"""Read an instance's journal, and write down what no notification told."""

from __future__ import annotations

import logging
from collections import Counter
from datetime import timedelta

from bridge import journal, readings
from bridge.greenapi import rates
from bridge.greenapi.client import Client, JournalEntry
from bridge.instances import Instance
from bridge.journal import Reconciliation, Verdict
from bridge.readings import Reading
from bridge.redaction import without_secrets
from bridge.service import Service
from bridge.shares import ERRANDS
from connectors.kit import ConnectorError, attempt_budget

log = logging.getLogger(__name__)

_MOST = 2  # threads: where GREEN-API hangs, those that ring must not wait for this
_LONGEST_READING = 60.0  # seconds; it may list ten thousand calls


def reconcile(service: Service, instance_id: int) -> None:
    """Read an instance's journal, if that is due, and write down what no notification told.

    Safe to run any number of times, and by anybody: one reads at a time, and what is known is left alone.
    """
    instance = service.directory.current().by_id.get(instance_id)
    if instance is None:  # removed, or added a moment ago and not seen here yet
        return
    with service.shares.held(ERRANDS, _MOST) as is_held:
        if is_held:  # else it stays due, and is rung for again
            _reconcile(service, instance)


def _reconcile(service: Service, instance: Instance) -> None:
    reading = service.store.write(lambda db: readings.claim(db, instance.id, service.now()))
    if reading is None:
        return
    entries = _listed(service, instance, reading)
    if entries is None:
        return
    found = _bring(service, instance, reading, entries)
    service.store.write(lambda db: readings.done(db, reading))
    _log(instance, reading, found)


def _listed(service: Service, instance: Instance, reading: Reading) -> list[JournalEntry] | None:
    """What the journal lists; None where it could not be had, which has been written down then."""
    wait = service.buckets.take(rates.of(instance.config.id_instance, "lastIncomingCalls"), 1)
    if wait:
        until = service.now() + timedelta(seconds=wait)
        service.store.write(lambda db: readings.put_off(db, instance.id, until))
        return None
    try:
        with attempt_budget(_LONGEST_READING):
            client = Client(service.http, instance.config)
            return client.journal(journal.minutes(reading.since, reading.began_at))
    except ConnectorError as failure:
        error = failure  # Python forgets the name of what was caught
    error.reason = without_secrets(error.reason)
    switched_off = service.store.write(lambda db: readings.failed(db, reading, error, service.now()))
    fields = {"instance": instance.name, "reason": error.reason}
    if switched_off:
        log.warning("the journal is not read any more; it is tried again once a day", extra=fields)
    else:
        log.info("the journal could not be read", extra=fields)
    return None


def _bring(service: Service, instance: Instance, reading: Reading, entries: list[JournalEntry]) -> Counter[Verdict]:
    found = Counter[Verdict]()
    run = Reconciliation(instance, service.directory.current(), service.settings, reading.began_at, reading.since)
    for brought in run.run(service.store, entries):
        found[brought.verdict] += 1
        service.ring(brought.accepted)
    return found


def _log(instance: Instance, reading: Reading, found: Counter[Verdict]) -> None:
    fields = {"instance": instance.name, "new": found["new"], "settled": found["settled"]}
    if found["new"] or found["settled"]:
        log.info("the journal told of calls that no notification had told of", extra=fields)
    if reading.fell_silent:
        log.warning("nothing has been heard from GREEN-API for a day", extra={"instance": instance.name})

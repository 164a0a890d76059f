"""Read the address book of an instance's phone: names for callers whom nobody has to be asked about then."""

from __future__ import annotations

import logging
from datetime import timedelta
from functools import partial

from bridge import contacts, introductions
from bridge.greenapi import rates
from bridge.greenapi.client import Client
from bridge.instances import Instance
from bridge.introductions import AT_ONCE, Introduction
from bridge.redaction import without_secrets
from bridge.service import Service
from bridge.shares import ERRANDS
from connectors.kit import ConnectorError, Rejected, attempt_budget

log = logging.getLogger(__name__)

_MOST = 2  # threads: where GREEN-API hangs, those that ring must not wait for this
_LONGEST_READING = 60.0  # seconds


def read_contacts(service: Service, instance_id: int) -> None:
    """Read the address book of an instance's phone, if that is due, and keep what adds to the names that are known.

    Safe to run any number of times: it is read once a day, by whichever worker is first.
    """
    instance = service.directory.current().by_id.get(instance_id)
    if instance is None:
        return
    with service.shares.held(ERRANDS, _MOST) as is_held:
        if is_held and service.store.write(lambda db: contacts.claim(db, instance_id, service.now())):
            _read(service, instance)


def _read(service: Service, instance: Instance) -> None:
    wait = service.buckets.take(rates.of(instance.config.id_instance, "getContacts"), 1)
    if wait:
        until = service.now() + timedelta(seconds=wait)
        service.store.write(lambda db: contacts.put_off(db, instance.id, until))
        return
    try:
        with attempt_budget(_LONGEST_READING):
            listed = Client(service.http, instance.config).contacts()
    except ConnectorError as error:
        if not isinstance(error, Rejected):  # what a plan refuses today it refuses in an hour
            service.store.write(lambda db: contacts.failed(db, instance.id, service.now()))
        fields = {"instance": instance.name, "reason": without_secrets(error.reason)}
        log.info("the address book could not be read", extra=fields)
        return
    said = [one for one in map(introductions.by_contact, listed) if one is not None]
    added = sum(_learn(service, instance, said[at : at + AT_ONCE]) for at in range(0, len(said), AT_ONCE))
    log.info("the address book was read", extra={"instance": instance.name, "count": len(said), "added": added})


def _learn(service: Service, instance: Instance, portion: list[Introduction]) -> int:
    return service.store.write(
        partial(introductions.learn, instance_id=instance.id, introductions=portion, now=service.now())
    )

"""Find out who is calling, then let go what waited for the name."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from datetime import timedelta

from sqlalchemy import Connection as Db

from bridge import callers, deliveries
from bridge.callers import Lookup, Names
from bridge.deliveries import Doorbell
from bridge.greenapi import client
from bridge.instances import Instance
from bridge.service import Service
from connectors.kit import ConnectorError, RateLimited, attempt_budget

log = logging.getLogger(__name__)

_LONGEST_LOOKUP = 10.0  # seconds
_PAUSE = 2.0  # GREEN-API does not say how long to wait after a 429
_LONGEST_PAUSE = 30.0  # whatever a proxy in front of it says: the limit counts by the second


def identify(service: Service, call_id: int) -> None:
    """Ask GREEN-API who is calling, unless that is known by now or its limit forbids it at this moment.

    Safe to run any number of times. What waits for the name is let go when it comes, or when it is clear that it
    will not.
    """
    with service.store.read() as db:
        instance_id = callers.instance_of(db, call_id)
    if instance_id is None:
        return
    instance = service.directory.current().by_id.get(instance_id)
    if instance is None:  # removed, or added a moment ago and not seen here yet
        _let_go(service, lambda db: callers.forget_removed(db, call_id))
        return
    lookup = service.store.write(lambda db: callers.claim(db, call_id, instance, service.now()))
    if lookup is not None:
        _look_up(service, instance, lookup)


def _look_up(service: Service, instance: Instance, lookup: Lookup) -> None:
    names: Names | None = None
    try:
        with attempt_budget(_LONGEST_LOOKUP):
            names = client.contact_names(service.http, instance.config, lookup.chat_id)
    except RateLimited as error:
        later = service.now() + timedelta(seconds=min(error.retry_after or _PAUSE, _LONGEST_PAUSE))
        service.store.write(lambda db: callers.ask_later(db, lookup, later))
        return
    except ConnectorError as error:
        log.warning("the caller's name could not be had", extra={"instance_id": instance.id, "reason": error.reason})
    if names is None:
        _let_go(service, lambda db: callers.learn_nothing(db, lookup, service.now()))
    else:
        _let_go(service, lambda db: callers.learn(db, lookup, names, service.now()))


def _let_go(service: Service, learn: Callable[[Db], Sequence[int]]) -> None:
    def learned(db: Db) -> list[Doorbell]:
        return deliveries.release(db, learn(db), service.now())

    for bell in service.store.write(learned):
        service.queue.deliver(bell.delivery_id, ringing=bell.ringing)

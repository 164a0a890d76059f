"""Ask GREEN-API who is calling, then let go what waited for the name."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TypeVar

from sqlalchemy import Connection as Db

from bridge import callers, names, story
from bridge.callers import Lookup, Names
from bridge.deliveries import Doorbell
from bridge.greenapi.client import Client
from bridge.instances import Instance
from bridge.redaction import without_secrets
from bridge.service import Service
from connectors.kit import ConnectorError, RateLimited, attempt_budget

log = logging.getLogger(__name__)
T = TypeVar("T")

_LONGEST_LOOKUP = 10.0  # seconds
_PAUSE = 2.0  # GREEN-API does not say how long to wait after a 429
_LONGEST_PAUSE = 30.0  # whatever a proxy in front of it says: the limit counts by the second


def identify(service: Service, call_id: int) -> None:
    """Ask GREEN-API who is calling, unless that is known by now or its limit forbids it at this moment.

    Safe to run any number of times. What waits for the name is let go when it comes, or when it is clear that it
    will not.
    """
    with service.store.read() as db:
        asking = callers.asking(db, call_id)
    if asking is None:
        return
    instance_id, chat_id = asking
    instance = service.directory.current().by_id.get(instance_id)
    if instance is None:  # removed, or added a moment ago and not seen here yet
        _let_go(service, chat_id, lambda db: callers.forget_removed(db, call_id))
        return
    lookup = service.store.write(lambda db: callers.claim(db, call_id, instance, service.now()))
    if lookup is not None:
        _look_up(service, instance, lookup)


def _look_up(service: Service, instance: Instance, lookup: Lookup) -> None:
    began = service.now()
    found, reason = None, None
    try:
        with attempt_budget(_LONGEST_LOOKUP):
            found = Client(service.http, instance.config).contact_names(lookup.chat_id)
    except RateLimited as error:
        later = service.now() + timedelta(seconds=min(error.retry_after or _PAUSE, _LONGEST_PAUSE))
        service.store.write(lambda db: callers.ask_later(db, lookup, later))
        log.info("GREEN-API asks for a pause before the caller's name", extra={"call_id": lookup.call_key})
        return
    except ConnectorError as error:
        reason = without_secrets(error.reason)
        log.warning("the caller's name could not be had", extra={"call_id": lookup.call_key, "reason": reason})
    ended = service.now()
    following = _let_go(
        service, lookup.chat_id, lambda db: _learn(db, instance, lookup, found, reason, began=began, ended=ended)
    )
    if found is not None:
        took_ms = round((ended - began) / timedelta(milliseconds=1))
        log.info("the caller was looked up", extra={"call_id": lookup.call_key, "took_ms": took_ms})
    if following:  # it goes out the moment that the limit allows it; the sweep would be too late each time
        call_id, at = following
        service.queue.identify_in(max(0.0, (at - service.now()).total_seconds()), call_id)


def _learn(
    db: Db,
    instance: Instance,
    lookup: Lookup,
    found: Names | None,
    reason: str | None,
    *,
    began: datetime,
    ended: datetime,
) -> tuple[int, datetime] | None:
    """Keep the answer, if there was one, and return who is to be asked for next, and when."""
    if found is None:
        answered, source = callers.learn_nothing(db, lookup, ended), None
    else:
        answered = callers.learn(db, lookup, found, ended)
        known = callers.cached(db, lookup.instance_id, lookup.chat_id).names
        source = next((one for one in instance.config.name_order if getattr(known, one, None)), None)
    took_ms = round((ended - began) / timedelta(milliseconds=1))
    for call_id in answered:
        story.tell(db, call_id, "name", ended, source=source, took_ms=took_ms, reason=reason)
    callers.space(db, instance, began)
    return callers.next_in_line(db, instance.id)


def _let_go(service: Service, chat_id: str, learn: Callable[[Db], T]) -> T:
    def learned(db: Db) -> tuple[T, list[Doorbell]]:
        return learn(db), names.let_go(db, chat_id, service.now())

    result, bells = service.store.write(learned)
    for bell in bells:
        service.queue.deliver(bell.delivery_id, ringing=bell.ringing)
    return result

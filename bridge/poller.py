"""The other door to the intake, for hosts without a public address: one instance's queue, read from its head.

Receive, write down, delete, and only then ring for the workers. Until it is deleted GREEN-API hands out the same head
again, so whatever ends this process between two of these steps costs a repeat, which changes nothing.

Source: https://green-api.com/en/docs/api/receiving/technology-http-api/
"""

from __future__ import annotations

import logging
import random
import threading
from contextlib import suppress

from bridge import polling, reception
from bridge.greenapi.client import Client, Received
from bridge.greenapi.errors import NotAuthorized, Starting
from bridge.greenapi.events import Notification, Unreadable
from bridge.instances import Instance
from bridge.service import Service
from bridge.store import StoreUnavailable
from connectors.kit import ConnectorError, Http, Limits, RateLimited, Retryable, Unauthorized
from connectors.kit.watchdog import clock

log = logging.getLogger(__name__)

WAIT = 5
"""Seconds for which GREEN-API keeps a question open while nothing is queued: the fewest that it allows."""

LIMITS = Limits(body=reception.LONGEST_BODY + 64 * 1024)
"""A notification may be as long as the webhook takes them: one that did not fit would block its queue for ever."""

_AHEAD = WAIT + 1.0  # of the lease must be left when a question is put, so that no other asks at the same time
_AT_ONCE = 1.0  # an answer that comes sooner did not wait for something to be queued
_BREATH = 0.5
_LONGEST_BACK_OFF = 30.0
_RESTART = 300.0  # what a restart of the instance may take, as GREEN-API says
_REFUSED = 60.0  # a webhook's address is set, the account is not linked: until somebody has seen to it


class Lease:
    """Until when an instance is ours, by the clock of this process."""

    def __init__(self) -> None:
        self._ends = 0.0

    def renew(self, asked_at: float) -> None:
        """It was renewed by a transaction that began at that time."""
        # Ends a little early here, so that it never ends later than others see it end.
        self._ends = asked_at + polling.LEASE.total_seconds() - 1.0

    def covers(self, seconds: float) -> bool:
        """Whether it will last for so long."""
        return self._ends - clock() > seconds


class Poller:
    """Reads one instance's queue in a thread of its own, for as long as its lease lasts."""

    def __init__(self, service: Service, holder: str, instance: Instance, reason: str | None) -> None:
        """`reason` is why polling did not work, as far as the store knows."""
        self.instance = instance
        self.lease = Lease()
        self._service = service
        self._holder = holder
        self._http = Http(service.settings.allowed_private_networks, limits=LIMITS)  # connections of its own
        self._client = Client(self._http, instance.config)
        self._stopping = threading.Event()
        self._failures = 0
        self._said = self._noted = reason
        self._thread = threading.Thread(target=self._run, name=f"poll-{instance.name}", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Begin nothing more; what is under way ends by itself."""
        self._stopping.set()

    def ended(self, within: float = 0.0) -> bool:
        """Whether the thread has ended, or does within so many seconds."""
        self._thread.join(within)
        return not self._thread.is_alive()

    @property
    def is_stopping(self) -> bool:
        return self._stopping.is_set()

    def _run(self) -> None:
        pause = 0.0
        while not self._stopping.wait(pause):
            # While the store is away the lease cannot be renewed, and nothing could be written down.
            pause = self._attempt() if self.lease.covers(_AHEAD) else _BREATH
        self._http.close()

    def _attempt(self) -> float:
        """Take what is at the head of the queue; returns after how many seconds to go on."""
        try:
            pause = self._head_taken()
        except (ConnectorError, StoreUnavailable) as error:
            return self._failed(error)
        except Exception:
            log.exception("polling failed unexpectedly; it goes on", extra=self._named)
            self._failures += 1
            return back_off(self._failures)
        self._failures = 0
        self._say(None)
        return pause

    def _head_taken(self) -> float:
        asked_at = clock()
        received = self._client.receive(WAIT)
        if received is None:
            # Seen at gateways: an empty answer at once, where the page says that the question is kept open.
            return _BREATH if clock() - asked_at < _AT_ONCE else 0.0
        self._service.crash_point("received")
        if self._is_ours():
            self._take(received)
        return 0.0

    def _take(self, received: Received) -> None:
        owner = self.instance.config.id_instance
        taken = reception.take(self._service, _ours(received.body, owner), received.body, frozenset({owner}), "poll")
        try:
            if self._is_ours():
                self._client.delete(received.receipt_id)
                self._service.crash_point("deleted")
        finally:
            if taken.accepted is not None:
                self._service.ring_soon(taken.accepted)

    def _is_ours(self) -> bool:
        """Whether nobody else reads this queue: what we received is theirs if they do."""
        return not self.is_stopping and self.lease.covers(0.0)

    def _failed(self, error: ConnectorError | StoreUnavailable) -> float:
        self._failures += 1
        # Once is nothing: connections break off every day, and the next attempt is a second away. That the store is
        # away is said by whoever renews the leases in it, for all.
        if not isinstance(error, StoreUnavailable) and self._failures > _borne(error):
            self._say(str(error))
        return pause_after(error, self._failures, self._service.settings.probe_seconds)

    def _say(self, reason: str | None) -> None:
        """Tell once why polling does not work, and once that it does again."""
        if reason != self._said:
            self._said = reason
            if reason is None:
                log.info("polling works again", extra=self._named)
            else:
                log.warning("polling does not work", extra={**self._named, "reason": reason})
        if reason != self._noted:
            with suppress(StoreUnavailable):  # then after the next attempt
                self._service.store.write(lambda db: polling.note(db, self._holder, self.instance.id, reason))
                self._noted = reason

    @property
    def _named(self) -> dict[str, str]:
        return {"instance_id": self.instance.config.id_instance}


def _borne(error: ConnectorError) -> int:
    """How many failures in a row pass without a word."""
    if isinstance(error, Starting):  # after each change of its settings, for up to five minutes
        return round(_RESTART / Starting.retry_after)
    return 1 if isinstance(error, Retryable) else 0


def pause_after(error: ConnectorError | StoreUnavailable, failures: int, probe_seconds: float) -> float:
    """How many seconds to wait after the last of so many failures in a row."""
    if isinstance(error, Starting):
        return Starting.retry_after
    if isinstance(error, Unauthorized) and not isinstance(error, NotAuthorized):  # a phone may be linked any minute
        return probe_seconds
    if isinstance(error, RateLimited):
        return max(back_off(failures), min(error.retry_after or 0.0, _LONGEST_BACK_OFF))
    return back_off(failures) if isinstance(error, (Retryable, StoreUnavailable)) else _REFUSED


def back_off(failures: int) -> float:
    """From 1 to 30 seconds, growing, and never the same for many who fail together."""
    longest = min(_LONGEST_BACK_OFF, 2.0 ** min(failures, 10))
    return random.uniform(max(1.0, longest / 2), longest)  # noqa: S311  jitter, not a secret


def _ours(body: bytes, owner: str) -> Notification | Unreadable:
    """What was received. A call of another instance does not belong in this queue: it is kept, to be looked at."""
    heard = reception.opened(body)
    if isinstance(heard, Notification) and (heard.call is None or heard.call.id_instance == owner):
        return heard
    if heard.id_instance in (None, owner):
        return heard
    return Unreadable(f"It names the instance {heard.id_instance}, but came out of the queue of {owner}.", heard.type)

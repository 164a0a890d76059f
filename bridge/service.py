"""What every part of a running Ringbridge needs, put together once per process."""

from __future__ import annotations

import os
import signal
import socket
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from bridge import buckets
from bridge.bells import Bells
from bridge.buckets import Buckets
from bridge.clock_steps import Steadiness
from bridge.connections import Live
from bridge.directory import Directory
from bridge.heard import Heard
from bridge.intake import Accepted
from bridge.queue import Queue, celery_app
from bridge.settings import Settings
from bridge.shares import Shares
from bridge.store import Store, open_store
from connectors.kit import Http, Registry


@dataclass(frozen=True)
class Service:
    """One process's view of the bridge. `holder` is the name under which it takes leases."""

    settings: Settings
    store: Store
    directory: Directory
    queue: Queue
    http: Http
    live: Live
    holder: str
    shares: Shares
    buckets: Buckets
    heard: Heard = field(default_factory=Heard)
    registry: Registry = field(default_factory=Registry)
    steadiness: Steadiness = field(default_factory=Steadiness)
    bells: Bells = field(default_factory=Bells)

    @property
    def lease(self) -> timedelta:
        """How long a delivery is ours before others may take it."""
        return timedelta(seconds=self.settings.lease_seconds)

    def now(self) -> datetime:
        """This process's clock (aware, UTC)."""
        return datetime.now(UTC)

    def ring(self, accepted: Accepted) -> None:
        """Put on the queue what a committed transaction has made due."""
        for bell in accepted.due:
            self.queue.deliver(bell.delivery_id, ringing=bell.ringing)
        for call_id in accepted.look_up:
            self.queue.identify(call_id)
        for person_id in accepted.find:
            self.queue.find(person_id)

    def ring_soon(self, accepted: Accepted) -> None:
        """The same for who has others to answer: not even a broker that is half-open holds them up."""
        if self.settings.broker_url is None:  # the embedded one is memory, and nearer than another thread
            self.ring(accepted)
        elif accepted.due or accepted.look_up or accepted.find:
            self.bells.ring(lambda: self.ring(accepted))

    def crash_point(self, name: str) -> None:
        """End this process here, without cleaning up, if a test asked for it."""
        if self.settings.crash_at == name:
            os.kill(os.getpid(), signal.SIGKILL)


THREADS = 16
"""How many a worker has, unless it is told otherwise."""


def open_service(settings: Settings, *, embedded: bool = False, threads: int = THREADS) -> Service:
    """Put a service together, for so many threads of work. Raises SecretKeyError, StoreUnavailable, DuplicateConnector.

    An `embedded` one keeps its holder's name from start to start, so that it can free its predecessor's leases.
    """
    store = open_store(settings)
    registry = Registry()
    http = Http(settings.allowed_private_networks)
    host = socket.gethostname()
    holder = f"up@{host}:{settings.data_dir.absolute()}" if embedded else f"worker@{host}:{os.getpid()}"
    return Service(
        settings=settings,
        store=store,
        directory=Directory(store, registry=registry),
        queue=Queue(celery_app(settings)),
        http=http,
        live=Live(store, registry, http),
        holder=holder,
        shares=Shares(threads),
        buckets=Buckets(buckets.connect(settings.shared_redis)),
        heard=Heard(store),
        registry=registry,
    )

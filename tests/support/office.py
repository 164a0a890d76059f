"""A service without a broker: real store, real HTTP, and in place of the queue somebody who notes what was rung for."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from ipaddress import ip_network

import rolodex

from bridge.buckets import Buckets
from bridge.clock_steps import Steadiness
from bridge.connections import Live
from bridge.directory import Directory
from bridge.service import Service
from bridge.settings import Settings
from bridge.shares import Shares
from bridge.store import StoreUnavailable
from connectors.kit import Http

LOOPBACK = ip_network("127.0.0.0/8")


class Bells:
    """Stands where the queue does, and keeps what was put on it."""

    def __init__(self) -> None:
        self.delivered: list[tuple[int, bool]] = []
        self.identified: list[int] = []
        self.later: list[tuple[float, int]] = []
        self.found: list[int] = []
        self.probed: list[int] = []
        self.reconciled: list[int] = []
        self.books: list[int] = []

    def deliver(self, delivery_id: int, *, ringing: bool) -> None:
        self.delivered.append((delivery_id, ringing))

    def identify(self, call_id: int) -> None:
        self.identified.append(call_id)

    def identify_in(self, seconds: float, call_id: int) -> None:
        self.later.append((seconds, call_id))

    def probe(self, connection_id: int) -> None:
        self.probed.append(connection_id)

    def reconcile(self, instance_id: int) -> None:
        self.reconciled.append(instance_id)

    def read_contacts(self, instance_id: int) -> None:
        self.books.append(instance_id)

    def find(self, person_id: int) -> None:
        self.found.append(person_id)


class FullStore:
    """A store that can be read, and has no room left."""

    def __init__(self, store) -> None:
        self.read, self.secrets = store.read, store.secrets

    def write(self, fn):
        raise StoreUnavailable("The store cannot be written: disk full")


class Clock:
    """Shows the moment `after` seconds from the desk's start."""

    def __init__(self, desk) -> None:
        self._desk, self.after = desk, 0.0

    def __call__(self) -> datetime:
        return self._desk.moment(self.after)


def all_at_once(work: Callable[..., object], items: Iterable[object]) -> None:
    """Do the work for each item, in threads that begin together, and return when all are done."""
    items = list(items)
    barrier = threading.Barrier(len(items))

    def begin(item: object) -> None:
        barrier.wait()
        work(item)

    with ThreadPoolExecutor(len(items)) as pool:
        list(pool.map(begin, items))


@dataclass(frozen=True, kw_only=True)
class Office(Service):
    clock: Callable[[], datetime]

    def now(self) -> datetime:
        return self.clock()


def office(store, clock: Callable[[], datetime], http: Http | None = None, **settings) -> Office:
    """A service whose clock is the given one, and whose way out too."""
    http, registry = http or Http([LOOPBACK]), rolodex.registry()
    return Office(
        settings=Settings(**settings),
        store=store,
        directory=Directory(store, registry=registry),
        queue=Bells(),
        http=http,
        live=Live(store, registry, http),
        holder="office",
        shares=Shares(threads=16),
        buckets=Buckets(None, lambda: clock().timestamp()),
        steadiness=Steadiness(lambda: clock().timestamp()),
        registry=registry,
        clock=clock,
    )

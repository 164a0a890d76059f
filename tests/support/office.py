"""A service without a broker: real store, real HTTP, and in place of the queue somebody who notes what was rung for."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from ipaddress import ip_network

from bridge.connections import Live
from bridge.directory import Directory
from bridge.service import Service
from bridge.settings import Settings
from bridge.store import StoreUnavailable
from connectors.kit import Http, Registry

LOOPBACK = ip_network("127.0.0.0/8")


class Bells:
    """Stands where the queue does, and keeps what was put on it."""

    def __init__(self) -> None:
        self.delivered: list[tuple[int, bool]] = []
        self.identified: list[int] = []

    def deliver(self, delivery_id: int, *, ringing: bool) -> None:
        self.delivered.append((delivery_id, ringing))

    def identify(self, call_id: int) -> None:
        self.identified.append(call_id)


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


@dataclass(frozen=True)
class Office(Service):
    clock: Callable[[], datetime]

    def now(self) -> datetime:
        return self.clock()


def office(store, clock: Callable[[], datetime], **settings) -> Office:
    """A service whose clock is the given one."""
    http = Http([LOOPBACK])
    return Office(
        settings=Settings(**settings),
        store=store,
        directory=Directory(store),
        queue=Bells(),
        http=http,
        live=Live(store, Registry(), http),
        holder="office",
        clock=clock,
    )

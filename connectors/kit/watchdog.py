"""When a request must end: the clock, the budget of an attempt, and the watchdog that cuts what overruns.

`requests` limits the wait for each byte, never the whole: a header that drips in can hold a thread for hours.
"""

from __future__ import annotations

import os
import socket
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import TracebackType

TICK = 0.25  # seconds: how late a cut may come


if sys.platform == "linux":

    def clock() -> float:
        """Seconds on a clock that goes on while the machine is suspended."""
        return time.clock_gettime(time.CLOCK_BOOTTIME)

else:
    clock = time.monotonic


class _Thread(threading.local):
    flight: Flight | None = None
    budget_ends: float | None = None


_thread = _Thread()


@contextmanager
def attempt_budget(seconds: float) -> Iterator[None]:
    """Let the requests that this thread makes inside the block take no longer than this, all together."""
    outer = _thread.budget_ends
    ends = clock() + seconds
    _thread.budget_ends = ends if outer is None else min(outer, ends)
    try:
        yield
    finally:
        _thread.budget_ends = outer


def allowance(total: float) -> float:
    """How many seconds a request may take now: `total`, or what is left of the budget if that is less."""
    if _thread.budget_ends is None:
        return total
    return min(total, _thread.budget_ends - clock())


class Flight:
    """One request on its way, from before it has a connection until its answer is read: `with Flight(20):`.

    It owns a duplicate of the connection's descriptor: the socket object itself changes hands under TLS
    (wrapping detaches it), and may be closed, and its number given away, while the watchdog reaches for it.
    """

    __slots__ = ("_descriptor", "_lock", "_watchdog", "ends", "overdue")

    def __init__(self, seconds: float) -> None:
        self.ends = clock() + seconds
        self.overdue = False
        self._descriptor = -1
        self._watchdog = _watchdog()
        self._lock = self._watchdog.lock

    def __enter__(self) -> Flight:
        _thread.flight = self
        with self._lock:
            self._watchdog.flights.add(self)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        _thread.flight = None
        self.land()

    def board(self, connection: socket.socket) -> None:
        """From now on, a cut closes this connection. The first one boarded stays: a request has only one."""
        with self._lock:
            if self._descriptor < 0:
                self._descriptor = os.dup(connection.fileno())
            # Not the watchdog alone says so: where the process was frozen until now it has yet to wake up as well.
            if self.overdue or clock() >= self.ends:
                self.cut()

    def land(self) -> None:
        """From now on nothing is cut. Called before anyone else can take the connection, perhaps twice."""
        with self._lock:
            self._watchdog.flights.discard(self)
            if self._descriptor >= 0:
                os.close(self._descriptor)
                self._descriptor = -1

    def cut(self) -> None:
        """End it; the caller holds the lock."""
        self.overdue = True
        if self._descriptor >= 0:
            self._shut_down()

    def _shut_down(self) -> None:
        # Both directions of the plain socket: a reader sees the end, a stalled writer an error; TLS or not.
        with suppress(OSError):  # already gone
            line = socket.socket(fileno=self._descriptor)
            try:
                line.shutdown(socket.SHUT_RDWR)
            finally:
                line.detach()


def current_flight() -> Flight | None:
    """The request that this thread is making."""
    return _thread.flight


class Watchdog:
    """One thread that looks at the requests on their way every `TICK`, and cuts those whose time is over."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.flights: set[Flight] = set()

    def start(self) -> None:
        threading.Thread(target=self._watch, name="ringbridge-watchdog", daemon=True).start()

    def _watch(self) -> None:
        nap = threading.Event()  # never set
        while True:
            nap.wait(self._cut_overdue())

    def _cut_overdue(self) -> float:
        with self.lock:
            now = clock()
            soonest = now + TICK
            for flight in self.flights:
                if flight.ends > now:
                    soonest = min(soonest, flight.ends)
                elif not flight.overdue:
                    flight.cut()
        return max(soonest - now, 0.005)


_watchdogs: dict[int, Watchdog] = {}  # by process id: neither threads nor the state of locks survive a fork


def _watchdog() -> Watchdog:
    here = _watchdogs.get(os.getpid())
    if here is None:
        fresh = Watchdog()
        here = _watchdogs.setdefault(os.getpid(), fresh)  # one step, so only one of two threads starts its own
        if here is fresh:
            fresh.start()
    return here

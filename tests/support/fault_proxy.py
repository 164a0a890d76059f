"""A bad line between a server and its clients: slow, silent, reset, or cut in the middle of an answer."""

from __future__ import annotations

import heapq
import itertools
import selectors
import socket
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Literal

Mode = Literal["ok", "latency", "stall", "reset", "cut"]

LATENCY = 0.2  # seconds, each way
_MOST = 65536
_RESET = struct.pack("ii", 1, 0)  # SO_LINGER: closing sends RST


@dataclass(eq=False, slots=True)
class _Line:
    """One client and, unless the line has been silent from the first, its connection to the server."""

    client: socket.socket
    server: socket.socket | None
    is_silent: bool = False

    @property
    def ends(self) -> list[socket.socket]:
        return [self.client] if self.server is None else [self.client, self.server]


class FaultProxy:
    """One thread carries every connection to `target`, a port of this machine. `port` is where clients connect to.

    A line that has fallen silent never speaks again: what is sent is taken and goes nowhere, and neither side hears
    that the other has closed. `struck` counts the connections that a fault has hit, by mode.
    """

    def __init__(self, target: int) -> None:
        self.struck: dict[str, int] = {}
        self._target = target
        self._mode: Mode = "ok"
        self._lines: dict[socket.socket, _Line] = {}
        self._later: list[tuple[float, int, socket.socket, bytes]] = []
        self._order = itertools.count()
        self._lock = threading.Lock()
        self._selector = selectors.DefaultSelector()
        self._stopping = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._selector.register(self._listener, selectors.EVENT_READ)
        self._thread = threading.Thread(target=self._carry, name="fault proxy", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        self._thread.join()
        for line in self._all():
            self._end(line)
        self._listener.close()
        self._selector.close()

    def become(self, mode: Mode) -> None:
        """From now on. `stall` and `reset` strike the connections that there are, and every new one."""
        with self._lock:
            self._mode = mode
            if mode == "stall":
                self._silence()
            elif mode == "reset":
                for line in self._all():
                    self._reset(line)

    def strand(self) -> None:
        """Leave every connection that there is half-open. New ones work."""
        with self._lock:
            self._silence()

    def _all(self) -> set[_Line]:
        return set(self._lines.values())

    def _silence(self) -> None:
        for line in self._all():
            if not line.is_silent:
                line.is_silent = True
                self._count("silent")

    def _count(self, what: str) -> None:
        self.struck[what] = self.struck.get(what, 0) + 1

    def _carry(self) -> None:
        while not self._stopping.is_set():
            ready = [key.fileobj for key, _ in self._selector.select(0.02)]
            with self._lock:
                for one in ready:
                    if one is self._listener:
                        self._accept()
                    elif one in self._lines:  # it may have ended meanwhile
                        self._pass_on(one)
                self._send_what_is_due()

    def _accept(self) -> None:
        client, _ = self._listener.accept()
        line = _Line(client, None)
        if self._mode == "reset":
            self._reset(line)
            return
        if self._mode == "stall":
            line.is_silent = True
            self._count("silent")
        else:
            try:
                line.server = socket.create_connection(("127.0.0.1", self._target))
            except OSError:
                client.close()
                return
        for end in line.ends:
            end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._lines[end] = line
            self._selector.register(end, selectors.EVENT_READ)

    def _pass_on(self, source: socket.socket) -> None:
        line = self._lines[source]
        try:
            data = source.recv(_MOST)
        except OSError:
            data = b""
        if line.is_silent or line.server is None:
            if not data:
                self._forget(source)
            return
        if not data:
            self._end(line)
            return
        sink = line.server if source is line.client else line.client
        if self._mode == "cut" and sink is line.client:
            self._count("cut")
            self._send(sink, data[: len(data) // 2])
            self._end(line)
        elif self._mode == "latency":
            self._count("late")
            heapq.heappush(self._later, (time.monotonic() + LATENCY, next(self._order), sink, data))
        else:
            self._send(sink, data)

    def _send_what_is_due(self) -> None:
        while self._later and self._later[0][0] <= time.monotonic():
            _, _, sink, data = heapq.heappop(self._later)
            if sink in self._lines and not self._lines[sink].is_silent:
                self._send(sink, data)

    def _send(self, sink: socket.socket, data: bytes) -> None:
        try:
            sink.sendall(data)
        except OSError:
            self._end(self._lines[sink])

    def _reset(self, line: _Line) -> None:
        self._count("reset")
        for end in line.ends:
            with suppress(OSError):
                end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        self._end(line)

    def _end(self, line: _Line) -> None:
        for end in line.ends:
            self._forget(end)

    def _forget(self, end: socket.socket) -> None:
        if self._lines.pop(end, None) is not None:
            self._selector.unregister(end)
        end.close()


@contextmanager
def fault_proxy(target: int) -> Iterator[FaultProxy]:
    proxy = FaultProxy(target)
    proxy.start()
    try:
        yield proxy
    finally:
        proxy.stop()

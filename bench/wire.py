"""HTTP/1.1 as far as the bench needs it: kept connections, Content-Length, one request at a time.

Driver and receiver share two cores with what they measure, so there is no framework on either side.
"""

from __future__ import annotations

import asyncio
import re
from collections import deque
from collections.abc import Callable
from time import monotonic_ns

_LENGTH = re.compile(rb"\r\ncontent-length:\s*(\d+)", re.IGNORECASE)
_END = b"\r\n\r\n"

Answered = Callable[[int, int, int, int], None]
"""Called with the request's number, when it was written, when its answer was complete, and the status (0: none)."""


def request(path: str, body: bytes, authorization: str) -> bytes:
    """A whole POST, ready to be written."""
    head = (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: bench\r\nAuthorization: {authorization}\r\n"
        f"Content-Type: application/json; charset=utf-8\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


class Line(asyncio.Protocol):
    """A kept connection to the bridge. What comes while an answer is awaited queues: so GREEN-API sends."""

    def __init__(self, answered: Answered) -> None:
        self._answered = answered
        self._waiting: deque[tuple[int, bytes]] = deque()
        self._buffer = b""
        self._current = -1
        self._written = 0
        self._transport: asyncio.WriteTransport | None = None
        self._lost = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.WriteTransport)
        self._transport = transport
        self._next()

    def send(self, number: int, data: bytes) -> None:
        """Write this request as soon as those before it are answered."""
        if self._lost:
            self._answered(number, monotonic_ns(), 0, 0)
        else:
            self._waiting.append((number, data))
            self._next()

    def _next(self) -> None:
        if self._transport is not None and self._waiting and self._current < 0:
            self._current, data = self._waiting.popleft()
            self._written = monotonic_ns()
            self._transport.write(data)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        length = _complete(self._buffer)
        if length < 0:
            return
        number, status = self._current, int(self._buffer[9:12])
        self._current, self._buffer = -1, b""  # one request at a time: nothing else can be in it
        self._answered(number, self._written, monotonic_ns(), status)
        self._next()

    def connection_lost(self, _error: Exception | None) -> None:
        self._transport, self._lost = None, True
        if self._current >= 0:
            number, self._current = self._current, -1
            self._answered(number, self._written, 0, 0)
        while self._waiting:
            self._answered(self._waiting.popleft()[0], monotonic_ns(), 0, 0)

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()


class Door(asyncio.Protocol):
    """A kept connection from the bridge. `answer` is given a whole request and returns a whole answer."""

    def __init__(self, answer: Callable[[bytes], bytes]) -> None:
        self._answer = answer
        self._buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.WriteTransport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._buffer = self._buffer + data if self._buffer else data
        while (length := _complete(self._buffer)) >= 0:
            whole, self._buffer = self._buffer[:length], self._buffer[length:]
            self._transport.write(self._answer(whole))


def answer(body: bytes = b"", status: bytes = b"200 OK") -> bytes:
    """A whole answer, ready to be written."""
    return b"HTTP/1.1 %b\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b" % (status, len(body), body)


def _complete(buffer: bytes) -> int:
    """The length of the message that the buffer begins with; -1 while it is not whole."""
    end = buffer.find(_END)
    if end < 0:
        return -1
    found = _LENGTH.search(buffer, 0, end + 2)
    length = end + 4 + (int(found[1]) if found else 0)
    return length if len(buffer) >= length else -1

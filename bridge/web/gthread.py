"""The HTTP server of `web`: gunicorn's threads, none of which waits for somebody who does not send.

gunicorn gives each new connection to a thread that waits five seconds for its first byte, and for ever for the rest.
A handful of silent connections would hold them all. Here the one thread that accepts connections also gathers the head
of each request, and a thread is taken once that has arrived. It also waits for whoever was answered to leave: gunicorn
stops accepting for two seconds over each who does not.

Written for gunicorn 27; `tests/bridge/web/test_gthread.py` notices when a later one calls things otherwise.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from functools import partial
from selectors import EVENT_READ
from typing import Any
from weakref import WeakKeyDictionary

from gunicorn import util
from gunicorn.glogging import Logger
from gunicorn.http.errors import InvalidHeader, UnsupportedTransferCoding
from gunicorn.workers.gthread import TConn, ThreadWorker

_HEAD_WITHIN = 10.0  # seconds, from the first sign of a request until the end of its head
_LINGER = 2.0  # the same, for a worker that is to stop
_BODY_WITHIN = 30.0  # seconds that a body may stand still, or an answer not be taken
_LEAVE_WITHIN = 2.0  # seconds that somebody who was answered for the last time may take to close the connection
_REST_WITHIN = 0.1  # seconds for what is left of a body that nobody wanted to read
_LONGEST_HEAD = 64 * 1024
_LOOK_EVERY = 0.5  # seconds between two looks for those whose time is up


class Log(Logger):  # type: ignore[misc]  # gunicorn has no types
    """What gunicorn says goes where everything goes, and is redacted there."""

    def setup(self, cfg: Any) -> None:  # noqa: ANN401
        super().setup(cfg)
        for log in (self.error_log, self.access_log):
            log.handlers.clear()
            log.propagate = True


@dataclass
class _Head:
    """As much of a request as has arrived, and until when the rest of its head may take."""

    until: float
    received: bytearray = field(default_factory=bytearray)

    @property
    def is_whole(self) -> bool:
        return b"\r\n\r\n" in self.received.lstrip(b"\r\n")


class Worker(ThreadWorker):  # type: ignore[misc]  # gunicorn has no types
    """Takes a thread for a request once its head has arrived."""

    def __init__(self, *given: Any, **named: Any) -> None:  # noqa: ANN401
        super().__init__(*given, **named)
        self._heads: WeakKeyDictionary[TConn, _Head] = WeakKeyDictionary()
        self._looked = 0.0

    def enqueue_req(self, conn: TConn) -> None:
        """Every request begins here: on a new connection, a kept one, or behind another in the same packet."""
        head = self._heads.get(conn)
        if head is None:
            head = self._heads[conn] = _Head(time.monotonic() + (_HEAD_WITHIN if self.alive else _LINGER))
            if conn.initialized:
                head.received += conn.parser.unreader.take_buffered()
        if not head.is_whole and not self._receive(conn, head):
            self._drop(conn)
        elif head.is_whole:
            del self._heads[conn]
            conn.init()
            conn.parser.unreader.unread(bytes(head.received))
            super().enqueue_req(conn)
        else:
            self._watch(conn, head.until, self.on_pending_socket_readable)

    def _receive(self, conn: TConn, head: _Head) -> bool:
        """Take what has arrived; False if the other side has left, dawdles, or sends a head without an end."""
        conn.sock.settimeout(0.0)
        try:
            received = conn.sock.recv(_LONGEST_HEAD)
        except BlockingIOError:
            return True
        except OSError:
            return False
        head.received += received
        if len(head.received) > _LONGEST_HEAD and not head.is_whole:
            util.write_error(conn.sock, 431, "Request Header Fields Too Large", "")
            return False
        return bool(received) and time.monotonic() < head.until

    def finish_request(self, conn: TConn, fs: Future[Any]) -> None:
        """A thread is done with a request; the connection is kept, or else it ends."""
        kept = not fs.cancelled() and fs.exception() is None and fs.result()
        if kept:
            super().finish_request(conn, fs)
            return
        try:
            # Closing while something is still unread would take our answer back from the other side.
            conn.sock.shutdown(socket.SHUT_WR)
            conn.sock.settimeout(0.0)
        except OSError:
            self._drop(conn)
        else:
            self._watch(conn, time.monotonic() + _LEAVE_WITHIN, self._leaving)

    def _leaving(self, conn: TConn, client: socket.socket) -> None:
        try:
            left = not client.recv(_LONGEST_HEAD)
        except BlockingIOError:
            left = False
        except OSError:
            left = True
        if left:
            self._unwatch(conn)
            self._drop(conn)

    def murder_pending(self) -> None:
        """Let those go whose time is up: gunicorn's own looks at the first alone, and ours differ in patience."""
        now = time.monotonic()
        if now - self._looked < _LOOK_EVERY:
            return
        self._looked = now
        for conn in [one for one in self.pending_conns if one.timeout <= now]:
            self._unwatch(conn)
            self._drop(conn)

    def _watch(self, conn: TConn, until: float, readable: Callable[[TConn, socket.socket], None]) -> None:
        conn.timeout = until
        self.pending_conns.append(conn)
        self.poller.register(conn.sock, EVENT_READ, partial(readable, conn))

    def _unwatch(self, conn: TConn) -> None:
        self.poller.unregister(conn.sock)
        self.pending_conns.remove(conn)

    def _drop(self, conn: TConn) -> None:
        self.nr_conns -= 1
        conn.close()

    def handle_request(self, req: Any, conn: TConn) -> Any:  # noqa: ANN401
        conn.sock.settimeout(_BODY_WITHIN)
        return super().handle_request(req, conn)

    def handle_error(self, req: Any, client: socket.socket, addr: Any, exc: BaseException) -> None:  # noqa: ANN401
        """Answer 400 to a transfer coding that is none, where HTTP suggests a 501: that would count as our error."""
        is_strange = isinstance(exc, UnsupportedTransferCoding)
        super().handle_error(req, client, addr, InvalidHeader("Transfer-Encoding") if is_strange else exc)

    def _keepalive_after(self, conn: TConn, keepalive: bool) -> bool:  # noqa: FBT001  gunicorn's signature
        return bool(keepalive and conn.parser.finish_body(deadline=time.monotonic() + _REST_WITHIN))

    def _cap_keepalive(self, deadline: float) -> None:
        super()._cap_keepalive(deadline)
        for conn in self.pending_conns:
            conn.timeout = min(conn.timeout, deadline)

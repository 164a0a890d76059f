"""A service on the loopback address, with a log and faults of its own: what the stand-ins are made of."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
import time
from io import BytesIO
from pathlib import Path
from typing import Generic, TypeVar

from flask import Flask, Response, request
from flask.typing import ResponseReturnValue
from pydantic import ValidationError
from werkzeug.serving import ThreadedWSGIServer, WSGIRequestHandler
from werkzeug.wrappers import Response as Answer

Entry = dict[str, object]
Fault = TypeVar("Fault")

_UNANSWERED = 444  # nginx's number for closing a connection instead of answering


class Loopback:
    """A Flask app that starts and stops, and the log it keeps: `GET /standin/log?after=N` reads it."""

    def __init__(self, name: str, log: Path | None) -> None:
        self.app = Flask(name, static_folder=None)
        self.log = Log(log)
        self.stopping = threading.Event()
        self._server: _Server | None = None
        self._thread: threading.Thread | None = None
        self.app.add_url_rule("/standin/log", view_func=self._read_log)
        self.app.register_error_handler(ValidationError, _invalid)

    def start(self, port: int = 0) -> str:
        """Serve on 127.0.0.1, on a free port unless one is named; returns the URL, with no trailing slash."""
        self.stopping.clear()
        self._server = server = _Server("127.0.0.1", port, self.app, _KeepAlive)
        self._thread = threading.Thread(target=server.serve_forever, args=(0.02,), name="loopback", daemon=True)
        self._thread.start()
        return f"http://127.0.0.1:{server.port}"

    def stop(self) -> None:
        """End like a process that is killed: open connections are cut, and who waits gets no answer."""
        server, self._server = self._server, None
        if server is not None and self._thread is not None:
            server.shutdown()
            server.cut()
            self._thread.join()
        self.stopping.set()

    def _read_log(self) -> ResponseReturnValue:
        return self.log.entries(after=request.args.get("after", 0, int))


class Log:
    """What happened, in order: kept in memory and, where a path is given, appended there as lines of JSON."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._entries: list[Entry] = []
        self._lock = threading.Lock()

    def add(self, **entry: object) -> None:
        """Note what happened, now. The line is out of this process when this returns."""
        with self._lock:
            stamped = {"at": time.time(), **entry}
            self._entries.append(stamped)
            if self._path is not None:
                with self._path.open("a", encoding="utf-8") as file:
                    file.write(json.dumps(stamped, ensure_ascii=False) + "\n")

    def entries(self, after: int = 0) -> list[Entry]:
        """All entries but the first `after`, oldest first."""
        with self._lock:
            return self._entries[after:]


class Faults(Generic[Fault]):
    """What is to go wrong next, under which key, and how often."""

    def __init__(self) -> None:
        self._faults: dict[str, tuple[Fault, int | None]] = {}
        self._lock = threading.Lock()

    def set(self, key: str, fault: Fault, count: int | None) -> None:
        """Let the next `count` requests fail so, or all of them until cleared; 0 clears."""
        with self._lock:
            self._faults[key] = (fault, count)

    def take(self, key: str) -> Fault | None:
        """The fault that this request has to suffer."""
        with self._lock:
            fault, count = self._faults.get(key, (None, 0))
            if fault is None or count == 0:
                return None
            if count is not None:
                self._faults[key] = (fault, count - 1)
            return fault


def unanswered() -> Response:
    """Return this from a view to close the connection without an answer."""
    return Response(status=_UNANSWERED)


def _invalid(error: ValidationError) -> ResponseReturnValue:
    return Response(f"{error}\n", status=400, content_type="text/plain")


class _Server(ThreadedWSGIServer):
    """A thread for each connection, and a list of them, so that stopping cuts those that are kept alive."""

    def __init__(self, host: str, port: int, app: Flask, handler: type[WSGIRequestHandler]) -> None:
        self._open: set[socket.socket] = set()
        super().__init__(host, port, app, handler)

    def process_request(self, request: object, client_address: object) -> None:
        if isinstance(request, socket.socket):
            self._open.add(request)
        super().process_request(request, client_address)  # type: ignore[arg-type]

    def shutdown_request(self, request: object) -> None:
        if isinstance(request, socket.socket):
            self._open.discard(request)
        super().shutdown_request(request)  # type: ignore[arg-type]

    def cut(self) -> None:
        for connection in list(self._open):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)


class _KeepAlive(WSGIRequestHandler):
    """Answers many requests on one connection, each in one write, and notes none on the terminal.

    werkzeug's own `run_wsgi` closes after each answer, because it cannot know that the body was read to its
    end. Here it is read first, so the next request begins where it should.
    """

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def run_wsgi(self) -> None:
        environ = self.make_environ()
        length = int(environ.get("CONTENT_LENGTH") or 0)
        environ["wsgi.input"] = BytesIO(self.rfile.read(length))
        answer = Answer.from_app(self.server.app, environ, buffered=True)
        if answer.status_code == _UNANSWERED:
            self.close_connection = True
            return
        head = f"HTTP/1.1 {answer.status}\r\n{answer.headers}"
        self.wfile.write(head.encode("latin-1") + answer.get_data())

    def log(self, type: str, message: str, *args: object) -> None:  # noqa: A002  (the name is werkzeug's)
        pass

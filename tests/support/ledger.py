"""A system that keeps notes, with an index that lags and an allowance that it enforces; and four connectors to it."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import cycle
from typing import ClassVar
from urllib.parse import parse_qs, urlsplit

from pydantic import Field

from connectors.kit import Call, Connector, ConnectorSettings, Http, Known, Rate, Receipt, Retryable


@dataclass(frozen=True, slots=True)
class Request:
    """One request as it arrived; `answer` is the status, or None where the connection was closed instead."""

    at: float
    verb: str
    book: str
    key: str
    answer: int | None


class Ledger:
    """Keeps a note for each `POST /<book>/notes`, unless its Idempotency-Key is known; `GET` finds by key.

    What was written is found `lag` seconds later, by its clock. `spoils` are the ways in which the first answer to
    each note goes wrong, in turns: the note is kept, and the answer is dropped, cut, or a 502. An `allowance` of
    (requests a second, at once) is enforced: what is too much is refused with 429.
    """

    def __init__(
        self,
        clock: Callable[[], float] = time.time,
        *,
        lag: float = 0.0,
        spoils: tuple[str, ...] = (),
        allowance: tuple[float, int] | None = None,
    ) -> None:
        self.lag = lag
        self.notes: list[tuple[str, str, float]] = []
        """(book, key, when) of each note."""
        self.requests: list[Request] = []
        self.clock = clock
        self._spoils: Iterator[str] | None = cycle(spoils) if spoils else None
        self._seen: set[tuple[str, str]] = set()
        self._allowance, self._empty_at = allowance, 0.0
        self._lock = threading.Lock()
        handler = type("Handler", (_Handler,), {"ledger": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))

    def __enter__(self) -> Ledger:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def kept(self, book: str) -> list[str]:
        """The key of each note in a book, in the order in which they were written."""
        return [key for in_book, key, _ in self.notes if in_book == book]

    def asked(self, book: str, verb: str | None = None) -> list[Request]:
        """The requests about a book."""
        return [one for one in self.requests if one.book == book and verb in (None, one.verb)]

    def take(self, verb: str, book: str, key: str, *, repeatable: bool) -> tuple[str, object]:
        """What to do with a request: `answer`, or one of the spoils; and what to say."""
        with self._lock:
            now = self.clock()
            if not self._allows(now):
                self._note(now, verb, book, key, 429)
                return "429", {}
            if verb == "GET":
                self._note(now, verb, book, key, 200)
                return "answer", {"found": self._found(book, key, now)}
            first = (book, key) not in self._seen
            self._seen.add((book, key))
            if first or not repeatable:
                self.notes.append((book, key, now))
            spoil = next(self._spoils) if first and self._spoils else "answer"
            self._note(now, verb, book, key, {"drop": None, "502": 502}.get(spoil, 200))
            return spoil, {"id": len(self.notes)}

    def _found(self, book: str, key: str, now: float) -> list[int]:
        notes = enumerate(self.notes, start=1)
        return [one for one, (in_book, its, at) in notes if (in_book, its) == (book, key) and at + self.lag <= now]

    def _allows(self, now: float) -> bool:
        """A leaky bucket: `_empty_at` is when all that came in will have run out."""
        if self._allowance is None:
            return True
        per_second, at_once = self._allowance
        empty_at = max(self._empty_at, now) + 1 / per_second
        if empty_at - now > at_once / per_second:
            return False
        self._empty_at = empty_at
        return True

    def _note(self, *what: object) -> None:
        self.requests.append(Request(*what))  # type: ignore[arg-type]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    ledger: ClassVar[Ledger]

    def do_GET(self) -> None:
        address = urlsplit(self.path)
        [key] = parse_qs(address.query).get("key", [""])
        self._reply(*self.ledger.take("GET", address.path.split("/")[1], key, repeatable=True))

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        book, repeatable = self.path.split("/")[1], "Idempotency-Key" in self.headers
        self._reply(*self.ledger.take("POST", book, body["key"], repeatable=repeatable))

    def _reply(self, how: str, said: object) -> None:
        body = json.dumps(said).encode()
        self.close_connection = how in ("drop", "cut")
        if how == "drop":
            return
        status = {"answer": 200, "cut": 200, "502": 502, "429": 429}[how]
        head = f"HTTP/1.1 {status} Said\r\nContent-Length: {len(body)}\r\n\r\n".encode()
        self.wfile.write(head + (body[:3] if how == "cut" else body))

    def log_message(self, *_: object) -> None:
        pass


class LedgerSettings(ConnectorSettings):
    url: str = Field(title="Address", description="Where the ledger is.")
    look_after: float = Field(0.0, title="Lag", description="Seconds until what was written is surely found.")
    per_second: float = Field(0.0, title="Allowance", description="Requests a second; 0 for as many as there are.")
    burst: int = Field(1, title="Burst", description="Requests at once.")


class _Bookkeeper(Connector):
    """`book` keeps what each of them writes apart."""

    Settings = LedgerSettings
    book: ClassVar[str]

    def __init__(self, settings: LedgerSettings, http: Http) -> None:
        self._look_after = settings.look_after
        self._api = http.at(f"{settings.url}/{self.book}")
        if settings.per_second:
            self.rate = Rate(settings.url, settings.per_second, settings.burst)

    def check(self) -> None:
        self._api.get("notes", key="nobody")

    def _write(self, key: str, headers: dict[str, str] | None = None) -> Receipt:
        try:
            written = self._api.post("notes", {"key": key}, headers)
        except Retryable as error:
            if not error.sent:
                raise
            raise Retryable(error.reason, sent=True, look_after=self._look_after) from None
        return Receipt(str(written["id"]))


class Look(_Bookkeeper):
    """Searches before it writes when it is unsure."""

    title = "Ledger that is searched"
    on_unsure = "look"
    book = "look"

    def deliver(self, call: Call, known: Known) -> Receipt | None:
        found = self._api.get("notes", key=call.id)["found"] if known.unsure else []
        return Receipt(str(found[0])) if found else self._write(call.id)


class Repeat(_Bookkeeper):
    """Repeats under a key by which the ledger knows the note."""

    title = "Ledger that knows keys"
    on_unsure = "repeat"
    book = "repeat"

    def deliver(self, call: Call, known: Known) -> Receipt | None:
        return self._write(call.id, {"Idempotency-Key": call.id})


class Leave(_Bookkeeper):
    """Writes once at most: what is written can neither be found nor recognised."""

    title = "Ledger that is written to once"
    on_unsure = "leave"
    book = "leave"

    def deliver(self, call: Call, known: Known) -> Receipt | None:
        return None if known.unsure else self._write(call.id)


class Steps(_Bookkeeper):
    """Makes four requests for each delivery."""

    title = "Ledger in four steps"
    on_unsure = "repeat"
    book = "steps"
    requests = 4

    def deliver(self, call: Call, known: Known) -> Receipt | None:
        receipts = [self._write(f"{call.id}-{step}", {"Idempotency-Key": call.id}) for step in range(self.requests)]
        return receipts[-1]

"""Requests as no client should write them, byte by byte: what is wrong with each, and how it is sent."""

from __future__ import annotations

import json
import random
import re
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from desk import notification

PATH = "/webhooks/greenapi"
_PATIENCE = 10.0  # seconds until a line that says nothing is given up
_STATUS = re.compile(rb"HTTP/1\.[01] (\d{3})")


@dataclass
class Sent:
    """What one connection brought. `silence` is the longest that was waited for the next bytes, in seconds."""

    kind: str
    pieces: list[bytes]
    statuses: list[int] = field(default_factory=list)
    silence: float = 0.0
    silent: bool = False
    """Whether the server neither answered nor closed the connection, though nothing more would come."""


def send(sent: Sent, port: int) -> Sent:
    """Send it over a connection of its own, say that nothing more comes, and read until it ends."""
    answers = b""
    with socket.create_connection(("127.0.0.1", port), timeout=_PATIENCE) as line:
        waited_since = time.monotonic()
        try:
            for piece in sent.pieces:
                line.sendall(piece)
                time.sleep(0.01 if len(sent.pieces) > 1 else 0)
            waited_since = time.monotonic()
            line.shutdown(socket.SHUT_WR)
            while more := line.recv(65536):
                answers += more
                sent.silence = max(sent.silence, time.monotonic() - waited_since)
                waited_since = time.monotonic()
        except TimeoutError:
            sent.silent = True
        except OSError:
            pass  # it was closed in our face, which is an answer
        sent.silence = max(sent.silence, time.monotonic() - waited_since)
    sent.statuses = [int(status) for status in _STATUS.findall(answers)]
    return sent


class Rough:
    """Makes requests by seed, with the authorisation that is right."""

    def __init__(self, seed: int, token: str) -> None:
        self._dice = random.Random(seed)
        self._token = token
        self._number = 0
        self.kinds: dict[str, Callable[[], list[bytes]]] = {
            "bad chunk size": self._bad_chunk_size,
            "chunk without its end": lambda: self._chunks(b"5\r\nabcdefgh\r\n0\r\n\r\n"),
            "chunks that break off": lambda: self._chunks(b"ff\r\n{"),
            "endless chunk extension": lambda: self._chunks(b"5;", b"x" * self._up_to(90_000), b"\r\nhello"),
            "trailers": lambda: self._chunks(b"2\r\n{}\r\n0\r\n", b"X: y\r\n" * self._up_to(500), b"\r\n"),
            "body shorter than its length": self._short,
            "body longer than its length": self._long,
            "odd length": self._odd_length,
            "two lengths": lambda: [self._head("Content-Length: 2", "Content-Length: 5") + b"{}{}{"],
            "length and chunks": self._length_and_chunks,
            "strange coding": self._strange_coding,
            "long header": lambda: [self._head("X-Long: " + "x" * self._up_to(100_000), "Content-Length: 0")],
            "many headers": self._many_headers,
            "long path": self._long_path,
            "odd bytes in the head": self._odd_bytes,
            "odd request line": self._odd_line,
            "no head at all": lambda: [self._dice.randbytes(self._up_to(400))],
            "head that breaks off": self._broken_head,
            "bare line feeds": lambda: [self._request().replace(b"\r\n", b"\n")],
            "expectation": self._expectation,
            "pipelined": lambda: [b"".join(self._request() for _ in range(self._up_to(12)))],
            "pipelined with garbage": lambda: [self._request() + self._dice.randbytes(50) + self._request()],
            "slow": self._slow,
            "whole": lambda: [self._request()],
        }

    def make(self) -> Sent:
        """One of a kind chosen by dice, yet to be sent."""
        kind = self._dice.choice(list(self.kinds))
        return Sent(kind, self.kinds[kind]())

    def _up_to(self, most: int) -> int:
        return self._dice.randint(1, most)

    def _pick(self, *of: str) -> str:
        return self._dice.choice(of)

    def _body(self) -> bytes:
        self._number += 1
        return json.dumps(notification(id_message=f"ROUGH{self._number}")).encode()

    def _head(self, *headers: str, line: str = f"POST {PATH} HTTP/1.1") -> bytes:
        lines = [line, "Host: x", f"Authorization: Bearer {self._token}", *headers, "", ""]
        return "\r\n".join(lines).encode("latin-1")

    def _request(self) -> bytes:
        body = self._body()
        return self._head(f"Content-Length: {len(body)}") + body

    def _bad_chunk_size(self) -> list[bytes]:
        size = self._pick("zz", "-1", "0x5", "", " ", "5 5", "f" * 20, "f" * 5000, "\x00", "1_0", "+5")
        return self._chunks(size.encode(), b"\r\nhello\r\n0\r\n\r\n")

    def _length_and_chunks(self) -> list[bytes]:
        return [self._head("Content-Length: 2", "Transfer-Encoding: chunked") + b"2\r\n{}\r\n0\r\n\r\n"]

    def _expectation(self) -> list[bytes]:
        return [self._head("Expect: " + self._pick("100-continue", "200-ok"), "Content-Length: 2"), b"{}"]

    def _strange_coding(self) -> list[bytes]:
        return [self._head("Transfer-Encoding: " + self._pick("gzip", "chunked, x", "\x00", "chunked\x0b"))]

    def _many_headers(self) -> list[bytes]:
        return [self._head(*[f"X-{number}: y" for number in range(self._dice.randint(90, 3000))])]

    def _long_path(self) -> list[bytes]:
        return [self._head(line=f"POST /{'x' * self._dice.randint(3000, 80_000)} HTTP/1.1")]

    def _odd_bytes(self) -> list[bytes]:
        return [self._head("X: " + "".join(map(chr, self._dice.choices(range(256), k=30))))]

    def _chunks(self, *parts: bytes) -> list[bytes]:
        return [self._head("Transfer-Encoding: chunked") + b"".join(parts)]

    def _short(self) -> list[bytes]:
        body = self._body()
        return [self._head(f"Content-Length: {len(body)}") + body[: self._dice.randrange(len(body))]]

    def _long(self) -> list[bytes]:
        body = self._body()
        return [self._head(f"Content-Length: {self._dice.randrange(len(body))}") + body]

    def _odd_length(self) -> list[bytes]:
        length = self._pick("-1", "+2", "1e3", "0x2", "", " ", "2, 2", "9" * 20, "9" * 5000, "\xb2", "2\x00", "nothing")
        return [self._head(f"Content-Length: {length}") + b"{}"]

    def _odd_line(self) -> list[bytes]:
        line = self._pick(
            "POST", "POST /", f"POST {PATH}", f"POST {PATH} HTTP/9.9", f"POST {PATH} HTTP/1.1 x",
            f" POST {PATH} HTTP/1.1", f"POST  {PATH}  HTTP/1.1", f"post {PATH} HTTP/1.1", f"POST\t{PATH}\tHTTP/1.1",
            "PRI * HTTP/2.0",
            f"POST {PATH}\x00 HTTP/1.1", f"POST {PATH}?{'%' * 50} HTTP/1.1", "OPTIONS * HTTP/1.1",
            f"POST {PATH} HTTP/0.9", f"POST http://[::1{PATH} HTTP/1.1", f"\xff\xfe {PATH} HTTP/1.1",
            f"POST //{PATH}//.. HTTP/1.1",
            "CONNECT x:80 HTTP/1.1", f"POST {PATH} HTTP/{'1' * 50}.1",
        )  # fmt: skip
        return [self._head("Content-Length: 0", line=line)]

    def _broken_head(self) -> list[bytes]:
        request = self._request()
        return [request[: self._dice.randrange(1, request.index(b"\r\n\r\n"))]]

    def _slow(self) -> list[bytes]:
        request = self._request()
        step = self._dice.randint(10, 60)
        return [request[start : start + step] for start in range(0, len(request), step)]

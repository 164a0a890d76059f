"""The HTTP server of `up`: waitress, which reads each request whole before it takes a thread."""

from __future__ import annotations

from typing import Any

from flask import Flask
from waitress.channel import HTTPChannel
from waitress.parser import HTTPRequestParser, ParsingError, TransferEncodingNotImplemented
from waitress.server import BaseWSGIServer, create_server
from waitress.task import WSGITask

_THREADS = 16
_CONNECTIONS = 800
"""At once: open boards and whoever else keeps theirs. What is beyond waits outside, GREEN-API too; 100 by default."""
_LARGEST_REQUEST = 64 * 1024 * 1024
"""What waitress takes before the intake can look at the token; the intake's own bound is lower."""


class _Parser(HTTPRequestParser):  # type: ignore[misc]  # waitress has no types
    """Answers 400 to a length of thousands of digits, where waitress's own would let the connection hang.

    And to a transfer coding that is none, where HTTP suggests a 501: nothing that is sent here counts as our error.
    """

    def parse_header(self, header_plus: bytes) -> None:
        try:
            super().parse_header(header_plus)
        except ValueError:
            raise ParsingError("A number in the head is too long") from None
        except TransferEncodingNotImplemented as error:
            raise ParsingError(str(error)) from None


class _Task(WSGITask):  # type: ignore[misc]  # as above
    """Keeps the line after a 304, which ends with its head: an open board asks on the same one again and again."""

    def set_close_on_finish(self) -> None:
        is_asked_for = self.request.headers.get("CONNECTION", "").lower() == "close"
        if self.version != "1.1" or is_asked_for or not self.status.startswith("304"):
            super().set_close_on_finish()


class _Channel(HTTPChannel):  # type: ignore[misc]  # as above
    parser_class = _Parser
    task_class = _Task


def create(app: Flask, host: str, port: int) -> Any:  # noqa: ANN401  one server, or one for several addresses
    """The server, listening. `run()` returns on KeyboardInterrupt, `close()` ends it. Raises OSError."""
    sockets: dict[int, object] = {}
    server = create_server(
        app,
        map=sockets,
        host=host,
        port=port,
        threads=_THREADS,
        connection_limit=_CONNECTIONS,
        asyncore_use_poll=True,  # select() takes no file beyond the 1024th
        ident="ringbridge",
        max_request_body_size=_LARGEST_REQUEST,
        channel_request_lookahead=0,
        clear_untrusted_proxy_headers=False,  # nothing trusts them; `/metrics` must see that a proxy was in between
    )
    for one in sockets.values():
        if isinstance(one, BaseWSGIServer):
            one.channel_class = _Channel
    return server


def port_of(server: Any) -> int:  # noqa: ANN401  as above
    """Where it listens, also if that was left to the system."""
    return int(server.effective_port if isinstance(server, BaseWSGIServer) else server.effective_listen[0][1])

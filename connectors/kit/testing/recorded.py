"""Replays exchanges with a real system, as they were captured or as its documentation shows them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

import requests
from requests.adapters import BaseAdapter
from requests.models import PreparedRequest

from connectors.kit.http import Http
from connectors.kit.testing.stand import Reply

REQUIRED = ("method", "path", "status", "source")


class Recorded(BaseAdapter):
    """Answers each request with the next exchange; `sent` holds what was asked, `http` is for the connector.

    An exchange is `{"method", "path", "status", "headers"?, "body"?, "source"}`. `source` names the page of the
    documentation or the date of the capture. A path that holds a `?` is compared with its query. A request that is
    not expected fails at once; one that never comes fails `finish()`, or the end of a `with` block.
    """

    def __init__(self, exchanges: Iterable[Mapping[str, Any]]) -> None:
        super().__init__()
        self._expected = list(exchanges)
        for number, exchange in enumerate(self._expected, 1):
            missing = [key for key in REQUIRED if key not in exchange]
            if missing:
                raise ValueError(f"Exchange {number} does not say its {', '.join(missing)}.")
        self._surprises: list[str] = []
        self.sent: list[PreparedRequest] = []
        self.http = Http(adapter=self)

    @classmethod
    def load(cls, file: Path) -> Recorded:
        """The exchanges of a fixture file: a JSON list."""
        return cls(json.loads(file.read_text(encoding="utf-8")))

    def send(self, request: PreparedRequest, *_: object, **__: object) -> requests.Response:
        exchange = self._expected[len(self.sent)] if len(self.sent) < len(self._expected) else None
        self.sent.append(request)
        asked = f"{request.method} {request.path_url}"
        if exchange is None or not _fits(request, exchange):
            wanted = f"{exchange['method']} {exchange['path']}" if exchange else "no more requests"
            self._surprises.append(f"Expected {wanted}, got {asked}.")
            raise AssertionError(self._surprises[-1])
        return Reply(exchange["status"], exchange.get("body"), exchange.get("headers") or {}).to(request)

    def finish(self) -> None:
        """Fail if anything unexpected came, also where the connector hid it, or if anything expected did not."""
        if self._surprises:
            raise AssertionError(self._surprises[0])
        left = self._expected[len(self.sent) :]
        if left:
            raise AssertionError(f"Never asked: {left[0]['method']} {left[0]['path']}.")

    def close(self) -> None:
        """Nothing is open."""

    def __enter__(self) -> Recorded:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if error is None:
            self.finish()


def _fits(request: PreparedRequest, exchange: Mapping[str, Any]) -> bool:
    path = request.path_url if "?" in exchange["path"] else request.path_url.partition("?")[0]
    return (request.method, path) == (exchange["method"], exchange["path"])

"""A system that is not there: answers requests in memory, and fails as it is told to."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from io import BytesIO
from typing import Protocol

import requests
from requests.adapters import BaseAdapter
from requests.models import PreparedRequest
from requests.structures import CaseInsensitiveDict
from urllib3 import HTTPResponse


@dataclass(frozen=True, slots=True)
class Reply:
    """What a system answers: text and bytes as they are, anything else as JSON, None as an empty body."""

    status: int = 200
    body: object = None
    headers: Mapping[str, str] = field(default_factory=dict)

    def to(self, request: PreparedRequest) -> requests.Response:
        """As the network would have brought it."""
        response = requests.Response()
        response.status_code = self.status
        response.headers = CaseInsensitiveDict(self.headers)
        response.request = request
        response.raw = HTTPResponse(
            BytesIO(self._encoded()), headers=self.headers, status=self.status, preload_content=False
        )
        return response

    def _encoded(self) -> bytes:
        if self.body is None:
            return b""
        if isinstance(self.body, bytes):
            return self.body
        return (self.body if isinstance(self.body, str) else json.dumps(self.body)).encode()


class System(Protocol):
    """A small stand-in for one system: enough of it to remember what was written."""

    def answer(self, request: PreparedRequest) -> Reply:
        """Do what the request asks, and answer as the system does."""
        ...

    def held(self) -> Sequence[str]:
        """The key of every record or message it holds: an entry for each, so what was made twice is there twice."""
        ...


@dataclass(frozen=True, slots=True)
class Fault:
    """What goes wrong: a `reply` instead of the system's own, or else an answer that is lost.

    `applied`: the system did what was asked all the same. `dropped`: the connection broke, instead of staying silent.
    """

    reply: Reply | None = None
    applied: bool = False
    dropped: bool = False


class Stand(BaseAdapter):
    """Puts a System where the network would be. `fault` strikes every request, or only the one numbered `at`."""

    def __init__(self, system: System, fault: Fault | None = None, *, at: int | None = None) -> None:
        super().__init__()
        self.system = system
        self.seen: list[PreparedRequest] = []
        self._fault = fault
        self._at = at

    def send(self, request: PreparedRequest, *_: object, **__: object) -> requests.Response:
        struck = self._fault if self._at in (None, len(self.seen)) else None
        self.seen.append(request)
        if struck is None:
            return self.system.answer(request).to(request)
        if struck.applied:
            self.system.answer(request)
        if struck.reply is not None:
            return struck.reply.to(request)
        raise requests.ConnectionError(request=request) if struck.dropped else requests.ReadTimeout(request=request)

    def close(self) -> None:
        """Nothing is open."""

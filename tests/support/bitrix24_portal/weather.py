"""The network between Ringbridge and the portal, in bad weather. The same seed brings the same weather."""

from __future__ import annotations

import random
from collections import Counter
from itertools import cycle

import requests
from requests.adapters import BaseAdapter
from requests.models import PreparedRequest

from bitrix24_portal import oauth
from bitrix24_portal.portal import Portal
from bitrix24_portal.wire import HTML
from connectors.kit.testing import Fault, Reply

LOST = "first answers lost"
BROKEN, LIMITED, SILENT = "5xx", "503 or 429", "timeouts"
_FULL = Reply(503, {"error": "QUERY_LIMIT_EXCEEDED", "error_description": "Too many requests"})
_BLOCKED = Reply(429, {"error": "OPERATION_TIME_LIMIT", "error_description": "Method is blocked."})
_PAGE = {"Content-Type": "text/html"}
_ERROR = {"error": "INTERNAL_SERVER_ERROR", "error_description": "Internal server error"}
FAULTS = (
    (BROKEN, Fault(Reply(500, _ERROR), applied=True)),
    (LIMITED, Fault(_FULL)),
    (SILENT, Fault(applied=True)),
    (BROKEN, Fault(Reply(502, HTML, _PAGE))),
    (LIMITED, Fault(_BLOCKED)),
    (SILENT, Fault()),
    (BROKEN, Fault(Reply(504, HTML, _PAGE), applied=True)),
    (LIMITED, Fault(_FULL)),
    (SILENT, Fault(dropped=True)),
)


class Weather(BaseAdapter):
    """Where the network would be. In fair weather, without a seed, every answer arrives.

    With one, the first answer to every write is lost after the portal did what was asked: to the first of each method
    about each thing that it is about. Of all the other requests a `share` fails in one of the ways above, in turns.
    `broken` says of how many of the next requests for a method nothing shall come, in any weather.
    """

    def __init__(self, portal: Portal, seed: int | None = None, *, share: float = 0.1) -> None:
        super().__init__()
        self.struck: Counter[str] = Counter()
        self.broken: Counter[str] = Counter()
        self.requests = 0
        self._portal, self._share = portal, share
        self._dice = None if seed is None else random.Random(seed)
        self._faults = cycle(FAULTS)
        self._seen: set[tuple[str, str]] = set()

    def send(self, request: PreparedRequest, *_: object, **__: object) -> requests.Response:
        self.requests += 1
        if self._is_broken(request):
            return self._strike(request, BROKEN, Fault(Reply(502, HTML, _PAGE)))
        if self._dice and self._dice.random() < self._share:
            return self._strike(request, *next(self._faults))
        entry = self._portal.exchange(request)
        if self._dice and self._is_first(entry.wrote):
            self.struck[LOST] += 1
            raise requests.ConnectionError(request=request)
        return entry.reply.to(request)

    def _strike(self, request: PreparedRequest, kind: str, fault: Fault) -> requests.Response:
        self.struck[kind] += 1
        # Whoever loses the answer to a refreshed token needs an administrator: that is no matter of trying again.
        if fault.applied and oauth.HOST not in str(request.url):
            self._is_first(self._portal.exchange(request).wrote)
        if fault.reply is not None:
            return fault.reply.to(request)
        raise requests.ConnectionError(request=request) if fault.dropped else requests.ReadTimeout(request=request)

    def _is_broken(self, request: PreparedRequest) -> bool:
        asked = f"{request.url} {request.body!r}"
        for name in [name for name, left in self.broken.items() if left and name in asked]:
            self.broken[name] -= 1
            return True
        return False

    def _is_first(self, wrote: tuple[tuple[str, str], ...]) -> bool:
        fresh = set(wrote) - self._seen
        self._seen |= fresh
        return bool(fresh)

    def close(self) -> None:
        """Nothing is open."""

"""The line to a portal, and what goes wrong on it."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable

import requests
from requests import PreparedRequest
from requests.adapters import BaseAdapter

from connectors.kit.testing import Fault, Reply
from hubspot_portal.portal import Portal
from hubspot_portal.refusals import CORRELATION_ID, HTML

Plan = Callable[[PreparedRequest], Fault | None]
_PAGE = {"Content-Type": "text/html; charset=utf-8"}


def _too_many(message: str, policy: str) -> Fault:
    # Without Retry-After, and with errorType where other errors have a category.
    said = {"status": "error", "message": message, "errorType": "RATE_LIMIT", "correlationId": CORRELATION_ID}
    return Fault(Reply(429, {**said, "policyName": policy, "groupName": "publicapi:private-app-api-calls:48120375"}))


DROPPED = Fault(applied=True, dropped=True)
SILENT, SILENT_BUT_DONE = Fault(), Fault(applied=True)
BAD_GATEWAY = Fault(Reply(502, HTML.format(title="Bad Gateway"), _PAGE))
GATEWAY_TIMEOUT = Fault(Reply(504, HTML.format(title="Gateway Timeout"), _PAGE), applied=True)
TEN_SECONDLY = _too_many("You have reached your ten_secondly_rolling limit.", "TEN_SECONDLY_ROLLING")
SECONDLY = _too_many("You have reached your secondly limit.", "SECONDLY")
DAILY = _too_many("You have reached your daily limit.", "DAILY")
LOCKED = Fault(Reply(423, {"status": "error", "message": "The record is locked.", "correlationId": CORRELATION_ID}))
MIGRATING = Fault(Reply(477, {"status": "error", "message": "The account is moving."}, {"Retry-After": "3600"}))


class Line(BaseAdapter):
    """Brings requests to a portal where the network would. `plan` says which of them fare ill, and how."""

    def __init__(self, portal: Portal, plan: Plan | None = None) -> None:
        super().__init__()
        self.portal, self.plan = portal, plan
        self.struck: Counter[str] = Counter()
        """How often each fault struck: `drop`, `timeout`, or the status that was answered."""
        self._lock = threading.Lock()

    def send(self, request: PreparedRequest, *_: object, **__: object) -> requests.Response:
        with self._lock:
            fault = self.plan(request) if self.plan else None
            if fault:
                self.struck[_name(fault)] += 1
        if fault is None:
            return self.portal.answer(request).to(request)
        if fault.applied:
            self.portal.answer(request, _name(fault))
        else:
            self.portal.note(request, _name(fault))
        if fault.reply is not None:
            return fault.reply.to(request)
        raise requests.ConnectionError(request=request) if fault.dropped else requests.ReadTimeout(request=request)

    def close(self) -> None:
        """Nothing is open."""


def _name(fault: Fault) -> str:
    if fault.reply is not None:
        return str(fault.reply.status)
    return "drop" if fault.dropped else "timeout"

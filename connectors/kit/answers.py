"""What a system answered, and what that means unless its connector knows better."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any

from connectors.kit.errors import ConnectorError, RateLimited, Rejected, Retryable, Unauthorized

Json = Any  # foreign JSON, until the connector has read what it needs

LONGEST_PAUSE = 366 * 86400.0  # seconds; whoever asks for more means "never", and dates must not overflow


class Unreadable(Retryable):
    """The request was done, but its answer cannot be read: what it made has to be looked up."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason, sent=True)


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer. `fault` says why the body is missing where it could not be read; the status stands."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)
    host: str = "The system"
    fault: str | None = None

    @property
    def ok(self) -> bool:
        return 200 <= self.status < 300

    def json(self) -> Json:
        """The parsed body. Raises Retryable, with `sent`, if there is none that can be read."""
        if self.fault:
            raise Unreadable(self.fault)
        failure: Unreadable
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            failure = Unreadable(f"{self.host} answered with something that is not JSON.")
        raise failure  # outside, so that the error drags no piece of the body along


Classify = Callable[[Answer], ConnectorError | None]
"""A connector's own reading of an answer, of a 2xx too, asked before the default; None leaves it to that."""


def failure(answer: Answer, classify: Classify | None = None) -> ConnectorError | None:
    """What went wrong according to this answer, if anything did."""
    if classify is not None:
        try:
            own = classify(answer)
        except Unreadable:  # a proxy's page of HTML: the status has to do
            own = None
        if own is not None:
            return own
    return None if answer.ok else _by_status(answer)


def _by_status(answer: Answer) -> ConnectorError:
    host, status = answer.host, answer.status
    if 300 <= status < 400:
        return Rejected(f"{host} answered with a redirect ({status}); redirects are not followed: correct the address.")
    if status in (401, 403):
        return Unauthorized(f"{host} refused the credentials ({_named(status)}).")
    pause = retry_after(answer.headers)
    if status == 429 or (status == 503 and pause is not None):
        return RateLimited(f"{host} asks for a pause ({_named(status)}).", retry_after=pause)
    if status == 408 or status >= 500:
        return Retryable(f"{host} failed ({_named(status)}).", sent=True)
    return Rejected(f"{host} refused the request ({_named(status)}).")


def _named(status: int) -> str:
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return str(status)


def retry_after(headers: Mapping[str, str], now: datetime | None = None) -> float | None:
    """Seconds until we may ask again; None where the answer does not say, or says it in no known form.

    Source: https://www.rfc-editor.org/rfc/rfc9110#name-retry-after
    """
    text = headers.get("Retry-After", "").strip()
    if text.isascii() and text.isdigit():
        return min(float(text), LONGEST_PAUSE)
    try:
        until = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    if until.tzinfo is None:  # "-0000": a time in UTC that claims no place
        until = until.replace(tzinfo=UTC)
    pause = (until - (now or datetime.now(UTC))).total_seconds()
    return min(max(pause, 0.0), LONGEST_PAUSE)

"""The way out for Apprise's plugins, which know neither our gate nor our errors: `requests` and `smtplib` of our own.

A plugin's module gets them in the place of the real ones. So the gate judges the address that is connected to, time
and size are limited, nothing is redirected or tried again, and an answer means what it means for every connector.
"""

from __future__ import annotations

import smtplib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass
from functools import partial
from io import BytesIO
from types import ModuleType
from typing import Any

import requests

from connectors.kit import Answer, ConnectorError, Http, Rejected, Retryable, Unauthorized, attempt_budget

Option = Any  # what plugins hand to `requests` and `smtplib`

KNOCK = 1.0  # seconds


@dataclass(slots=True)
class Trip:
    """One message on its way, and what went wrong if it did not arrive."""

    http: Http
    error: ConnectorError | None = None


_trip: ContextVar[Trip] = ContextVar("ringbridge_apprise_trip")


@contextmanager
def trip(http: Http) -> Iterator[Trip]:
    """What this thread's plugins send inside the block goes through this Http; outside, they can send nothing."""
    under_way = Trip(http)
    token = _trip.set(under_way)
    try:
        yield under_way
    finally:
        _trip.reset(token)


def guard(module: ModuleType) -> None:
    """Let what this module sends go our way. Raises Rejected if it does not send in the way that we know."""
    for name, ours in (("requests", _REQUESTS), ("smtplib", _SMTPLIB)):
        if isinstance(vars(module).get(name), ModuleType):
            setattr(module, name, ours)
            return
    raise Rejected("This version of Apprise reaches the service in a way that cannot be guarded.")


def _request(
    method: str,
    url: str,
    *,
    params: Option = None,
    data: Option = None,
    json: Option = None,
    headers: Option = None,
    auth: Option = None,
    **_: object,  # time limits, redirects, certificates: the kit has its own
) -> requests.Response:
    under_way = _trip.get()
    if under_way.error is None:
        try:
            request = requests.Request(method, url, headers, None, data, params, auth, json=json).prepare()
            content = request.body.encode() if isinstance(request.body, str) else request.body
            return _response(under_way.http.send(method, str(request.url), content=content, headers=request.headers))
        except ConnectorError as error:
            under_way.error = error
    # After an error no plugin tries again, and none knows better what an answer means.
    raise requests.ConnectionError("The message was not sent.")


def _response(answer: Answer) -> requests.Response:
    response = requests.Response()
    response.status_code = answer.status
    response.headers.update(answer.headers)
    response.raw = BytesIO(answer.body)
    return response


class _Smtp(smtplib.SMTP):
    """Connects where the gate lets it, and remembers what the plugin would forget."""

    reached: str

    def connect(self, host: str = "localhost", port: int = 0, source_address: Option = None) -> tuple[int, bytes]:
        self.reached = host
        try:
            # The kit opens no connections for mail: its gate is asked, and the name resolved once more. Whether
            # anybody answers there does not matter.
            with attempt_budget(KNOCK), suppress(Retryable):
                knock(_trip.get().http, f"https://{host}/")
        except Rejected as error:
            _trip.get().error = error
            raise OSError("The address is refused.") from None
        _trip.get().error = self._not_taken()  # what counts if the plugin says that nothing was sent
        return super().connect(host, port, source_address)

    def login(self, *credentials: Option, **options: Option) -> tuple[int, bytes]:
        try:
            return super().login(*credentials, **options)
        except smtplib.SMTPAuthenticationError:
            _trip.get().error = Unauthorized(f"{self.reached} refuses the user or the password.")
            raise

    def data(self, msg: Option) -> tuple[int, bytes]:
        _trip.get().error = Retryable(f"{self.reached} broke off before it confirmed the mail.", sent=True)
        answer = super().data(msg)
        _trip.get().error = self._not_taken()
        return answer

    def _not_taken(self) -> Retryable:
        return Retryable(f"{self.reached} did not take the mail.")


class _SmtpOverTls(_Smtp, smtplib.SMTP_SSL):
    """The same, encrypted from the first byte."""


class _Answered(Retryable):
    """Whatever it answered: it is there, and may be reached."""


def knock(http: Http, address: str) -> None:
    """Ask for nothing, of a host that somebody named. Raises Rejected if the gate refuses it, or Retryable."""
    with suppress(_Answered):
        http.send("HEAD", address, classify=lambda _: _Answered("It answers."))


def _like(module: ModuleType, **ours: object) -> ModuleType:
    copy = ModuleType(module.__name__)
    vars(copy).update(vars(module) | ours)
    return copy


_REQUESTS = _like(
    requests, request=_request, **{name.lower(): partial(_request, name) for name in ("GET", "POST", "PUT")}
)
_SMTPLIB = _like(smtplib, SMTP=_Smtp, SMTP_SSL=_SmtpOverTls)

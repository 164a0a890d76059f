"""Answers, in front of Flask, the notifications that we do not need: every message of every chat comes by here.

They are most of what GREEN-API sends, and nothing is done with them. Whatever is not plainly one of them goes on to the
intake, which judges it in full.
"""

from __future__ import annotations

from collections.abc import Iterable
from io import BytesIO
from typing import TYPE_CHECKING

from bridge.greenapi.events import INCOMING_CALL, Unreadable, read
from bridge.reception import PATH
from bridge.service import Service
from bridge.store import StoreUnavailable
from bridge.web.metrics import Counters

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

_PATHS = (PATH, f"{PATH}/")
_LONGEST = 64 * 1024  # what is longer is rare, and may take the long way
_DIGITS = 5  # of a length that is not longer; thousands of them are no number that Python reads
_CALL = INCOMING_CALL.encode()
_ANSWER = [("Content-Type", "text/plain"), ("Content-Length", "0")]


class Unneeded:
    """A WSGI application around another one."""

    def __init__(self, service: Service, app: WSGIApplication, counters: Counters) -> None:
        self._service = service
        self._app = app
        self._counted = counters.unneeded

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if environ["PATH_INFO"] in _PATHS and environ["REQUEST_METHOD"] == "POST" and self._is_unneeded(environ):
            self._counted.inc()
            start_response("200 OK", _ANSWER)
            return ()
        return self._app(environ, start_response)

    def _is_unneeded(self, environ: WSGIEnvironment) -> bool:
        length = environ.get("CONTENT_LENGTH") or ""
        if not length.isdecimal() or len(length) > _DIGITS or int(length) > _LONGEST:
            return False
        try:
            owners = self._service.directory.current().tokens.instances(environ.get("HTTP_AUTHORIZATION"))
        except StoreUnavailable:
            return False
        if not owners:
            return False  # before the body is read
        try:
            body: bytes = environ["wsgi.input"].read(int(length))
        except OSError:
            body = b""  # it broke off; the intake finds that it is shorter than was said
        environ["wsgi.input"] = BytesIO(body)
        if _CALL in body:
            return False
        try:
            notification = read(body)
        except Unreadable:
            return False
        if not notification.is_unneeded or notification.id_instance not in owners:
            return False
        self._service.heard.notification(notification.id_instance, notification.sender)
        return True

"""Answers, in front of Flask, what open boards ask again and again, as long as the board is known without a look.

A browser that asks has had the board in its language before, and its mark tells which. Whatever else comes goes on to
Flask, which judges it in full.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import TYPE_CHECKING

from flask import Flask
from flask.sessions import SecureCookieSessionInterface
from itsdangerous import BadSignature
from werkzeug.http import parse_cookie

from bridge.service import Service
from bridge.sessions import Sessions
from bridge.store import StoreUnavailable
from bridge.web.live import Fragment, Live

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

PATH = "/live"
AGAIN = "Ringbridge-Again"
"""A header that tells a board after how many milliseconds to ask again."""
_LONGEST = 4096  # of cookies that are remembered
_REMEMBERED = 2048


def answer(shown: Fragment, live: Live, encodings: str) -> tuple[bytes, list[tuple[str, str]]]:
    """The body and the headers of an answer to a board whose browser accepts these encodings."""
    headers = [
        ("ETag", shown.etag),
        ("Cache-Control", "no-store"),
        ("Vary", "Accept-Encoding"),
        ("X-Content-Type-Options", "nosniff"),
        ("Content-Type", "text/html; charset=utf-8"),
        (AGAIN, str(round(live.pace.asked() * 1000))),
    ]
    if "gzip" not in encodings:
        return shown.html, headers
    return shown.zipped, [*headers, ("Content-Encoding", "gzip")]


class Boards:
    """A WSGI application around another one."""

    def __init__(self, service: Service, app: Flask, around: WSGIApplication) -> None:
        self._service, self._app, self._around = service, app, around
        self._live: Live = app.extensions["live"]
        self._sessions: Sessions = app.extensions["sessions"]
        serializer = SecureCookieSessionInterface().get_signing_serializer(app)
        if serializer is None:
            raise RuntimeError("the application has no key to sign its cookies with")
        self._serializer = serializer
        self._session_id = lru_cache(_REMEMBERED)(self._read)  # a signature that was good once stays so

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if environ["PATH_INFO"] != PATH or environ["REQUEST_METHOD"] != "GET":
            return self._around(environ, start_response)
        asked = environ.get("HTTP_IF_NONE_MATCH", "")
        shown = self._known(environ, asked)
        if shown is None:
            return self._around(environ, start_response)
        body, headers = answer(shown, self._live, environ.get("HTTP_ACCEPT_ENCODING", ""))
        if shown.etag == asked:
            start_response("304 Not Modified", headers)
            return ()
        length = ("Content-Length", str(len(body)))
        start_response("200 OK", [*headers, length])
        return (body,)

    def _known(self, environ: WSGIEnvironment, asked: str) -> Fragment | None:
        cookies = environ.get("HTTP_COOKIE", "")
        if environ.get("QUERY_STRING") or len(cookies) > _LONGEST:
            return None
        shown = self._live.known(asked.removeprefix('W/"').partition(".")[0])
        session_id = self._session_id(cookies) if shown else None
        try:
            if session_id is None or self._sessions.user(session_id, self._service.now()) is None:
                return None
        except StoreUnavailable:
            return None
        return shown

    def _read(self, cookies: str) -> str | None:
        """The session that these cookies name, if we have signed that."""
        signed = parse_cookie(cookies).get(self._app.config["SESSION_COOKIE_NAME"], "")
        try:
            session_id = self._serializer.loads(signed).get("id")
        except (BadSignature, AttributeError):
            return None
        return session_id if isinstance(session_id, str) else None

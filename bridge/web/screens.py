"""Every page, put into the application, and what keeps strangers out of them."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress

from flask import Blueprint, Flask, Response, abort, request
from flask_bootstrap import Bootstrap5
from flask_wtf.csrf import CSRFError, CSRFProtect
from werkzeug.exceptions import HTTPException

from bridge.service import Service
from bridge.sessions import Sessions
from bridge.store import StoreUnavailable
from bridge.web import board, calls, languages, login, pages
from bridge.web.admin import (
    connections,
    deliveries,
    dry_run,
    instances,
    notifications,
    overview,
    test_calls,
    tokens,
    trail,
    users,
)
from bridge.web.languages import _
from bridge.web.live import Live

_PAGES: tuple[Callable[[Service], Blueprint], ...] = (
    board.blueprint,
    calls.blueprint,
    overview.blueprint,
    instances.blueprint,
    deliveries.blueprint,
    notifications.blueprint,
    users.blueprint,
    tokens.blueprint,
    trail.blueprint,
    connections.blueprint,
    test_calls.blueprint,
    dry_run.blueprint,
    login.blueprint,
    login.start,
    login.me,
)
_PLAIN = ("webhook", "health", "metrics", "api")
_SAFE = ("GET", "HEAD", "OPTIONS")
_READING = threading.BoundedSemaphore(8)
"""Threads that may wait for the forms of strangers, who may send them slowly: the others answer GREEN-API."""


def install(app: Flask, service: Service) -> None:
    """Add the pages to the application; `_PLAIN` blueprints, which programs talk to, have none of this."""
    first, *others = service.store.secrets.derived("cookies")
    is_https = (service.settings.public_url or "").startswith("https://")
    app.config.update(
        SECRET_KEY=first,
        SECRET_KEY_FALLBACKS=others,
        # A browser takes a cookie of the former name over https alone: with it, no other host can set one for ours.
        SESSION_COOKIE_NAME="__Host-session" if is_https else "session",
        SESSION_COOKIE_SECURE=is_https,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        WTF_CSRF_TIME_LIMIT=None,  # as long as the session
        WTF_CSRF_SSL_STRICT=False,  # it wants a Referer, which our pages forbid; Sec-Fetch-Site says more
        BOOTSTRAP_SERVE_LOCAL=True,
        SEND_FILE_MAX_AGE_DEFAULT=3600,
    )
    app.extensions["ringbridge"] = service
    app.extensions["sessions"] = Sessions(service.store)
    app.extensions["live"] = Live(service)
    app.before_request(_read)  # before anything else wants the form
    csrf = CSRFProtect(app)
    for name in _PLAIN:
        csrf.exempt(app.blueprints[name])
    Bootstrap5(app)
    languages.install(app)
    pages.install(app)
    for blueprint in _PAGES:
        app.register_blueprint(blueprint(service))

    @app.before_request
    def from_our_own_pages() -> None:
        if request.blueprint in _PLAIN or request.method in _SAFE:
            return
        if request.headers.get("Sec-Fetch-Site", "none") not in ("same-origin", "none"):
            abort(400, description=CSRFError.description)

    @app.after_request
    def hardened(answer: Response) -> Response:
        return answer if request.blueprint in _PLAIN else pages.harden(answer, is_https=is_https)


def _read() -> None:
    """Let the form arrive. Strangers wait for theirs in a few threads alone."""
    if not request.endpoint or request.blueprint in _PLAIN or request.method in _SAFE:
        return
    if pages.signed_in():
        _read_form()
    elif not _READING.acquire(blocking=False):
        abort(429)
    else:
        try:
            _read_form()
        finally:
            _READING.release()


def _read_form() -> None:
    try:
        request.form  # noqa: B018  reads it
    except HTTPException:
        raise
    except Exception:  # noqa: BLE001  each server has errors of its own for a body that is cut, or stands still
        abort(400)


def refusal(error: HTTPException) -> Response | None:
    """The page that says why a person was refused; None for a program, which reads no pages."""
    if (
        request.blueprint in _PLAIN
        or not request.accept_mimetypes.accept_html
        or "text/html" not in str(request.accept_mimetypes)
    ):
        return None
    if error.code == 404:
        _look_who_it_is()  # an address without a page has no blueprint, which would have asked
    what, following = _explained(error)
    return pages.page("error.html", error.code or 500, what=what, following=following)


def _look_who_it_is() -> None:
    with suppress(StoreUnavailable):
        pages.signed_in()


def _explained(error: HTTPException) -> tuple[str, str]:
    if isinstance(error, CSRFError) or error.code == 400:
        return (
            _("This form could not be trusted: it was open for long, or did not come from these pages."),
            _("Go back, reload the page, and send it again. Nothing was changed."),
        )
    known = {
        401: (_("You are not signed in, or not any more."), _("Sign in, and do it again.")),
        403: (_("This page is for administrators."), _("Ask one of them, or sign in as one.")),
        404: (_("There is no such page."), _("It may have been removed. Begin again at the board.")),
        405: (_("This address does not take that."), _("Begin again at the board.")),
        413: (_("That was too large."), _("Send less of it.")),
        429: (_("Too many forms are being sent at this moment."), _("Nothing was changed. Try again in a minute.")),
        503: (_("The store does not answer at the moment."), _("Nothing was changed. Try again in a minute.")),
    }
    return known.get(
        error.code or 500, (_("Something went wrong here."), _("The log says what. Try again, and tell who runs it."))
    )

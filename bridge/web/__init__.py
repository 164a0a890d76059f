"""The HTTP surface, put together."""

from __future__ import annotations

import logging

from flask import Flask, Response, g
from werkzeug.exceptions import HTTPException, InternalServerError, ServiceUnavailable

from bridge.reception import LONGEST_BODY
from bridge.service import Service
from bridge.store import StoreUnavailable
from bridge.web import api, health, metrics, screens, webhook
from bridge.web.boards import Boards
from bridge.web.unneeded import Unneeded

log = logging.getLogger(__name__)


def create_app(service: Service) -> Flask:
    """The WSGI application of one process."""
    app = Flask("bridge.web")
    app.url_map.merge_slashes = False  # it would answer with a redirect, and GREEN-API follows none
    counters = metrics.Counters()
    # One more than we take: Werkzeug cuts what has no length at this size, and does not say so.
    app.config["MAX_CONTENT_LENGTH"] = LONGEST_BODY + 1
    app.register_blueprint(webhook.blueprint(service, counters))
    app.register_blueprint(health.blueprint(service))
    app.register_blueprint(metrics.blueprint(service, counters))
    app.register_blueprint(api.blueprint(service))
    screens.install(app, service)

    @app.errorhandler(HTTPException)
    def refused(error: HTTPException) -> Response:
        if page := api.refusal(error) or screens.refusal(error):
            return page
        answer = Response(f"{error.name}\n", error.code, content_type="text/plain")
        answer.headers.extend((name, value) for name, value in error.get_headers() if name == "Allow")
        return answer

    @app.errorhandler(StoreUnavailable)
    def unavailable(error: StoreUnavailable) -> Response:
        # GREEN-API keeps the notification and sends it again: nothing is lost by saying so.
        log.error("nothing could be stored", extra={"reason": str(error), **_call()})
        if page := screens.refusal(ServiceUnavailable()):
            return page
        return Response("The store is not available; try again.\n", 503, content_type="text/plain")

    @app.errorhandler(Exception)
    def failed(error: Exception) -> Response:
        log.error("a request failed unexpectedly", exc_info=error, extra=_call())
        if page := screens.refusal(InternalServerError()):
            return page
        return Response("Something went wrong here; the log says what.\n", 500, content_type="text/plain")

    boards = Boards(service, app, app.wsgi_app)
    app.wsgi_app = Unneeded(service, boards, counters)  # type: ignore[method-assign]  # Flask's own way to wrap itself
    return app


def _call() -> dict[str, str]:
    """The call that the request was about, as far as it was read."""
    return {"call_id": g.call_id} if "call_id" in g else {}

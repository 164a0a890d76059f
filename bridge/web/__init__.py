"""The HTTP surface, put together."""

from __future__ import annotations

import logging

from flask import Flask, Response
from werkzeug.exceptions import HTTPException

from bridge.service import Service
from bridge.store import StoreUnavailable
from bridge.web import health, webhook
from bridge.web.unneeded import Unneeded

log = logging.getLogger(__name__)


def create_app(service: Service) -> Flask:
    """The WSGI application of one process."""
    app = Flask("bridge.web", static_folder=None)
    app.url_map.merge_slashes = False  # it would answer with a redirect, and GREEN-API follows none
    app.config["MAX_CONTENT_LENGTH"] = webhook.LONGEST_BODY
    app.register_blueprint(webhook.blueprint(service))
    app.register_blueprint(health.blueprint(service))

    @app.errorhandler(HTTPException)
    def refused(error: HTTPException) -> Response:
        answer = Response(f"{error.name}\n", error.code, content_type="text/plain")
        answer.headers.extend((name, value) for name, value in error.get_headers() if name == "Allow")
        return answer

    @app.errorhandler(StoreUnavailable)
    def unavailable(error: StoreUnavailable) -> Response:
        # GREEN-API keeps the notification and sends it again: nothing is lost by saying so.
        log.error("nothing could be stored", extra={"reason": str(error)})
        return Response("The store is not available; try again.\n", 503, content_type="text/plain")

    @app.errorhandler(Exception)
    def failed(error: Exception) -> Response:
        log.error("a request failed unexpectedly", exc_info=error)
        return Response("Something went wrong here; the log says what.\n", 500, content_type="text/plain")

    app.wsgi_app = Unneeded(service, app.wsgi_app)  # type: ignore[method-assign]  # Flask's own way to wrap itself
    return app

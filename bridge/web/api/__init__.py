"""The JSON API: the nouns of the commands for programs, each request with a bearer token of its own.

A cookie opens nothing here, and no token opens a page. Source of the bearer scheme: https://www.rfc-editor.org/rfc/rfc6750
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from flask import Blueprint, Response, request
from sqlalchemy.exc import IntegrityError
from werkzeug.exceptions import HTTPException

from bridge.service import Service
from bridge.store import StoreUnavailable
from bridge.web.api import openapi, problems, reading
from bridge.web.api.problems import Problem
from bridge.web.api.replies import Reply
from bridge.web.api.routes import PREFIX, Asked, Route
from bridge.web.api.table import ROUTES

log = logging.getLogger(__name__)


def blueprint(service: Service) -> Blueprint:
    """Every route of the API, and the document that describes them, which needs no token."""
    api = Blueprint("api", __name__)
    for route in ROUTES:
        api.add_url_rule(
            route.rule, f"{route.method} {route.path}".replace(".", "_"), _view(service, route), methods=[route.method]
        )

    @api.get(f"{PREFIX}/openapi.json")
    def described() -> Response:
        return Reply(openapi.document(ROUTES)).answer()

    @api.errorhandler(Problem)
    def refused(problem: Problem) -> Response:
        return problem.answer()

    @api.errorhandler(IntegrityError)
    def overtaken(_error: IntegrityError) -> Response:
        return problems.CHANGED_MEANWHILE.answer()

    @api.errorhandler(StoreUnavailable)
    def unavailable(error: StoreUnavailable) -> Response:
        log.error("the store did not answer the API", extra={"reason": str(error)})
        return problems.UNAVAILABLE.answer()

    @api.errorhandler(HTTPException)
    def not_taken(error: HTTPException) -> Response:
        return problems.of_http(error)

    @api.errorhandler(Exception)
    def failed(error: Exception) -> Response:
        log.error("a request to the API failed unexpectedly", exc_info=error)
        return problems.FAILED.answer()

    @api.after_request
    def kept_by_nobody(answer: Response) -> Response:
        answer.headers["Cache-Control"] = "no-store"
        answer.headers["X-Content-Type-Options"] = "nosniff"
        return answer

    return api


def refusal(error: HTTPException) -> Response | None:
    """The answer to what no route of the API takes; None for an address that is not the API's."""
    if request.path != PREFIX and not request.path.startswith(f"{PREFIX}/"):
        return None
    return problems.of_http(error)


def _view(service: Service, route: Route[Any, Any]) -> Callable[..., Response]:
    def view(**path: Any) -> Response:  # noqa: ANN401  text and numbers
        token = reading.bearer(service, route.role)
        if any("\0" in str(part) for part in path.values()):
            raise Problem(404, "Nothing has a name with a NUL character in it.")
        query = reading.query(route.query)
        body = reading.body(route.body, is_needed=route.needs_body) if route.has_body else route.body()
        return route.run(Asked(service, token, path, query, body)).answer()

    return view

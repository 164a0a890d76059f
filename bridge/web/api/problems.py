"""What the API answers when it does not do as asked: `application/problem+json`, what happened and what next.

Source: https://www.rfc-editor.org/rfc/rfc9457
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from http import HTTPStatus

from flask import Response
from pydantic import ValidationError
from werkzeug.exceptions import HTTPException

from bridge.web.api.replies import dumped

CONTENT_TYPE = "application/problem+json"
RETRY_AFTER = 5  # seconds
CHALLENGE = 'Bearer realm="ringbridge"'


@dataclass(frozen=True, slots=True)
class Wrong:
    """One key, parameter or setting that is wrong, and a sentence that says why and never what it held."""

    field: str
    detail: str


class Problem(Exception):
    """Ends a request with this answer. `detail` says what happened, `then` what the caller may do about it."""

    def __init__(self, status: int, detail: str, then: str | None = None, *, wrong: Iterable[Wrong] = ()) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.then = then
        self.wrong = tuple(wrong)

    def answer(self) -> Response:
        """The same as an HTTP answer."""
        shown: dict[str, object] = {
            "type": "about:blank",
            "title": HTTPStatus(self.status).phrase,
            "status": self.status,
            "detail": self.detail,
        }
        if self.then:
            shown["next"] = self.then
        if self.wrong:
            shown["errors"] = [{"field": one.field, "detail": one.detail} for one in self.wrong]
        made = Response(dumped(shown), self.status, content_type=CONTENT_TYPE)
        if self.status == HTTPStatus.UNAUTHORIZED:
            made.headers["WWW-Authenticate"] = CHALLENGE
        if self.status in (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE):
            made.headers["Retry-After"] = str(RETRY_AFTER)
        return made


def missing(what: str, name: object, where: str) -> Problem:
    """There is no such thing; `where` is the path that lists those that there are."""
    return Problem(404, f"There is no {what} {name}.", f"GET {where} lists those that there are.")


def invalid(wrong: Iterable[Wrong]) -> Problem:
    """What was sent can be read, and cannot be meant."""
    wrong = tuple(wrong)
    first = f"{wrong[0].field}: {wrong[0].detail}" if wrong and wrong[0].field else wrong[0].detail if wrong else ""
    return Problem(
        422, f"Nothing was changed. {first}".strip(), "Mend what `errors` names, and send it again.", wrong=wrong
    )


def by_field(fields: Mapping[str, str], message: str) -> Problem:
    """The same from sentences by their keys; `message` where no key has one."""
    return invalid([Wrong(key, text) for key, text in fields.items()] or [Wrong("", message)])


def of_model(error: ValidationError) -> Problem:
    """The same from what a model finds wrong."""
    faults = error.errors(include_url=False, include_context=False, include_input=False)
    return invalid(Wrong(".".join(map(str, one["loc"])), _sentence(one["type"], one["msg"])) for one in faults)


def of_http(error: HTTPException) -> Response:
    """What Flask itself refuses: an address that there is not, a method that it does not take."""
    status = error.code or 500
    told = {
        404: ("There is nothing at this address.", "GET /api/v1/openapi.json describes all that there is."),
        405: ("This address does not take this method.", "The header Allow names those that it takes."),
        413: ("The body is too large.", "Send less of it."),
    }
    detail, then = told.get(status, (f"{HTTPStatus(status).phrase}.", None))
    made = Problem(status, detail, then).answer()
    made.headers.extend((name, value) for name, value in error.get_headers() if name == "Allow")
    return made


UNAUTHORIZED = Problem(
    401,
    "The Authorization header holds no token that is known here.",
    "Send `Authorization: Bearer` and a token; `ringbridge token add` makes one.",
)
FORBIDDEN = Problem(
    403,
    "This token is an operator's, and this is for administrators.",
    "Use a token that was made with `--role administrator`.",
)
UNAVAILABLE = Problem(503, "The store does not answer at the moment.", "Send the same again in some seconds.")
FAILED = Problem(500, "Something went wrong here; nothing more is known to this answer.", "The log says what it was.")
CHANGED_MEANWHILE = Problem(
    409, "Somebody else changed the same at the same moment.", "Look how it stands now, and decide again."
)


def _sentence(kind: str, message: str) -> str:
    if kind == "missing":
        return "This is needed."
    if kind == "extra_forbidden":
        return "This is not known here."
    return f"{message.removeprefix('Value error, ').rstrip('.')}."

"""Requests read: whose token, which query, which body. What cannot be meant is refused before it is acted on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from math import isfinite
from typing import Any, TypeVar, get_origin

from flask import request
from pydantic import BaseModel, ValidationError
from pydantic_core import from_json
from werkzeug.exceptions import HTTPException

from bridge import tokens
from bridge.operators import Role
from bridge.service import Service
from bridge.store import StoreUnavailable
from bridge.tokens import Token
from bridge.web.api import problems
from bridge.web.api.problems import Problem, Wrong

LONGEST_BODY = 256 * 1024
_LARGEST = 2**53  # a whole number beyond is another one in half of the programs that read JSON
Model = TypeVar("Model", bound=BaseModel)


def bearer(service: Service, role: Role) -> Token:
    """Whose token came with the request. Raises Problem: the same whatever is wrong with it.

    Tokens are drawn from 256 bits: guessing is hopeless, and needs neither counting nor waiting.
    """
    scheme, _, shown = request.headers.get("Authorization", "").partition(" ")
    token = None
    if scheme.casefold() == "bearer":
        with service.store.read() as db:
            token = tokens.owner(db, shown.strip(), service.now())
    if token is None:
        raise problems.UNAUTHORIZED
    if not token.is_noted:
        note(service, token)
    if role == "administrator" and token.role != role:
        raise problems.FORBIDDEN
    return token


def note(service: Service, token: Token) -> None:
    """Write down that the token is in use, if anything can be written: who only reads needs no room on the disk."""
    now = service.now()
    with suppress(StoreUnavailable):
        service.store.write(lambda db: tokens.used(db, token, now))


def query(model: type[Model]) -> Model:
    """The query as this model. Raises Problem."""
    given: dict[str, Any] = {}
    for name, values in request.args.lists():
        field = model.model_fields.get(name)
        is_list = field is not None and get_origin(field.annotation) is list
        if len(values) > 1 and not is_list:
            raise problems.invalid([Wrong(name, "This stands in the query more than once.")])
        given[name] = values if is_list else values[0]
    try:
        return model.model_validate(given)
    except ValidationError as error:
        raise problems.of_model(error) from None


def body(model: type[Model], *, is_needed: bool) -> Model:
    """The body as this model; one that is not needed may be empty. Raises Problem."""
    raw = _raw_body()
    if not raw and not is_needed:
        return _validated(model, b"{}")
    if request.mimetype != "application/json" or request.mimetype_params.get("charset", "utf-8").lower() != "utf-8":
        raise Problem(
            415, "The body is not said to be JSON.", "Send it with `Content-Type: application/json`, in UTF-8."
        )
    try:
        found = from_json(raw, allow_inf_nan=False)
    except ValueError as error:
        # Of what it says only where: the rest would repeat what may be a secret.
        place = str(error).rpartition(" at ")[2]
        raise Problem(400, f"The body is not valid JSON, at {place}.", "Mend it, and send it again.") from None
    if wrong := next(_unstorable(found), None):
        raise problems.invalid([wrong])
    return _validated(model, raw)


def _validated(model: type[Model], raw: bytes) -> Model:
    try:
        return model.model_validate_json(raw, strict=True)
    except ValidationError as error:
        raise problems.of_model(error) from None


def _raw_body() -> bytes:
    # One more than we take: what has no length is cut at this size, and nobody says so.
    request.max_content_length = LONGEST_BODY + 1
    length = request.content_length
    try:
        read = request.get_data(cache=False)
    except HTTPException as error:
        if error.code == 413:
            raise _too_large() from None
        raise _broken_off() from None
    except Exception:  # noqa: BLE001  each server has errors of its own for a chunk that is none, or a line that is cut
        raise _broken_off() from None
    if len(read) > LONGEST_BODY:
        raise _too_large()
    if length is not None and len(read) < length:
        raise _broken_off()
    return read


def _too_large() -> Problem:
    return Problem(413, f"The body is larger than {LONGEST_BODY // 1024} KiB.", "Send less of it.")


def _broken_off() -> Problem:
    return Problem(400, "The body broke off.", "Send it again, whole.")


def _unstorable(value: object, field: str = "") -> Iterator[Wrong]:
    """What is valid JSON, and what no database or no other program can keep as it is."""
    if isinstance(value, str) and "\0" in value:
        yield Wrong(field, "This holds a NUL character.")
    elif (isinstance(value, float) and not isfinite(value)) or (isinstance(value, int) and abs(value) > _LARGEST):
        yield Wrong(field, "This number is too large.")
    elif isinstance(value, list):
        for position, one in enumerate(value):
            yield from _unstorable(one, f"{field}.{position}".lstrip("."))
    elif isinstance(value, dict):
        for key, one in value.items():
            if "\0" in key:
                yield Wrong(field, "The name of a key holds a NUL character.")
            yield from _unstorable(one, f"{field}.{key}".lstrip("."))

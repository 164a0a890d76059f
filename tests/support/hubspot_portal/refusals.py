"""How HubSpot says no.

Source: https://developers.hubspot.com/docs/api-reference/error-handling
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping

from connectors.kit.testing import Reply

HTML = "<!DOCTYPE html><html><head><title>{title}</title></head><body><h1>{title}</h1></body></html>"
CORRELATION_ID = "5b1f7c1e-7b0e-4b0a-9f0e-2d1c7e3a9a10"


class Refused(Exception):
    """HubSpot's answer to what it will not do. `wrong` says what no correct client would have sent, if it is that."""

    def __init__(self, reply: Reply, wrong: str | None = None) -> None:
        super().__init__(wrong)
        self.reply, self.wrong = reply, wrong


def envelope(message: str, category: str, **more: object) -> dict[str, object]:
    """The body of an error."""
    return {"status": "error", "message": message, "correlationId": CORRELATION_ID, "category": category, **more}


def page(status: int, title: str, wrong: str | None) -> Refused:
    """A gateway's page of HTML, where no JSON is to be had."""
    return Refused(Reply(status, HTML.format(title=title), {"Content-Type": "text/html; charset=utf-8"}), wrong)


def unreadable(message: str) -> Refused:
    """A body that does not fit its endpoint."""
    return Refused(Reply(400, envelope(message, "VALIDATION_ERROR")), message)


def problem(name: str, code: str, message: str) -> dict[str, object]:
    """One property's trouble, as it stands in the list inside the message."""
    return {"isValid": False, "message": message, "error": code, "name": name, "localizedErrorMessage": message}


def invalid(problems: Iterable[Mapping[str, object]], wrong: str | None) -> Refused:
    """Values that are not valid: the list is JSON inside the message."""
    listed = json.dumps(list(problems))
    return Refused(Reply(400, envelope(f"Property values were not valid: {listed}", "VALIDATION_ERROR")), wrong)


def incomplete(kind: str, missing: list[str], wrong: str | None) -> Refused:
    """Required properties are not set: HubSpot's own, or the administrator's."""
    message = f"Error creating {kind.upper().removesuffix('S')}. Some required properties were not set."
    return Refused(Reply(400, envelope(message, "VALIDATION_ERROR", context={"properties": missing})), wrong)


def not_found(record_id: str, wrong: str | None = None) -> Refused:
    """A record that is not there, or is no longer."""
    message = "Object not found.  objectId are usually numeric."
    return Refused(Reply(404, envelope(message, "OBJECT_NOT_FOUND", context={"id": [record_id]})), wrong)


def contact_exists(record_id: str) -> Refused:
    """Another contact has that e-mail address."""
    return Refused(Reply(409, envelope(f"Contact already exists. Existing ID: {record_id}", "CONFLICT")))


def value_taken(name: str, record_id: str) -> Refused:
    """A second record with a unique property's value. The wording is guessed; the code is what clients know."""
    message = f'Property "{name}" must be unique; the value is that of record {record_id}'
    return invalid([problem(name, "CONFLICTING_UNIQUE_VALUE", message)], None)


def bad_token() -> Refused:
    """A token that is missing, rotated or revoked."""
    message = (
        "Authentication credentials not found. This API supports OAuth 2.0 authentication and you can find more "
        "details at https://developers.hubspot.com/docs/methods/auth/oauth-overview"
    )
    return Refused(Reply(401, envelope(message, "INVALID_AUTHENTICATION")))


def missing_scopes(scopes: Iterable[str]) -> Refused:
    """The token lacks a scope."""
    message = (
        "This app hasn't been granted all required scopes to make this call. Read more about required scopes here: "
        "https://developers.hubspot.com/scopes."
    )
    needed = {"message": "One or more of the following scopes are required.", "context": {}}
    needed["context"] = {"requiredGranularScopes": list(scopes)}
    links = {"scopes": "https://developers.hubspot.com/scopes"}
    return Refused(Reply(403, envelope(message, "MISSING_SCOPES", errors=[needed], links=links)))

"""What HubSpot's answers mean where they say more than their status does.

Source: https://developers.hubspot.com/docs/api-reference/error-handling
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from connectors.hubspot.names import KEYS
from connectors.kit import Answer, ConnectorError, RateLimited, Rejected, Retryable, Unauthorized

Body = dict[str, Any]

LOCKED_FOR = 2.0  # seconds
LONGEST_BELIEVED_PAUSE = 60.0  # seconds: 429 promises no Retry-After, and a longer one is not HubSpot's

_PAUSES = {"TEN_SECONDLY": 10.0, "SECONDLY": 1.0, "DAILY": 900.0}  # seconds; the first name that fits counts
_NAME = re.compile(r"[a-z][a-z0-9_]{0,99}")
_SCOPE = re.compile(r"[a-z][a-z0-9_.-]{0,99}")
_CODE = re.compile(r"[A-Z_]{1,60}")
_EXISTING = re.compile(r"Existing ID: (\d+)")
_INVALID_LINK = "associations are not valid"
_REQUIRED = re.compile(r"required", re.IGNORECASE)


class NotThere(Rejected):
    """The record does not exist, was archived or merged away."""


class NoSuchPath(Rejected):
    """HubSpot has no such address: a page of HTML, or 405."""


class Taken(Rejected):
    """A record with this unique value exists; `record_id` where HubSpot says which."""

    def __init__(self, reason: str, record_id: str | None = None) -> None:
        super().__init__(reason)
        self.record_id = record_id


class InvalidProperties(Rejected):
    """Properties that the portal does not have, whose values it does not take, or that it demands."""

    def __init__(self, reason: str, names: frozenset[str]) -> None:
        super().__init__(reason)
        self.names = names


def classify(answer: Answer) -> ConnectorError | None:
    """HubSpot's own reading of an answer; None leaves it to its status."""
    if answer.ok:
        return None
    body = _body(answer)
    match answer.status:
        case 400:
            return refused(body)
        case 401:
            return Unauthorized(
                "HubSpot does not know the token: it was rotated, revoked or mistyped. Copy the service key again."
            )
        case 403:
            return _forbidden(body)
        case 404 | 405:
            return _missing(answer)
        case 409:
            return _taken(body)
        case 423:
            return RateLimited("HubSpot has locked the record for a moment.", retry_after=LOCKED_FOR, alone=True)
        case 429:
            return _limited(answer, body)
        case 477:
            return RateLimited(
                "HubSpot is moving the account to another data centre.", retry_after=_seconds(answer) or 900.0
            )
    return None


def refused(body: Body) -> Rejected:
    """What a refusal says, whether it came as a 400 or stands among the errors of a batch."""
    if "CONFLICTING_UNIQUE_VALUE" in _text(body) or body.get("category") in ("CONFLICT", "OBJECT_ALREADY_EXISTS"):
        return _taken(body)
    if _INVALID_LINK in _text(body):
        return NotThere("HubSpot has no such contact any more: it was deleted or merged.")
    faults = dict(_faults(body))
    # How HubSpot words it that a property is not there, or not unique, is not documented: our names are looked for.
    names = frozenset(faults) | {key for key in KEYS if re.search(rf"\b{key}\b", _text(body))}
    if not names and _REQUIRED.search(str(body.get("message") or body.get("errors") or "")):
        return InvalidProperties(
            "The portal demands a property that is not sent: give it a value in the extra properties.", frozenset()
        )
    if not names:
        return Rejected("HubSpot refused the request as invalid (400).")
    said = ", ".join(f"{name} ({faults[name]})" if faults.get(name) else name for name in sorted(names))
    return InvalidProperties(
        f"HubSpot refused the record because of {said}: see whether the portal demands or limits it, and give it a "
        "value in the extra properties.",
        names,
    )


def _faults(body: Body) -> Iterator[tuple[str, str]]:
    """(property, code) of each fault; the code may be empty. Every field of the envelope is optional."""
    yield from _in_context(body.get("context"), str(body.get("message") or ""))
    for fault in _embedded(str(body.get("message") or "")):
        yield from _named(fault.get("name"), fault.get("error"))
    for error in _dicts(body.get("errors")):
        yield from _in_context(error.get("context"), str(error.get("message") or ""))
        for fault in _embedded(str(error.get("message") or "")):
            yield from _named(fault.get("name"), fault.get("error"))


def _in_context(context: object, message: str) -> Iterator[tuple[str, str]]:
    if not isinstance(context, dict):
        return
    code = "REQUIRED" if _REQUIRED.search(message) else None
    for key in ("properties", "propertyName", "name"):
        found = context.get(key)
        for name in found if isinstance(found, list) else [found]:
            yield from _named(name, code)


def _named(name: object, code: object) -> Iterator[tuple[str, str]]:
    if isinstance(name, str) and _NAME.fullmatch(name):
        yield name, code if isinstance(code, str) and _CODE.fullmatch(code) else ""


def _embedded(message: str) -> list[Body]:
    """The list of faults that validation writes as JSON into its message."""
    try:
        return _dicts(json.loads(message[message.index("[") : message.rindex("]") + 1]))
    except (ValueError, RecursionError):
        return []


def _forbidden(body: Body) -> Unauthorized:
    scopes = sorted({scope for error in _dicts(body.get("errors")) for scope in _scopes(error.get("context"))})
    if scopes:
        # The list is not always the right one: it says what may help.
        return Unauthorized(f"The token may not do this: HubSpot asks for the scope {', '.join(scopes)}.")
    if "USER_DOES_NOT_HAVE_PERMISSIONS" in _text(body):
        return Unauthorized("The user who made the private app may no longer do this: make a service key instead.")
    return Unauthorized("The token may not do this: see its scopes in HubSpot, Development, Keys.")


def _scopes(context: object) -> list[str]:
    if not isinstance(context, dict):
        return []
    found = [scope for key in ("requiredGranularScopes", "requiredScopes") for scope in context.get(key) or []]
    return [scope for scope in found if isinstance(scope, str) and _SCOPE.fullmatch(scope)]


def _missing(answer: Answer) -> Rejected:
    if answer.status == 405 or answer.body.lstrip()[:1] == b"<":
        return NoSuchPath(f"HubSpot has no such address ({answer.status}): correct the address of the API.")
    return NotThere("HubSpot has no such record: it was deleted or merged.")


def _taken(body: Body) -> Taken:
    found = _EXISTING.search(str(body.get("message") or ""))
    return Taken("HubSpot has another record with the same unique value.", found[1] if found else None)


def _limited(answer: Answer, body: Body) -> RateLimited:
    said = f"{body.get('policyName') or ''} {body.get('message') or ''}".upper()
    policy = next((name for name in _PAUSES if name in said), "TEN_SECONDLY")
    asked = _seconds(answer)
    believed = asked is not None and asked <= LONGEST_BELIEVED_PAUSE
    if policy == "DAILY" and not believed:
        reason = "The account has used its HubSpot requests of the day up; they begin anew at its midnight."
    else:
        reason = "HubSpot asks for a pause (429 Too Many Requests)."
    return RateLimited(reason, retry_after=asked if believed else _PAUSES[policy])


def _seconds(answer: Answer) -> float | None:
    text = answer.headers.get("Retry-After", "").strip()
    return float(text) if text.isascii() and text.isdigit() else None


def _body(answer: Answer) -> Body:
    """The envelope; empty where a gateway answered with a page instead."""
    try:
        body = answer.json()
    except Retryable:
        return {}
    return body if isinstance(body, dict) else {}


def _dicts(found: object) -> list[Body]:
    return [entry for entry in found if isinstance(entry, dict)] if isinstance(found, list) else []


def _text(body: Body) -> str:
    return json.dumps(body, ensure_ascii=False)

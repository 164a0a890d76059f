"""Whether a property takes a value, and how it is kept and answered."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime

from connectors.kit import e164
from hubspot_portal.definitions import SEEN_ELSEWHERE, Definition
from hubspot_portal.refusals import problem

LONGEST_BODY = 65_536
_FIRST_SANE_MOMENT = datetime(2001, 9, 9, tzinfo=UTC)
"""Seconds that are taken for milliseconds lie before it for centuries."""


class Bad(Exception):
    """A value that is not taken. `wrong` unless a correct client may have sent it."""

    def __init__(self, code: str, message: str, *, wrong: bool = True) -> None:
        super().__init__(message)
        self.code, self.message, self.wrong = code, message, wrong


def iso(seconds: float) -> str:
    """A moment as HubSpot writes it."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def milliseconds(value: str) -> float:
    """The moment of a datetime value. Raises ValueError if it is none."""
    if re.fullmatch(r"-?\d+", value):
        return float(value)
    moment = datetime.fromisoformat(value)
    if moment.tzinfo is None:
        raise ValueError(value)
    return moment.timestamp() * 1000


def kept(definition: Definition, value: object, owners: Mapping[str, bool], *, validates_phones: bool) -> str:
    """The value as it is stored. `owners` says of each owner whether it is active. Raises Bad."""
    # The service is known to convert numbers and booleans; its OpenAPI data says strings, and we hold to that.
    if not isinstance(value, str):
        raise Bad("INVALID_STRING", f"{definition.name} is not a string")
    if definition.read_only:
        raise Bad("READ_ONLY_VALUE", f"{definition.name} is a read only property; its value cannot be set")
    if value == "":
        return ""
    if definition.type != "string" and value != value.strip():
        raise Bad("LEADING_TRAILING_WHITESPACE", f"{value!r} has leading or trailing whitespace")
    if definition.rule == "phone" and validates_phones and value != e164(value):
        # The portal's own choice; the code is guessed.
        raise Bad("INVALID_PHONE_NUMBER", f"{value} is not a valid phone number", wrong=False)
    _by_rule(definition, value, owners)
    return _by_type(definition, value)


def _by_type(definition: Definition, value: str) -> str:
    if definition.type == "datetime":
        return _moment(value)
    if definition.type == "number" and not re.fullmatch(r"-?\d+(\.\d+)?", value):
        raise Bad("INVALID_LONG", f"{value} was not a valid number.")
    if definition.type == "bool" and value not in ("true", "false"):
        raise Bad("INVALID_BOOLEAN", f"{value} was not a valid boolean.")
    if definition.type == "enumeration" and definition.rule != "owner" and value not in definition.options:
        message = f"{value} was not one of the allowed options: [{', '.join(definition.options)}]"
        raise Bad("INVALID_OPTION", message, wrong=value not in SEEN_ELSEWHERE.get(definition.name, ()))
    return value


def _moment(value: str) -> str:
    try:
        at = milliseconds(value)
    except ValueError:
        raise Bad("INVALID_DATE", f"{value} was not a valid long.") from None
    # The service takes it, and files it in 1970, where nobody looks.
    if at < _FIRST_SANE_MOMENT.timestamp() * 1000:
        raise Bad("INVALID_DATE", f"{value} lies in 1970: these are seconds")
    return iso(at / 1000)


def _by_rule(definition: Definition, value: str, owners: Mapping[str, bool]) -> None:
    if definition.rule == "email" and not re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+", value):
        raise Bad("INVALID_EMAIL", f"Email address {value} is invalid")
    if definition.rule == "body" and len(value) > LONGEST_BODY:
        raise Bad("INVALID_STRING_LENGTH", f"{definition.name} is longer than {LONGEST_BODY} characters")
    if definition.rule == "duration":
        # The service takes it. Nobody told our client how long a call was, so that it can only be invented.
        raise Bad("INVENTED", f"{definition.name} is set, and nobody knows how long the call was")
    if definition.rule == "reminders" and not re.fullmatch(r"\d{13}", value):
        raise Bad("INVALID_DATE", f"{value} is not a moment in milliseconds")
    if definition.rule == "owner" and not owners.get(value, False):
        # One who left meanwhile is the portal's doing; one who was never there is the client's. The code is guessed.
        raise Bad("INVALID_OWNER_ID", f"The owner {value} does not exist or is not active", wrong=value not in owners)


def judged(name: str, error: Bad) -> dict[str, object]:
    """The trouble with one property, for the list in the message."""
    return problem(name, error.code, error.message)

"""Notifications as they arrive, read leniently, and GREEN-API's words for a call translated into ours.

The vendor has spelled the same things in several ways over the years, ids come as numbers or strings, and any field
may be absent, so every field is read for what can be made of it. Only what is no JSON object, or names no chat, is
unreadable.

Source: https://green-api.com/en/docs/api/receiving/notifications-format/incoming-call/
"""

from __future__ import annotations

import hashlib
import json
import math
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from bridge.greenapi import chats
from bridge.text import clean, storable
from connectors.kit import CallStatus

INCOMING_CALL = "incomingCall"

_OUTCOMES = {
    "offer": CallStatus.RINGING,
    "pickup": CallStatus.ANSWERED,
    "hungup": CallStatus.DROPPED,
    "declined": CallStatus.MISSED,
    "missed": CallStatus.MISSED,
}
_READABLE_ID = re.compile(r"[A-Za-z0-9_-]{1,80}", re.ASCII)
_LONGEST_ID = 512
_MILLISECONDS = 100_000_000_000  # as seconds this would be the year 5138


class Unreadable(Exception):
    """A body that no notification can be made of. The message says why, in words for an administrator."""


@dataclass(frozen=True, slots=True)
class CallEvent:
    """One notification about a call. `status` is UNKNOWN for words that we do not know, kept in `raw_status`."""

    id_instance: str
    chat_id: str
    from_ourselves: bool
    id_message: str | None
    status: CallStatus
    word: str
    raw_status: str | None
    at: datetime | None
    video: bool | None

    @property
    def key(self) -> str:
        """Identifies this notification: a repeat has the same one."""
        return self._key_of(self.word)

    def outcome_keys(self) -> dict[str, CallStatus]:
        """The keys that this call's outcomes have, each with what it means; empty for a call without an id."""
        if self.id_message is None:
            return {}
        outcomes = {word: status for word, status in _OUTCOMES.items() if status is not CallStatus.RINGING}
        return {self._key_of(word): status for word, status in outcomes.items()}

    def _key_of(self, word: str) -> str:
        return _digest(self.id_instance, *self._identity(), word)

    @property
    def call_key(self) -> str:
        """The public id of the call, the same for all notifications with one call id."""
        if self.id_message is None:
            return f"{self.id_instance}-{self.key}"
        readable = _READABLE_ID.fullmatch(self.id_message)
        return f"{self.id_instance}-{self.id_message if readable else _digest(self.id_message)}"

    def _identity(self) -> tuple[str, ...]:
        if self.id_message is not None:
            return ("id", self.id_message)
        return ("chat", self.chat_id, str(self.at.timestamp() if self.at else None))


@dataclass(frozen=True, slots=True)
class Notification:
    """Anything that GREEN-API sends. `call` is None for the types that we have no use for."""

    type: str | None
    id_instance: str | None
    call: CallEvent | None


def read(body: bytes) -> Notification:
    """Read a notification. Raises Unreadable."""
    try:
        document = json.loads(body)
    except RecursionError:
        raise Unreadable("The body is nested too deeply.") from None
    except ValueError:
        raise Unreadable("The body is not JSON in UTF-8.") from None
    if not isinstance(document, dict) or not isinstance(document.get("typeWebhook"), str):
        raise Unreadable("The body is not a notification: it names no typeWebhook.")
    try:
        return _notification(document)
    except RecursionError:  # a few levels more than the parser needed
        raise Unreadable("The body is nested too deeply.") from None


def _notification(document: dict[str, Any]) -> Notification:
    data = document.get("instanceData")
    id_instance = _text(data.get("idInstance")) if isinstance(data, dict) else None
    if document["typeWebhook"] != INCOMING_CALL:
        return Notification(storable(document["typeWebhook"][:80]), id_instance, None)
    if id_instance is None:
        raise Unreadable("The notification names no idInstance.")
    return Notification(INCOMING_CALL, id_instance, _call(id_instance, document))


def _call(id_instance: str, document: dict[str, Any]) -> CallEvent:
    body = _IncomingCall.model_validate(document)
    if body.chat_id is None:
        raise Unreadable("The call names no caller in `from`.")
    word = (body.status or "offer").strip().casefold() or "offer"
    word = "hungup" if word == "hangup" else word
    status = _OUTCOMES.get(word, CallStatus.UNKNOWN)
    wid = document["instanceData"].get("wid")
    return CallEvent(
        id_instance=id_instance,
        chat_id=body.chat_id,
        from_ourselves=chats.same_account(body.chat_id, wid if isinstance(wid, str) else None),
        id_message=body.id_message,
        status=status,
        word=word,
        raw_status=clean(body.status) if body.status and status is CallStatus.UNKNOWN else None,
        at=body.at,
        video=body.video,
    )


def _text(value: object) -> str | None:
    """An id as text: GREEN-API sends some as numbers. Blank is absent."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return str(value)[:_LONGEST_ID]
    return storable(value.strip())[:_LONGEST_ID] or None if isinstance(value, str) else None


def _word(value: object) -> str | None:
    return None if value is None else storable(value if isinstance(value, str) else json.dumps(value))[:_LONGEST_ID]


def _moment(value: object) -> datetime | None:
    """Unix seconds or milliseconds, as a number or as text; None where there is no sense in it."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        seconds = float(value)
    except (ValueError, OverflowError):
        return None
    if not math.isfinite(seconds) or seconds <= 0:
        return None
    if seconds >= _MILLISECONDS:
        seconds /= 1000
    return datetime.fromtimestamp(seconds, UTC) if seconds < _MILLISECONDS else None


def _flag(value: object) -> bool | None:
    return value if isinstance(value, bool) else None


class _IncomingCall(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)

    chat_id: Annotated[str | None, BeforeValidator(_text)] = Field(None, alias="from")
    id_message: Annotated[str | None, BeforeValidator(_text)] = Field(None, alias="idMessage")
    status: Annotated[str | None, BeforeValidator(_word)] = None
    at: Annotated[datetime | None, BeforeValidator(_moment)] = Field(None, alias="timestamp")
    # The webhook's page does not name it, the journal's does: taken where it comes.
    video: Annotated[bool | None, BeforeValidator(_flag)] = Field(None, alias="isVideo")


def _digest(*parts: str) -> str:
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()

"""Notifications as they arrive, read leniently, and GREEN-API's words for a call translated into ours.

The vendor has spelled the same things in several ways over the years, ids come as numbers or strings, and any field
may be absent, so every field is read for what can be made of it. Only what is no JSON object, or names no chat, is
unreadable.

Source: https://green-api.com/en/docs/api/receiving/notifications-format/incoming-call/
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from bridge.greenapi import alerts, chats, senders, values
from bridge.greenapi.alerts import Alert
from bridge.greenapi.senders import Sender
from bridge.text import clean, storable
from connectors.kit import CallStatus

INCOMING_CALL = "incomingCall"
_MESSAGE = "incomingMessageReceived"

_OUTCOMES = {
    "offer": CallStatus.RINGING,
    "pickup": CallStatus.ANSWERED,
    "hungup": CallStatus.DROPPED,
    "declined": CallStatus.MISSED,
    "missed": CallStatus.MISSED,
}
_READABLE_ID = re.compile(r"[A-Za-z0-9_-]{1,80}", re.ASCII)
_LONGEST_WORD = 40


class Unreadable(Exception):
    """A body that no notification can be made of. The message says why, in words for an administrator.

    `type` and `id_instance` are what it names all the same; None where it does not.
    """

    def __init__(self, reason: str, type_: str | None = None, id_instance: str | None = None) -> None:
        super().__init__(reason)
        self.type = type_
        self.id_instance = id_instance


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

    def keys(self) -> list[str]:
        """The keys that any notification about this call may have; empty for a call without an id."""
        return [] if self.id_message is None else [self._key_of(word) for word in _OUTCOMES]

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
    """Anything that GREEN-API sends. `call` and `alert` are None for the types that we have no use for.

    `sender` is who wrote, where it is a message: of that only the names are of use.
    """

    type: str | None
    id_instance: str | None
    call: CallEvent | None = None
    alert: Alert | None = None
    sender: Sender | None = None

    @property
    def is_unneeded(self) -> bool:
        """Whether there is nothing in it to be written down at once."""
        return self.call is None and self.alert is None


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
    id_instance = values.text(data.get("idInstance")) if isinstance(data, dict) else None
    kind = document["typeWebhook"]
    if kind == _MESSAGE:
        return Notification(kind, id_instance, sender=senders.sender(document.get("senderData")))
    if kind in alerts.TYPES and id_instance is not None:
        return Notification(kind, id_instance, alert=_alert(kind, id_instance, document))
    if kind != INCOMING_CALL:
        return Notification(storable(kind[:80]), id_instance)
    if id_instance is None:
        raise Unreadable("The notification names no idInstance.", INCOMING_CALL)
    return Notification(INCOMING_CALL, id_instance, _call(id_instance, document))


def _call(id_instance: str, document: dict[str, Any]) -> CallEvent:
    body = _IncomingCall.model_validate(document)
    if body.chat_id is None:
        raise Unreadable("The call names no caller in `from`.", INCOMING_CALL, id_instance)
    word, status = meaning(body.status)
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


def meaning(sent: str | None) -> tuple[str, CallStatus]:
    """A status as GREEN-API spells it, in the one spelling that we compare, and what it means."""
    word = (sent or "offer").strip().casefold() or "offer"
    word = "hungup" if word == "hangup" else word
    return word, _OUTCOMES.get(word, CallStatus.UNKNOWN)


def _alert(kind: str, id_instance: str, document: dict[str, Any]) -> Alert:
    quota = document.get("quotaData")
    method = quota.get("method") if isinstance(quota, dict) else None
    word = values.text(document.get("stateInstance") if kind == alerts.STATE_CHANGED else method) or ""
    return Alert(kind, id_instance, clean(word, _LONGEST_WORD) or None, values.moment(document.get("timestamp")))


def _word(value: object) -> str | None:
    return (
        None if value is None else storable(value if isinstance(value, str) else json.dumps(value))[: values.LONGEST_ID]
    )


class _IncomingCall(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)

    chat_id: Annotated[str | None, BeforeValidator(values.text)] = Field(None, alias="from")
    id_message: Annotated[str | None, BeforeValidator(values.text)] = Field(None, alias="idMessage")
    status: Annotated[str | None, BeforeValidator(_word)] = None
    at: Annotated[datetime | None, BeforeValidator(values.moment)] = Field(None, alias="timestamp")
    # The webhook's page does not name it, the journal's does: taken where it comes.
    video: Annotated[bool | None, BeforeValidator(values.flag)] = Field(None, alias="isVideo")


def _digest(*parts: str) -> str:
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()

"""Calls to be rung at an account, and the notifications that tell of them.

Source: GREEN-API docs "Incoming call", "Webhook Endpoint technology" (the Authorization header).
"""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass
from typing import ClassVar

from pydantic import BaseModel, ConfigDict, Field, JsonValue

_WORKING = {"incomingWebhook": "yes", "incomingCallWebhook": "yes", "stateWebhook": "yes"}


class Account(BaseModel):
    """One messenger account: its keys, where its webhook points, and whom its phone knows.

    `contacts` holds `contactName` and `name` by chat id. `settings` are those that are not as a working account has
    them, by GREEN-API's names; `state` is GREEN-API's word, None while the instance is being created.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    id_instance: str
    api_token: str = Field(repr=False)
    webhook_url: str = ""
    webhook_token: str = Field("", repr=False)
    wid: str = "15557650001@c.us"
    contacts: dict[str, dict[str, str]] = Field(default_factory=dict)
    settings: dict[str, JsonValue] = Field(default_factory=dict, repr=False)
    state: str | None = "authorized"
    expired: bool = False

    @property
    def authorization(self) -> str | None:
        """The header that goes with each notification."""
        return authorization(self.webhook_token)

    def all_settings(self) -> dict[str, JsonValue]:
        """Every setting that is not as a new instance has it."""
        return {"webhookUrl": self.webhook_url, "webhookUrlToken": self.webhook_token, **_WORKING, **self.settings}


def authorization(token: str) -> str | None:
    """The header that a `webhookUrlToken` makes: one that names no scheme is a bearer token."""
    if not token:
        return None
    return token if token.lower().startswith(("bearer ", "basic ")) else f"Bearer {token}"


class Ring(BaseModel):
    """One call to be rung; every field after `after` is a way in which the service has been seen to differ.

    `outcome` and `offer` are statuses as they are spelled on the wire. Without an outcome none is ever sent;
    without an offer the first notification has no status, as in the first years. `after` is seconds. Each
    notification is sent `duplicate` times more. `timestamp` replaces the time of both events, and `extra`
    adds or replaces fields of both. The journal has the call under `journal_chat`, if that differs, as ended `talk`
    seconds after its outcome; with `told` false nothing but the journal tells of it, and with `journal` false it
    does not.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    id_instance: str
    chat_id: str
    outcome: str | None = "pickUp"
    after: float = Field(1.0, ge=0)
    offer: str | None = "offer"
    id_message: str = Field(default_factory=lambda: secrets.token_hex(16).upper())
    duplicate: int = Field(0, ge=0)
    outcome_first: bool = False
    outcome_from: str | None = None
    string_id: bool = False
    timestamp: JsonValue = None
    extra: dict[str, JsonValue] = Field(default_factory=dict)
    told: bool = True
    journal: bool = True
    journal_chat: str | None = None
    talk: float = Field(0.0, ge=0)

    def notifications(self) -> list[Notification]:
        """What is sent at once, and what `after` seconds later."""
        told = [Notification(self, self.offer, self.chat_id)]
        if self.outcome is not None:
            told.append(Notification(self, self.outcome, self.outcome_from or self.chat_id))
        return told[::-1] if self.outcome_first else told


@dataclass(frozen=True, slots=True)
class Notification:
    """One of the two things that are told about a call."""

    ring: Ring
    status: str | None
    sender: str
    setting = "incomingCallWebhook"

    @property
    def id_instance(self) -> str:
        return self.ring.id_instance

    @property
    def copies(self) -> int:
        """How often it is sent, `duplicate` times more than it should be."""
        return 1 + self.ring.duplicate

    @property
    def is_told(self) -> bool:
        return self.ring.told

    @property
    def note(self) -> dict[str, object]:
        """What the log says of it."""
        return {"id_message": self.ring.id_message, "status": self.status, "chat_id": self.ring.chat_id}

    def body(self, account: Account, now: float) -> bytes:
        """The JSON as it is sent, telling of something that happens now."""
        told: dict[str, object] = {
            "from": self.sender,
            "typeWebhook": "incomingCall",
            "instanceData": _instance_data(account, as_text=self.ring.string_id),
            "timestamp": int(now) if self.ring.timestamp is None else self.ring.timestamp,
            "idMessage": self.ring.id_message,
        }
        if self.status is not None:
            told["status"] = self.status
        return json.dumps(told | self.ring.extra, ensure_ascii=False).encode()


class Other(BaseModel):
    """Any other notification: a message, a change of state, a quota. `fields` stand in it beside the usual ones.

    `setting` is the one without which it is not sent; None where nothing can keep it back.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    id_instance: str
    type: str
    fields: dict[str, JsonValue] = Field(default_factory=dict)
    setting: str | None = None
    copies: int = Field(1, ge=1)
    is_told: ClassVar[bool] = True

    @property
    def note(self) -> dict[str, object]:
        """What the log says of it."""
        return {"type": self.type}

    def body(self, account: Account, now: float) -> bytes:
        """The JSON as it is sent."""
        told = {"typeWebhook": self.type, "instanceData": _instance_data(account), "timestamp": int(now)}
        return json.dumps(told | self.fields, ensure_ascii=False).encode()


def _instance_data(account: Account, *, as_text: bool = False) -> dict[str, object]:
    as_number = account.id_instance.isdecimal() and not as_text
    return {
        "idInstance": int(account.id_instance) if as_number else account.id_instance,
        "wid": account.wid,
        "typeInstance": "whatsapp",
    }

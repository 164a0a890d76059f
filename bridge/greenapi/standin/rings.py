"""Calls to be rung at an account, and the notifications that tell of them.

Source: GREEN-API docs "Incoming call", "Webhook Endpoint technology" (the Authorization header).
"""

from __future__ import annotations

import json
import secrets
import time
from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict, Field, JsonValue


class Account(BaseModel):
    """One messenger account: its keys, where its webhook points, and whom its phone knows.

    `contacts` holds `contactName` and `name` by chat id.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    id_instance: str
    api_token: str = Field(repr=False)
    webhook_url: str
    webhook_token: str = Field("", repr=False)
    wid: str = "15557650001@c.us"
    contacts: dict[str, dict[str, str]] = Field(default_factory=dict)

    @property
    def authorization(self) -> str | None:
        """The header that goes with each notification: a token that names no scheme is a bearer token."""
        if not self.webhook_token:
            return None
        named = self.webhook_token.lower().startswith(("bearer ", "basic "))
        return self.webhook_token if named else f"Bearer {self.webhook_token}"


class Ring(BaseModel):
    """One call to be rung; every field after `after` is a way in which the service has been seen to differ.

    `outcome` and `offer` are statuses as they are spelled on the wire. Without an outcome none is ever sent;
    without an offer the first notification has no status, as in the first years. `after` is seconds. Each
    notification is sent `duplicate` times more. `timestamp` replaces the time of both events, and `extra`
    adds or replaces fields of both.
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

    def body(self, account: Account) -> bytes:
        """The JSON as it is pushed, telling of something that happens now."""
        id_instance = self.ring.id_instance
        as_number = id_instance.isdecimal() and not self.ring.string_id
        told: dict[str, object] = {
            "from": self.sender,
            "typeWebhook": "incomingCall",
            "instanceData": {
                "idInstance": int(id_instance) if as_number else id_instance,
                "wid": account.wid,
                "typeInstance": "whatsapp",
            },
            "timestamp": int(time.time()) if self.ring.timestamp is None else self.ring.timestamp,
            "idMessage": self.ring.id_message,
        }
        if self.status is not None:
            told["status"] = self.status
        return json.dumps(told | self.ring.extra, ensure_ascii=False).encode()

"""A signed request to an address of your own, for every change in how a call stands.

Source: https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

from __future__ import annotations

import hmac
import json
import time
from base64 import b64decode, b64encode
from dataclasses import asdict
from datetime import UTC, datetime
from uuid import uuid4

from pydantic import Field, HttpUrl, SecretStr, field_validator

from connectors.kit import (
    Answer,
    Call,
    Connector,
    ConnectorError,
    ConnectorSettings,
    Http,
    Known,
    Policy,
    Receipt,
    Unauthorized,
)


class WebhookSettings(ConnectorSettings):
    url: HttpUrl = Field(
        title="Address",
        description="Where the messages are posted, as the receiving system shows it.",
        repr=False,  # receivers often put a secret into the path
    )
    secret: SecretStr = Field(
        title="Signing secret",
        description="whsec_ and base64, the same as at the receiver; it proves that a message is ours.",
    )

    @field_validator("url")
    @classmethod
    def _holds_no_credentials(cls, url: HttpUrl) -> HttpUrl:
        if url.username or url.password:
            raise ValueError("the address must not hold a user name or a password")
        return url

    @field_validator("secret")
    @classmethod
    def _is_a_signing_secret(cls, secret: SecretStr) -> SecretStr:
        if not _key(secret):
            raise ValueError("a signing secret is whsec_ followed by base64")
        return secret


class Webhook(Connector):
    title = "Webhook"
    Settings = WebhookSettings
    policy = Policy.ALL
    on_unsure = "repeat"  # the receiver knows a repeated message by its webhook-id

    def __init__(self, settings: WebhookSettings, http: Http) -> None:
        self._http = http
        self._url = str(settings.url)
        self._key = _key(settings.secret)

    def check(self) -> None:
        ping: dict[str, object] = {"type": "ringbridge.ping", "timestamp": _iso(datetime.now(UTC)), "data": {}}
        self._post(f"ping-{uuid4().hex}", ping)

    def deliver(self, call: Call, known: Known) -> Receipt | None:  # noqa: ARG002 - each message stands by itself
        message_id = f"{call.id}-{call.status}"
        self._post(message_id, _message(call))
        return Receipt(record_id=message_id)

    def _post(self, message_id: str, message: dict[str, object]) -> None:
        body = json.dumps(message, ensure_ascii=False, separators=(",", ":")).encode()
        sent_at = str(int(time.time()))
        signed = f"{message_id}.{sent_at}.".encode() + body
        signature = b64encode(hmac.digest(self._key, signed, "sha256")).decode()
        headers = {
            "Content-Type": "application/json",
            "webhook-id": message_id,
            "webhook-timestamp": sent_at,
            "webhook-signature": f"v1,{signature}",
        }
        self._http.send("POST", self._url, content=body, headers=headers, classify=_gone)


def _gone(answer: Answer) -> ConnectorError | None:
    # The standard's word for "unsubscribe me".
    if answer.status == 410:
        return Unauthorized(f"{answer.host} wants no more messages (410 Gone).", gone=True)
    return None


def _key(secret: SecretStr) -> bytes:
    """The bytes of the secret; empty if it is none. The padding may be missing, as some receivers show it."""
    text = secret.get_secret_value()
    encoded = text.removeprefix("whsec_").rstrip("=")
    try:
        return b64decode(encoded + "=" * (-len(encoded) % 4), validate=True) if text.startswith("whsec_") else b""
    except ValueError:
        return b""


def _message(call: Call) -> dict[str, object]:
    times = {"started_at": _iso(call.started_at), "outcome_at": call.outcome_at and _iso(call.outcome_at)}
    return {
        "type": f"call.{call.status}",
        "timestamp": _iso(call.status_at),
        "data": {**asdict(call), **times},  # a test keeps the list of keys: receivers rely on it
    }


def _iso(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

"""Messages to the operators' chat, phone or mailbox: Slack, Teams, Discord, Telegram, ntfy, e-mail and others.

The library Apprise knows how each service wants its message; the kit's Http sends it.

Source: https://appriseit.com/services/
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from pydantic import Field, SecretStr, field_validator

from connectors.apprise.channel import Channel
from connectors.kit import Call, CallStatus, Connector, ConnectorSettings, Http, Known, Policy, Receipt, Retryable

SERVICES = (
    *("discord", "gchat", "gotify", "gotifys", "json", "jsons", "mailtos", "mmost", "mmosts", "ntfy", "ntfys"),
    *("pover", "slack", "tgram", "workflow", "workflows"),
)
WEBHOOKS = re.compile(  # of Slack, Teams, Discord and Google Chat: addresses that Apprise knows as they are
    r"https://(hooks\.slack\.com|discord(app)?\.com|chat\.googleapis\.com"
    r"|[\w.-]+\.logic\.azure\.com|[\w.-]+\.api\.powerplatform\.com)(:443)?/",
    re.IGNORECASE,
)
TYPES = {CallStatus.RINGING: "info", CallStatus.ANSWERED: "success", CallStatus.MISSED: "failure"}


class AppriseSettings(ConnectorSettings):
    url: SecretStr = Field(
        title="Channel",
        description="The channel's own webhook address (Slack, Teams, Discord, Google Chat), or an Apprise address "
        "such as tgram://TOKEN/CHAT_ID or ntfys://HOST/TOPIC; the documentation lists them. One channel for each "
        "connection.",
    )

    @field_validator("url")
    @classmethod
    def _is_of_a_service_that_we_know(cls, url: SecretStr) -> SecretStr:
        address = url.get_secret_value()
        service, found, _ = address.partition("://")
        if not (found and service.lower() in SERVICES) and not WEBHOOKS.match(address):
            known = ", ".join(f"{name}://" for name in SERVICES)
            raise ValueError(f"an address is a channel's own https:// webhook, or starts with {known}")
        return url


class Apprise(Connector):
    title = "Apprise"
    Settings = AppriseSettings
    policy = Policy.ALL  # who watches a chat wants to know that it rings, and whether anybody answered
    on_unsure = "leave"  # a message that was sent can be neither found nor changed

    def __init__(self, settings: AppriseSettings, http: Http) -> None:
        self._http = http
        self._url = settings.url.get_secret_value()

    def check(self) -> None:
        """Nobody is disturbed: what the service does not answer quietly is not asked."""
        Channel(self._url, self._http, SERVICES).ask_quietly()

    def deliver(self, call: Call, known: Known) -> Receipt | None:
        announced = known.receipt.parts if known.receipt else {}
        if _may_be_there(call.status, announced, unsure=known.unsure):
            return None
        # A fresh one each time: a used one sleeps before its next message.
        channel = Channel(self._url, self._http, SERVICES)
        try:
            channel.tell(call.label, _words(call), TYPES.get(call.status, "warning"))
        except Retryable as error:
            if error.sent:  # the next attempt has to know which of the call's messages is in doubt
                error.receipt = _receipt(announced, call.status, "unsure")
            raise
        return _receipt(announced, call.status, "sent")


def _words(call: Call) -> str:
    return call.caller.name if call.status is CallStatus.ANSWERED else call.summary


def _may_be_there(status: CallStatus, announced: Mapping[str, str], *, unsure: bool) -> bool:
    if status in announced:
        return unsure or announced[status] == "sent"
    # The doubt may be about an earlier message; then the receipt says so.
    return unsure and "unsure" not in announced.values()


def _receipt(announced: Mapping[str, str], status: CallStatus, how: str) -> Receipt:
    return Receipt(parts={**announced, status.value: how})

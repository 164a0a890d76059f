"""The methods of GREEN-API that we call. Its token is part of every address, so no address is ever shown.

Each method may raise the connector errors and, where callers must tell them apart, those of `bridge.greenapi.errors`.
None waits for its turn: `bridge.greenapi.rates` says what to take from the shared allowances first.

Source: https://green-api.com/en/docs/api/
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote

from bridge.callers import Names
from bridge.greenapi import chats, values
from bridge.greenapi.errors import Idle, classify
from bridge.instances import InstanceConfig
from connectors.kit import Answer, ConnectorError, Http, Rejected, Retryable
from connectors.kit.answers import Classify

_PATIENCE = 10.0  # seconds
_MORE_THAN_ITS_WAIT = 10.0  # seconds that a poll may take longer than GREEN-API was told to wait
_LARGEST_LIST = 16 * 1024 * 1024  # bytes: ten thousand calls, or the address book of a busy phone


@dataclass(frozen=True, slots=True)
class Received:
    """The notification at the head of the queue; it stays there until it is deleted."""

    receipt_id: int
    body: bytes


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """A call that is over, as WhatsApp remembers it. `at` is its end; `status_word` as GREEN-API spells it."""

    id_message: str | None
    chat_id: str
    status_word: str
    at: datetime
    video: bool | None


@dataclass(frozen=True, slots=True)
class Contact:
    """One line of the account's address book. Names are as they came: chosen by strangers, and not cleaned."""

    chat_id: str
    name: str | None
    contact_name: str | None
    is_group: bool


class Client:
    """GREEN-API, for one instance. Thread-safe; holds no state of its own."""

    def __init__(self, http: Http, instance: InstanceConfig) -> None:
        self._http = http
        self._instance = instance

    def contact_names(self, chat_id: str) -> Names:
        """What GREEN-API calls a person (`getContactInfo`). Both names are often blank."""
        answer = self._object("getContactInfo", json={"chatId": chat_id})
        return Names(contact_name=_string(answer.get("contactName")), name=_string(answer.get("name")))

    def receive(self, wait: int = 5) -> Received | None:
        """The head of the queue, waited for so many seconds (5 to 10, as no request lasts over 20), or None."""
        patience = wait + _MORE_THAN_ITS_WAIT
        try:
            answer = self._ask("receiveNotification", params={"receiveTimeout": wait}, patience=patience)
        except Idle:
            return None
        return None if answer is None else _received(answer)

    def delete(self, receipt_id: int) -> None:
        """Take a notification out of the queue. One that is no longer there is as good as deleted."""
        try:
            # An answer of `{"result": false}` says that it had been deleted before.
            self._send("DELETE", "deleteNotification", f"/{receipt_id}", classify=_classify_deletion)
        except _Deleted:
            return

    def journal(self, minutes: int) -> list[JournalEntry]:
        """The calls that ended in the last so many minutes, oldest first; the newest come two minutes late."""
        answer = self._ask("lastIncomingCalls", params={"minutes": minutes}, largest=_LARGEST_LIST)
        return sorted(_entries(_listed(answer)), key=lambda entry: entry.at)

    def contacts(self) -> list[Contact]:
        """The account's address book, and all who have written to it."""
        return list(_contacts(_listed(self._ask("getContacts", largest=_LARGEST_LIST))))

    def settings(self) -> dict[str, Any]:
        """The instance's settings. Holds `webhookUrlToken` in clear: neither to be shown nor logged."""
        return self._object("getSettings")

    def change_settings(self, changes: Mapping[str, str]) -> None:
        """Change these settings and no others. The instance restarts, which takes up to five minutes."""
        answer = self._object("setSettings", json=dict(changes))
        if answer.get("saveSettings") is not True:
            raise Rejected("GREEN-API did not save the settings.")

    def state(self) -> str | None:
        """GREEN-API's word for how the account stands; None while the instance is being created."""
        answer = self._ask("getStateInstance")
        state = answer.get("stateInstance") if isinstance(answer, dict) else None
        if answer is not None and not isinstance(state, str | None):
            raise _not_understood()
        return state

    def reboot(self) -> None:
        """Restart the instance."""
        if self._object("reboot").get("isReboot") is not True:
            raise Rejected("GREEN-API did not restart the instance.")

    def waiting(self) -> int | None:
        """How many notifications are queued (`getWebhooksCount`); None where the answer does not say."""
        answer = self._ask("getWebhooksCount")
        # The name of the field is not documented: the first number it is.
        found = answer.values() if isinstance(answer, dict) else [answer]
        return next((value for value in found if isinstance(value, int) and not isinstance(value, bool)), None)

    def _object(self, method: str, **how: Any) -> dict[str, Any]:  # noqa: ANN401  passed on
        answer = self._ask(method, **how)
        if not isinstance(answer, dict):
            raise _not_understood()
        return answer

    def _ask(self, method: str, *, json: Any = None, **how: Any) -> Any:  # noqa: ANN401  JSON; passed on
        answer = self._send("GET" if json is None else "POST", method, json=json, **how)
        read = answer.json() if answer.body.strip() or answer.fault else None
        if isinstance(read, dict) and read.get("status") is False:
            # Seen in their tracker: a refusal, or an instance that is being created, inside a 200.
            raise Retryable("GREEN-API answered that it cannot do this now.")
        return read

    def _send(
        self,
        verb: str,
        method: str,
        behind: str = "",
        *,
        patience: float = _PATIENCE,
        classify: Classify = classify,
        **how: Any,  # noqa: ANN401  passed on
    ) -> Answer:
        instance = self._instance
        token = quote(instance.api_token, safe="")
        url = f"{instance.api_url}/waInstance{instance.id_instance}/{method}/{token}{behind}"
        return self._http.send(verb, url, timeout_read=patience, classify=classify, **how)


class _Deleted(Rejected):
    """The notification was not there any more."""


def _classify_deletion(answer: Answer) -> ConnectorError | None:
    # Seen 2024: 500 with this word in its text, where another poller had been faster.
    if answer.status == 500 and b"findUnAckedMessage" in answer.body:
        return _Deleted("The notification was deleted before.")
    return classify(answer)


def _received(answer: object) -> Received:
    if isinstance(answer, dict):
        receipt = values.text(answer.get("receiptId"))
        if receipt is not None and receipt.isdecimal():
            # A lone surrogate, which JSON can spell and UTF-8 cannot, must not stop the queue.
            body = json.dumps(answer.get("body"), ensure_ascii=False, separators=(",", ":"))
            return Received(int(receipt), body.encode("utf-8", "replace"))
    raise _not_understood()


def _entries(listed: list[Any]) -> Iterator[JournalEntry]:
    """What can be made of a journal: an entry without a chat or a time tells of no call that could be found."""
    for entry in listed:
        if not isinstance(entry, dict):
            continue
        chat_id, at = values.text(entry.get("chatId")), values.moment(entry.get("timestamp"))
        if chat_id is not None and at is not None:
            yield JournalEntry(
                id_message=values.text(entry.get("idMessage")),
                chat_id=chat_id,
                status_word=values.text(entry.get("status")) or "",
                at=at,
                video=values.flag(entry.get("isVideo")),
            )


def _contacts(listed: list[Any]) -> Iterator[Contact]:
    for entry in listed:
        chat_id = values.text(entry.get("id")) if isinstance(entry, dict) else None
        if chat_id is not None:
            yield Contact(
                chat_id=chat_id,
                name=_string(entry.get("name")),
                contact_name=_string(entry.get("contactName")),
                is_group=entry.get("type") == "group" or chats.is_group(chat_id),
            )


def _listed(answer: object) -> list[Any]:
    if answer is None:
        return []
    if not isinstance(answer, list):
        raise _not_understood()
    return answer


def _string(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _not_understood() -> Retryable:
    return Retryable("GREEN-API answered in a form that is not known here.")

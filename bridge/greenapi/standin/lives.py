"""One account as it goes on: its settings, its state and its journal change while it is served.

Source: https://green-api.com/en/docs/api/account/SetSettings/ and the page on LastIncomingCalls
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import Any

from bridge.greenapi.standin.queues import Queue
from bridge.greenapi.standin.rings import Account, Notification, Other, authorization

FLAGS = [
    "incomingWebhook",
    "incomingCallWebhook",
    "outgoingCallWebhook",
    "stateWebhook",
    "outgoingWebhook",
    "outgoingMessageWebhook",
    "outgoingAPIMessageWebhook",
    "pollMessageWebhook",
    "editedMessageWebhook",
    "deletedMessageWebhook",
    "incomingBlockWebhook",
    "markIncomingMessagesReaded",
    "markIncomingMessagesReadedOnReply",
    "keepOnlineStatus",
]
_NEW = {"webhookUrl": "", "webhookUrlToken": "", "delaySendMessagesMilliseconds": 500, **dict.fromkeys(FLAGS, "no")}
_LONGEST_JOURNAL = 10_000  # calls


class Life:
    """Thread-safe: servers, the pusher and tests look at it at once."""

    def __init__(self, account: Account, clock: Callable[[], float], gone: Callable[[int], None]) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._starting_until = 0.0
        self._journal: list[tuple[float, dict[str, object]]] = []
        self.queue = Queue(clock, gone)
        self.cleared_at: float | None = None
        self.become(account)

    def become(self, account: Account) -> None:
        """Be this account from now on; what is queued and what the journal holds stays."""
        with self._lock:
            self.account = account
            self.state = account.state
            self._settings: dict[str, Any] = {**_NEW, **account.all_settings()}
        self.queue.wake()

    @property
    def webhook_url(self) -> str:
        return str(self._settings["webhookUrl"])

    @property
    def authorization(self) -> str | None:
        return authorization(str(self._settings["webhookUrlToken"]))

    @property
    def is_starting(self) -> bool:
        return self._clock() < self._starting_until

    def state_now(self) -> str | None:
        """GREEN-API's word for how the account stands."""
        return "starting" if self.is_starting else self.state

    def settings(self) -> dict[str, Any]:
        """As getSettings shows them."""
        with self._lock:
            return {"wid": self.account.wid, "typeInstance": "whatsapp", **self._settings}

    def change(self, changes: Mapping[str, Any]) -> None:
        """Merge these settings into those that there are."""
        with self._lock:
            self._settings = {**self._settings, **changes}
        self.queue.wake()

    def restart(self, seconds: float) -> None:
        """Be starting for so long."""
        self._starting_until = self._clock() + seconds

    def sends(self, event: Notification | Other, *, needs_messages: bool) -> bool:
        """Whether the settings let a notification out. `needs_messages`: calls only beside messages, as until 2026."""
        if event.setting is None:
            return True
        needed = [event.setting, *(["incomingWebhook"] if needs_messages and isinstance(event, Notification) else [])]
        return all(self._settings.get(name) == "yes" for name in needed)

    def remember(self, entry: dict[str, object], seen_at: float) -> None:
        """Put a call into the journal, which shows it from then on."""
        with self._lock:
            self._journal.append((seen_at, entry))

    def journal(self, minutes: int) -> list[dict[str, object]]:
        """The calls that ended in the last so many minutes, in no order that could be relied on."""
        now = self._clock()
        with self._lock:
            seen = [entry for seen_at, entry in self._journal if seen_at <= now]
        recent = [entry for entry in seen if float(str(entry["timestamp"])) >= now - minutes * 60]
        return recent[::-1][:_LONGEST_JOURNAL]

"""The service: accounts that ring, say who is calling, and can be asked about; and the controls for another process."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self

from bridge.greenapi.standin import controls
from bridge.greenapi.standin.gateway import Fault, Gateway
from bridge.greenapi.standin.lives import Life
from bridge.greenapi.standin.loopback import Loopback
from bridge.greenapi.standin.methods import Methods, state_changed
from bridge.greenapi.standin.pusher import Event, Pusher
from bridge.greenapi.standin.rings import Account, Notification, Other, Ring


class GreenApi:
    """Accounts whose calls are pushed to their webhooks or fetched, and the methods that we ask. Started once.

    A refused notification is sent again after `pause` seconds; seconds are also `contact_delay` and `restart_delay`
    (how long an account starts after a change of its settings), `journal_lag` (how late the journal knows of a call)
    and `longest_poll` (after which a poll ends with nothing, said as `idle_poll`). `rate_limits` switches on the limits
    of all methods, `contacts_per_second` (None: no limit) is that of getContactInfo. `needs_messages` lets calls out
    only where `incomingWebhook` is on too. `clock` gives Unix seconds; the limits go by it too.

    The log tells what was `queued`, each time something was `pushed`, with the answer (None: none came), or `polled`
    and `deleted`, of each `contact` that was asked for, and of whatever else was `asked`.
    """

    def __init__(
        self,
        accounts: Iterable[Account] = (),
        *,
        pause: float = 60.0,
        log: Path | None = None,
        contact_delay: float = 0.0,
        contacts_per_second: float | None = 1.0,
        rate_limits: bool = False,
        restart_delay: float = 0.0,
        journal_lag: float = 0.0,
        longest_poll: float = 60.0,
        idle_poll: Literal["null", "empty"] = "null",
        needs_messages: bool = False,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.url = ""
        self._lives: dict[str, Life] = {}
        self._clock = clock
        self._journal_lag = journal_lag
        self._loopback = Loopback(__name__, log)
        self.log = self._loopback.log
        self._pusher = Pusher(
            self._lives,
            pause=pause,
            log=self.log,
            happens=self._remember,
            needs_messages=needs_messages,
            clock=clock,
        )
        methods = Methods(
            clock=clock,
            stopping=self._loopback.stopping,
            log=self.log,
            tell=self._pusher.owe,
            restart_delay=restart_delay,
            contact_delay=contact_delay,
            longest_poll=longest_poll,
            idle_poll=idle_poll,
        )
        self._gateway = Gateway(
            self._lives,
            methods,
            contacts_per_second=contacts_per_second,
            rate_limits=rate_limits,
            clock=clock,
        )
        self._gateway.open(self._loopback.app)
        controls.open_for_others(self._loopback.app, self)
        for account in accounts:
            self.account(account)

    def start(self, port: int = 0) -> str:
        """Serve on 127.0.0.1 and begin to push; returns the URL that is the `api_url` of every account."""
        self.url = self._loopback.start(port)
        self._pusher.start()
        return self.url

    def stop(self) -> None:
        """End like a process that is killed: what is queued is never sent."""
        self._loopback.stop()
        self._pusher.stop()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def account(self, account: Account) -> None:
        """Add an account, or change the one with its id; what is queued there, and its journal, stays."""
        life = self._lives.get(account.id_instance)
        if life is None:
            self._lives[account.id_instance] = Life(account, self._clock, self._pusher.gone)
        else:
            life.become(account)
        self._pusher.serve(account.id_instance)

    def has(self, id_instance: str) -> bool:
        """Whether there is such an account."""
        return id_instance in self._lives

    def settings(self, id_instance: str) -> dict[str, Any]:
        """An account's settings, by GREEN-API's names, as they are now."""
        return self._lives[id_instance].settings()

    def waiting(self, id_instance: str) -> int:
        """How many notifications are queued for an account."""
        return len(self._lives[id_instance].queue)

    def state(self, id_instance: str, state: str) -> None:
        """Bring an account into a state, and tell of it where `stateWebhook` is on."""
        self._lives[id_instance].state = state
        self._pusher.owe(state_changed(id_instance, state))

    def tell(self, other: Other) -> None:
        """Send any other notification. Raises KeyError for an unknown account."""
        _ = self._lives[other.id_instance]
        self._pusher.owe(other)

    def remember(self, id_instance: str, **entry: object) -> None:
        """Put a call into an account's journal, by GREEN-API's names; `timestamp` is its end, in Unix seconds."""
        self._lives[id_instance].remember(_journal_entry(entry), seen_at=self._clock())

    def fault(self, fault: Fault) -> None:
        """Let a method go wrong; the newest fault of a method replaces the one before."""
        self._gateway.fault(fault)

    def ring(
        self,
        id_instance: str,
        chat_id: str,
        outcome: str | None = "pickUp",
        after: float = 1.0,
        **variants: object,
    ) -> str:
        """Ring now, tell the outcome `after` seconds later; returns the idMessage. `Ring` lists the variants.

        Raises ValidationError for a variant that there is not, and KeyError for an unknown account.
        """
        call = {"id_instance": id_instance, "chat_id": chat_id, "outcome": outcome, "after": after}
        return self.begin(Ring.model_validate(call | variants))

    def begin(self, ring: Ring) -> str:
        """Begin this call; returns its idMessage. Raises KeyError for an unknown account."""
        _ = self._lives[ring.id_instance]
        first, *rest = ring.notifications()
        self._pusher.owe(first)
        for notification in rest:
            self._pusher.owe(notification, ring.after)
        return ring.id_message

    def idle(self, timeout: float = 0.0) -> bool:
        """Whether every notification, later ones included, has been taken, or is within so many seconds."""
        return self._pusher.idle(timeout)

    def _remember(self, event: Event) -> None:
        """The journal hears of a call when it is over, whether or not anybody is told."""
        if not isinstance(event, Notification) or not event.ring.journal or event.status != event.ring.outcome:
            return
        ring, now = event.ring, self._clock()
        life = self._lives[ring.id_instance]
        if event.status is None or life.settings()["incomingCallWebhook"] != "yes":
            return
        ended = now if ring.timestamp is None else float(str(ring.timestamp))
        entry = {
            "idMessage": ring.id_message,
            "timestamp": int(ended + ring.talk),
            "chatId": ring.journal_chat or ring.chat_id,
            "status": event.status,
        }
        life.remember(_journal_entry(entry), seen_at=now + ring.talk + self._journal_lag)


def _journal_entry(entry: dict[str, object]) -> dict[str, object]:
    return {"type": "incoming", "typeMessage": "incomingCall", "isVideo": False, **entry}

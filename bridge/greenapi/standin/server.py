"""The service: accounts that ring and say who is calling, and the controls for another process.

Source: GREEN-API docs "GetContactInfo", "Common errors", "Rate limiter".
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Self

from flask import Response, jsonify, request
from flask.typing import ResponseReturnValue
from pydantic import BaseModel, ConfigDict, Field
from werkzeug.exceptions import NotFound

from bridge.greenapi.standin.loopback import Faults, Loopback, unanswered
from bridge.greenapi.standin.pusher import Pusher
from bridge.greenapi.standin.rings import Account, Ring

_WINDOW = 0.95  # of a second: requests that leave a second apart may arrive a little closer


class Fault(BaseModel):
    """What a method does wrong, for the next `count` requests or, with None, until a count of 0 clears it.

    Without a `status` the right answer comes, only later; `drop` closes the connection instead of answering.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    method: str
    status: int | None = Field(None, ge=200, le=599)
    body: str = ""
    headers: dict[str, str] = Field(default_factory=dict)
    delay: float = Field(0.0, ge=0)
    drop: bool = False
    count: int | None = Field(None, ge=0)


class GreenApi:
    """Accounts that ring at their webhooks and answer `getContactInfo`. A stand-in is started once.

    A refused notification is sent again after `pause` seconds. The log tells what was `queued`, each time
    something was `pushed`, with the answer (None: none came), and of each `contact` that was asked for.
    """

    def __init__(
        self,
        accounts: Iterable[Account] = (),
        *,
        pause: float = 60.0,
        log: Path | None = None,
        contact_delay: float = 0.0,
        contacts_per_second: float | None = 1.0,
    ) -> None:
        self.url = ""
        self._accounts: dict[str, Account] = {}
        self._asked: dict[str, deque[float]] = {}
        self._lock = threading.Lock()
        self._faults: Faults[Fault] = Faults()
        self._contact_delay = contact_delay
        self._contacts_per_second = contacts_per_second
        self._loopback = Loopback(__name__, log)
        self.log = self._loopback.log
        self._pusher = Pusher(self._accounts, pause=pause, log=self.log)
        self._route()
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
        """Add an account, or change the one with its id; what is queued there stays."""
        self._accounts[account.id_instance] = account
        self._pusher.serve(account.id_instance)

    def fault(self, fault: Fault) -> None:
        """Let a method go wrong; the newest fault of a method replaces the one before."""
        self._faults.set(fault.method.lower(), fault, fault.count)

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
        return self._ring(Ring.model_validate(call | variants))

    def idle(self, timeout: float = 0.0) -> bool:
        """Whether every notification, later ones included, has been taken, or is within so many seconds."""
        return self._pusher.idle(timeout)

    def _ring(self, ring: Ring) -> str:
        if ring.id_instance not in self._accounts:
            raise KeyError(ring.id_instance)
        first, *rest = ring.notifications()
        self._pusher.owe(first)
        for notification in rest:
            self._pusher.owe(notification, ring.after)
        return ring.id_message

    def _route(self) -> None:
        app = self._loopback.app
        app.register_error_handler(405, lambda _: NotFound())  # GREEN-API calls a wrong verb "not found" too
        app.add_url_rule("/waInstance<id_instance>/<method>/<token>", view_func=self._method, methods=["POST"])
        app.add_url_rule("/standin/ring", view_func=self._post_ring, methods=["POST"])
        app.add_url_rule("/standin/faults", view_func=self._post_fault, methods=["POST"])
        app.add_url_rule("/standin/accounts", view_func=self._post_account, methods=["POST"])
        app.add_url_rule("/standin/idle", view_func=lambda: {"idle": self.idle()}, endpoint="idle")

    def _post_ring(self) -> ResponseReturnValue:
        ring = Ring.model_validate_json(request.get_data())
        if ring.id_instance not in self._accounts:
            return _text(400, "There is no such account.")
        return {"idMessage": self._ring(ring)}

    def _post_fault(self) -> ResponseReturnValue:
        self.fault(Fault.model_validate_json(request.get_data()))
        return {"set": True}

    def _post_account(self) -> ResponseReturnValue:
        self.account(Account.model_validate_json(request.get_data()))
        return {"set": True}

    def _method(self, id_instance: str, method: str, token: str) -> ResponseReturnValue:
        if method.lower() != "getcontactinfo":
            raise NotFound
        body = request.get_json(force=True, silent=True)
        chat_id = body.get("chatId") if isinstance(body, dict) else None
        fault = self._faults.take(method.lower())
        if fault is not None:
            self._loopback.stopping.wait(fault.delay)
        if fault is not None and fault.drop:
            answer = None
        elif fault is not None and fault.status is not None:
            answer = Response(fault.body, fault.status, fault.headers)
        else:
            answer = self._contact(id_instance, token, body, chat_id)
        code = None if answer is None else answer.status_code
        self.log.add(what="contact", id_instance=id_instance, chat_id=chat_id, answer=code)
        return unanswered() if answer is None else answer

    def _contact(self, id_instance: str, token: str, body: object, chat_id: object) -> Response:
        account = self._accounts.get(id_instance)
        if account is None:
            return _text(403, "Forbidden")
        if token != account.api_token:
            return Response(status=401)
        if self._is_over_the_limit(id_instance):
            return _text(429, "Too Many Requests")
        if body is None:
            return _text(400, "Unexpected token u in JSON at position 0")
        if not isinstance(chat_id, str) or not chat_id:
            return _text(400, "Validation failed. Details: 'chatId' is required")
        if chat_id.endswith("@g.us"):
            return _text(400, "Validation failed. Details: the method does not support group chats")
        self._loopback.stopping.wait(self._contact_delay)
        return jsonify(_contact_info(chat_id, account.contacts.get(chat_id, {})))

    def _is_over_the_limit(self, id_instance: str) -> bool:
        if self._contacts_per_second is None:
            return False
        window = max(1.0, 1 / self._contacts_per_second) * _WINDOW
        now = time.monotonic()
        with self._lock:
            asked = self._asked.setdefault(id_instance, deque())
            while asked and asked[0] <= now - window:
                asked.popleft()
            if len(asked) >= max(1.0, self._contacts_per_second):
                return True
            asked.append(now)
            return False


def _contact_info(chat_id: str, contact: dict[str, str]) -> dict[str, object]:
    return {
        "avatar": "",
        "name": contact.get("name", ""),
        "contactName": contact.get("contactName", ""),
        "email": "",
        "category": "",
        "description": "",
        "products": [],
        "chatId": chat_id,
        "lastSeen": None,
        "isArchive": False,
        "isDisappearing": False,
        "isMute": False,
        "messageExpiration": 0,
        "muteExpiration": None,
        "isBusiness": False,
    }


def _text(status: int, text: str) -> Response:
    return Response(text, status, content_type="text/plain; charset=utf-8")

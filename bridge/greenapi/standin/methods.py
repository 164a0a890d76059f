"""What each method answers, once its request has been let in.

Source: https://green-api.com/en/docs/api/
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from flask import Response, jsonify, request

from bridge.greenapi.standin.lives import FLAGS, Life
from bridge.greenapi.standin.loopback import Log
from bridge.greenapi.standin.rings import Other

_TEXTS = ("webhookUrl", "webhookUrlToken")
_SETTINGS = {*_TEXTS, *FLAGS, "delaySendMessagesMilliseconds"}
_CLEARED_EVERY = 60.0  # seconds
_DAY = 1440  # minutes
_SHORTEST_POLL, _LONGEST_POLL = 5, 60  # seconds
Tell = Callable[[Other, float], None]
Method = Callable[["Methods", Life, str], Response]


@dataclass(frozen=True)
class Methods:
    """`restart_delay`, `contact_delay` and `longest_poll` are in seconds; `idle_poll` is how nothing is said."""

    clock: Callable[[], float]
    stopping: threading.Event
    log: Log
    tell: Tell
    restart_delay: float
    contact_delay: float
    longest_poll: float
    idle_poll: Literal["null", "empty"]

    def state_instance(self, life: Life, _: str) -> Response:
        state = life.state_now()
        return jsonify(None if state is None else {"stateInstance": state})

    def settings(self, life: Life, _: str) -> Response:
        return jsonify(life.settings())

    def change_settings(self, life: Life, _: str) -> Response:
        changes = request.get_json(force=True, silent=True)
        if not isinstance(changes, dict):
            return text(400, "Unexpected token u in JSON at position 0")
        if not changes:
            return text(400, "Validation failed. Details: at least one setting is required")
        for name, value in changes.items():
            if not _is_setting(name, value):
                return text(400, f"Validation failed. Details: '{name}' is not allowed")
        life.change(changes)
        self._restart(life)
        return jsonify({"saveSettings": True})

    def reboot(self, life: Life, _: str) -> Response:
        self._restart(life)
        return jsonify({"isReboot": True})

    def receive(self, life: Life, _: str) -> Response:
        if life.webhook_url:
            return _webhook_is_set()
        seconds = request.args.get("receiveTimeout", _SHORTEST_POLL, int)
        if not _SHORTEST_POLL <= seconds <= _LONGEST_POLL:
            return text(400, "Validation failed. Details: 'receiveTimeout' must be from 5 to 60")
        queued = life.queue.head(
            min(seconds, self.longest_poll), wanted=lambda: not life.webhook_url, ended=self.stopping.is_set
        )
        # The port tells one poller from another.
        note = {"id_instance": life.account.id_instance, "peer": request.environ.get("REMOTE_PORT")}
        if queued is None:
            self.log.add(what="polled", receipt_id=None, **note)
            return Response("null" if self.idle_poll == "null" else "", content_type="application/json")
        self.log.add(what="polled", receipt_id=queued.receipt_id, **note, **queued.note)
        return jsonify({"receiptId": queued.receipt_id, "body": json.loads(queued.body)})

    def delete(self, life: Life, behind: str) -> Response:
        if life.webhook_url:
            return _webhook_is_set()
        if not behind.isdecimal():
            return text(400, "Parameter receiptId must be a Number")
        deleted = life.queue.delete(int(behind))
        note = {"receipt_id": int(behind), "result": deleted}
        self.log.add(what="deleted", id_instance=life.account.id_instance, **note)
        return jsonify({"result": deleted, "reason": "" if deleted else "It was not received, or is deleted already."})

    def waiting(self, life: Life, _: str) -> Response:
        return jsonify({"count": len(life.queue)})

    def clear(self, life: Life, _: str) -> Response:
        now = self.clock()
        since = None if life.cleared_at is None else now - life.cleared_at
        if since is not None and since < _CLEARED_EVERY:
            left = round(_CLEARED_EVERY - since)
            return jsonify({"isCleared": False, "reason": "Too many requests", "leftTime": left})
        life.cleared_at = now
        life.queue.clear()
        return jsonify({"isCleared": True, "reason": ""})

    def contact(self, life: Life, _: str) -> Response:
        body = request.get_json(force=True, silent=True)
        chat_id = body.get("chatId") if isinstance(body, dict) else None
        if body is None:
            return text(400, "Unexpected token u in JSON at position 0")
        if not isinstance(chat_id, str) or not chat_id:
            return text(400, "Validation failed. Details: 'chatId' is required")
        if chat_id.endswith("@g.us"):
            return text(400, "Validation failed. Details: the method does not support group chats")
        self.stopping.wait(self.contact_delay)
        return jsonify(_contact_info(chat_id, life.account.contacts.get(chat_id, {})))

    def contacts(self, life: Life, _: str) -> Response:
        listed = [_listed(chat_id, names) for chat_id, names in life.account.contacts.items()]
        groups = request.args.get("group")
        wanted = [one for one in listed if groups is None or (one["type"] == "group") == (groups == "true")]
        return jsonify(wanted[: request.args.get("count", len(wanted), int)])

    def journal(self, life: Life, _: str) -> Response:
        return jsonify(life.journal(request.args.get("minutes", _DAY, int)))

    def no_journal(self, _: Life, __: str) -> Response:
        return jsonify([])

    def _restart(self, life: Life) -> None:
        before = life.state
        life.restart(self.restart_delay)
        for state, after in (("starting", 0.0), (before, self.restart_delay)):
            if state is not None:
                self.tell(state_changed(life.account.id_instance, state), after)


METHODS: dict[tuple[str, str], Method] = {
    ("GET", "getstateinstance"): Methods.state_instance,
    ("GET", "getsettings"): Methods.settings,
    ("POST", "setsettings"): Methods.change_settings,
    ("GET", "reboot"): Methods.reboot,
    ("GET", "receivenotification"): Methods.receive,
    ("DELETE", "deletenotification"): Methods.delete,
    ("GET", "getwebhookscount"): Methods.waiting,
    ("DELETE", "clearwebhooksqueue"): Methods.clear,
    ("POST", "getcontactinfo"): Methods.contact,
    ("GET", "getcontacts"): Methods.contacts,
    ("GET", "lastincomingcalls"): Methods.journal,
    ("GET", "lastoutgoingcalls"): Methods.no_journal,
}
"""By verb and name; GREEN-API minds neither capital nor small letters."""
WHILE_STARTING = frozenset({"getstateinstance"})
"""What is answered while an instance starts."""
WITH_A_PHONE = frozenset({"getcontactinfo", "getcontacts", "lastincomingcalls", "lastoutgoingcalls"})
"""What needs a phone that is linked."""


def state_changed(id_instance: str, state: str) -> Other:
    """The notification that tells of a state."""
    fields = {"stateInstance": state}
    return Other(id_instance=id_instance, type="stateInstanceChanged", fields=dict(fields), setting="stateWebhook")


def text(status: int, said: str) -> Response:
    """A refusal in plain text."""
    return Response(said, status, content_type="text/plain; charset=utf-8")


def _webhook_is_set() -> Response:
    said = "Message cannot be received because custom webhook url is set. Clear it and wait about a minute."
    return Response(json.dumps({"message": said}), 400, content_type="application/json")


def _is_setting(name: str, value: object) -> bool:
    if name in FLAGS:
        return value in ("yes", "no")
    return name in _SETTINGS and isinstance(value, str if name in _TEXTS else int)


def _listed(chat_id: str, names: dict[str, str]) -> dict[str, Any]:
    kind = "group" if chat_id.endswith("@g.us") else "user"
    return {"id": chat_id, "name": names.get("name", ""), "contactName": names.get("contactName", ""), "type": kind}


def _contact_info(chat_id: str, contact: dict[str, str]) -> dict[str, object]:
    flags = dict.fromkeys(("isArchive", "isDisappearing", "isMute", "isBusiness"), False)
    names = {"name": contact.get("name", ""), "contactName": contact.get("contactName", ""), "chatId": chat_id}
    return {
        "avatar": "",
        "email": "",
        "category": "",
        "description": "",
        "products": [],
        "lastSeen": None,
        "messageExpiration": 0,
        "muteExpiration": None,
        **names,
        **flags,
    }

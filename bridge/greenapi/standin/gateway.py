"""The way in to every method: what goes wrong by order, then the keys, the limits, and whether the account can.

Source: GREEN-API docs "Common errors", "Rate limiter".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from flask import Flask, Response, request
from flask.typing import ResponseReturnValue
from pydantic import BaseModel, ConfigDict, Field
from werkzeug.exceptions import NotFound

from bridge.greenapi.standin.limits import PER_SECOND, Limits
from bridge.greenapi.standin.lives import Life
from bridge.greenapi.standin.loopback import Faults, unanswered
from bridge.greenapi.standin.methods import METHODS, WHILE_STARTING, WITH_A_PHONE, Methods, text

_CONTACT = "getcontactinfo"
_LOGGED_BY_THEMSELVES = ("receivenotification", "deletenotification")


class Fault(BaseModel):
    """What a method does wrong, for the next `count` requests or, with None, until a count of 0 clears it.

    Without a `status` the right answer comes, only later; `drop` closes the connection instead of answering. Where an
    `id_instance` is named it is that account's alone.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    method: str
    id_instance: str | None = None
    status: int | None = Field(None, ge=200, le=599)
    body: str = ""
    headers: dict[str, str] = Field(default_factory=dict)
    delay: float = Field(0.0, ge=0)
    drop: bool = False
    count: int | None = Field(None, ge=0)


class Gateway:
    """`contacts_per_second` limits getContactInfo (None: not at all); `rate_limits` every other method too."""

    def __init__(
        self,
        lives: Mapping[str, Life],
        methods: Methods,
        *,
        contacts_per_second: float | None,
        rate_limits: bool,
        clock: Callable[[], float],
    ) -> None:
        self._lives = lives
        self._methods = methods
        self._contacts_per_second = contacts_per_second
        self._rate_limits = rate_limits
        self._limits = Limits(clock)
        self._faults: Faults[Fault] = Faults()

    def open(self, app: Flask) -> None:
        """Answer at the addresses of GREEN-API's methods."""
        app.register_error_handler(405, lambda _: NotFound())  # GREEN-API calls a wrong verb "not found" too
        address = "/waInstance<id_instance>/<method>/<token>"
        for rule in (address, f"{address}/<behind>"):
            app.add_url_rule(rule, view_func=self._answer, methods=["GET", "POST", "DELETE"], endpoint=rule)

    def fault(self, fault: Fault) -> None:
        """Let a method go wrong; the newest fault of a method replaces the one before."""
        self._faults.set(_key(fault.method.lower(), fault.id_instance), fault, fault.count)

    def _answer(self, id_instance: str, method: str, token: str, behind: str = "") -> ResponseReturnValue:
        name = method.lower()
        asked = METHODS.get((request.method, name))
        if asked is None:
            raise NotFound
        fault = self._faults.take(_key(name, id_instance)) or self._faults.take(name)
        if fault is not None:
            self._methods.stopping.wait(fault.delay)
        answer: Response | None
        if fault is not None and fault.drop:
            answer = None
        elif fault is not None and fault.status is not None:
            answer = Response(fault.body, fault.status, fault.headers)
        else:
            refused = self._refusal(id_instance, name, token)
            answer = refused or asked(self._methods, self._lives[id_instance], behind)
        self._note(id_instance, name, method, None if answer is None else answer.status_code)
        return unanswered() if answer is None else answer

    def _refusal(self, id_instance: str, name: str, token: str) -> Response | None:
        life = self._lives.get(id_instance)
        if life is None:
            return text(403, "Forbidden")
        if token != life.account.api_token:
            return Response(status=401)
        if life.account.expired:
            return text(400, "Instance account is expired. Renew the subscription in the console.")
        per_second = self._allowed(name)
        if per_second is not None and self._limits.is_over(id_instance, name, per_second):
            return text(429, "Too Many Requests")
        if life.state_now() == "starting" and name not in WHILE_STARTING:
            return text(400, "instance in starting process try later")
        if life.state in ("notAuthorized", "blocked") and name in WITH_A_PHONE:
            return text(400, "instance account not authorized")
        return None

    def _allowed(self, name: str) -> float | None:
        if name == _CONTACT:
            return self._contacts_per_second
        return PER_SECOND.get(name, 1.0) if self._rate_limits else None

    def _note(self, id_instance: str, name: str, method: str, code: int | None) -> None:
        if name == _CONTACT:
            body = request.get_json(force=True, silent=True)
            chat_id = body.get("chatId") if isinstance(body, dict) else None
            self._methods.log.add(what="contact", id_instance=id_instance, chat_id=chat_id, answer=code)
        elif name not in _LOGGED_BY_THEMSELVES or code != 200:
            self._methods.log.add(what="asked", id_instance=id_instance, method=method, answer=code)


def _key(method: str, id_instance: str | None) -> str:
    return method if id_instance is None else f"{id_instance}/{method}"

"""Connectors that are broken on purpose, and a healthy one: the proof that the contract notices."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Sequence
from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

from pydantic import Field, SecretStr
from requests.models import PreparedRequest

from connectors.kit.answers import Json
from connectors.kit.call import Call, Known, Receipt
from connectors.kit.connector import Connector
from connectors.kit.errors import ConnectorError, RateLimited, Rejected, Retryable, Unauthorized
from connectors.kit.http import Http
from connectors.kit.settings import ConnectorSettings
from connectors.kit.testing.stand import Reply

log = logging.getLogger(__name__)

TOKEN = "c4nary-t0ken"  # noqa: S105 - made to be looked for


class Ledger:
    """A system with records: made, found by key, changed. It makes as many of one key as it is asked to."""

    def __init__(self) -> None:
        self._keys: list[str] = []

    def answer(self, request: PreparedRequest) -> Reply:
        address = urlsplit(str(request.url))
        if request.method == "GET" and address.path == "/records":
            wanted = parse_qs(address.query)["key"][0]
            return Reply(200, [{"id": number} for number, key in enumerate(self._keys) if key == wanted])
        if request.method == "POST":
            self._keys.append(json.loads(request.body or b"")["key"])
            return Reply(201, {"id": len(self._keys) - 1})
        return Reply(200, {})

    def held(self) -> Sequence[str]:
        return list(self._keys)


class LedgerSettings(ConnectorSettings):
    token: SecretStr = Field(title="Token", description="Shown by the ledger under API.")


class Healthy(Connector):
    """Keeps every rule."""

    title = "Ledger"
    Settings = LedgerSettings
    on_unsure = "look"

    def __init__(self, settings: LedgerSettings, http: Http) -> None:
        self.token = settings.token.get_secret_value()
        self.api = http.at("https://ledger.test/", headers={"Authorization": f"Bearer {self.token}"})

    def check(self) -> None:
        self.ask("GET", "me")

    def deliver(self, call: Call, known: Known) -> Receipt | None:
        record = {"key": call.id, "status": call.status}
        if known.receipt:
            self.ask("PATCH", f"records/{known.receipt.record_id}", record)
            return None
        found = self.ask("GET", "records", key=call.id) if known.unsure else []
        made = found[0] if found else self.ask("POST", "records", record)
        return Receipt(record_id=str(made["id"]))

    def ask(self, method: str, path: str, body: object = None, key: str | None = None) -> Json:
        if method == "GET":
            return self.api.get(path, key=key)
        return self.api.post(path, body) if method == "POST" else self.api.patch(path, body)


class DrawsNoForm(Healthy):
    class Settings(LedgerSettings):
        colours: dict[str, str] = Field(default_factory=dict, title="Colours", description="Of each status.")


class Undeclared(Healthy):
    on_unsure = "perhaps"  # type: ignore[assignment]


class ShowsToken(Healthy):
    def __repr__(self) -> str:
        return f"ShowsToken({self.token})"


class LeaksToken(Healthy):
    def ask(self, method: str, path: str, body: object = None, key: str | None = None) -> Json:
        try:
            return super().ask(method, path, body, key)
        except Rejected as error:
            raise Rejected(f"{error.reason} The token was {self.token}.") from error


class LogsToken(Healthy):
    def ask(self, method: str, path: str, body: object = None, key: str | None = None) -> Json:
        log.debug("asking", extra={"headers": {"Authorization": self.token}})
        return super().ask(method, path, body, key)


class Swallows401(Healthy):
    def check(self) -> None:
        try:
            super().check()
        except Unauthorized:
            return

    def deliver(self, call: Call, known: Known) -> Receipt | None:
        try:
            return super().deliver(call, known)
        except Unauthorized:
            return None


class ForgetsThePause(Healthy):
    def ask(self, method: str, path: str, body: object = None, key: str | None = None) -> Json:
        try:
            return super().ask(method, path, body, key)
        except RateLimited as error:
            raise RateLimited(error.reason) from error


class RetriesRefusals(Healthy):
    def ask(self, method: str, path: str, body: object = None, key: str | None = None) -> Json:
        try:
            return super().ask(method, path, body, key)
        except Rejected as error:
            raise Retryable(error.reason) from error


class GivesUpOn500(Healthy):
    def ask(self, method: str, path: str, body: object = None, key: str | None = None) -> Json:
        try:
            return super().ask(method, path, body, key)
        except Retryable as error:
            raise (Rejected(error.reason) if "500" in error.reason else error) from None


class TrustsTimeouts(Healthy):
    def ask(self, method: str, path: str, body: object = None, key: str | None = None) -> Json:
        try:
            return super().ask(method, path, body, key)
        except Retryable as error:
            raise (Retryable(error.reason) if "did not answer" in error.reason else error) from None


class RetriesByItself(Healthy):
    def deliver(self, call: Call, known: Known) -> Receipt | None:
        try:
            return super().deliver(call, known)
        except ConnectorError:
            return super().deliver(call, replace(known, unsure=True))


class Sleeps(Healthy):
    def deliver(self, call: Call, known: Known) -> Receipt | None:
        time.sleep(0.0001)
        return super().deliver(call, known)


class DuplicatesWhenUnsure(Healthy):
    def deliver(self, call: Call, known: Known) -> Receipt | None:
        return super().deliver(call, replace(known, unsure=False))


class IgnoresKnown(Healthy):
    def deliver(self, call: Call, known: Known) -> Receipt | None:
        return super().deliver(call, replace(known, receipt=None))


class KeepsState(Healthy):
    def deliver(self, call: Call, known: Known) -> Receipt | None:
        self.last = call.status
        return super().deliver(call, known)

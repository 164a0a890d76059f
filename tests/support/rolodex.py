"""A system that knows names and opens popups: what the bridge asks of it is noted, what it answers is its settings."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from importlib.metadata import EntryPoint
from typing import ClassVar

from pydantic import Field

from connectors.kit import (
    Call,
    Connector,
    ConnectorSettings,
    Http,
    Known,
    Person,
    Policy,
    Receipt,
    Registry,
    Retryable,
)
from connectors.kit.registry import GROUP

closed = threading.Event()
"""Cleared, whoever asks waits until it is set."""
closed.set()


@contextmanager
def background(work):
    """Do this in a thread meanwhile, and wait for it at the end."""
    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield
        closed.set()
    finally:
        closed.set()
        thread.join()


class RolodexSettings(ConnectorSettings):
    names: list[str] = Field([], title="Names", description="Each as <phone>=<name>.")
    fails: str = Field("", title="Fault", description="The method that fails.")
    sent: bool = Field(False, title="Sent", description="Whether it may have been done when it fails.")


class Rolodex(Connector):
    title = "Rolodex"
    Settings = RolodexSettings
    policy = Policy.ALL
    on_unsure = "repeat"
    done: ClassVar[list[tuple[str, str]]] = []
    """(method, phone or status) of all that was asked of any of them."""

    def __init__(self, settings: RolodexSettings, http: Http) -> None:
        self._names = dict(entry.split("=", 1) for entry in settings.names)
        self._fails = settings.fails
        self._sent = settings.sent

    def check(self) -> None:
        self._do("check", "")

    def deliver(self, call: Call, known: Known) -> Receipt | None:
        self._do("deliver", call.status)
        return Receipt("R1", person=Person(record_id="P1"))

    def withdraw(self, call: Call, known: Known) -> None:
        self._do("withdraw", known.receipt.record_id if known.receipt else "")

    def find_caller(self, phone: str) -> Person | None:
        self._do("find_caller", phone)
        name = self._names.get(phone)
        return Person(name=name, record_id=f"id-{name}") if name is not None else None

    def _do(self, method: str, about: str) -> None:
        self.done.append((method, str(about)))
        closed.wait(20)
        if self._fails == method:
            raise Retryable("The rolodex is shut.", sent=self._sent)


def registry(*more: EntryPoint) -> Registry:
    """Knows the rolodex, the bookkeepers of the ledger, and the connectors whose machinery is tried with it."""
    entries = [("rolodex", "rolodex:Rolodex"), ("webhook", "connectors.webhook:Webhook")]
    entries += [("hubspot", "connectors.hubspot:Hubspot")]
    entries += [("bitrix24", "connectors.bitrix24.inbound:Bitrix24")]
    entries += [("bitrix24_app", "connectors.bitrix24.app:Bitrix24App")]
    entries += [(name.lower(), f"ledger:{name}") for name in ("Look", "Repeat", "Leave", "Steps")]
    return Registry([*(EntryPoint(name, value, GROUP) for name, value in entries), *more])

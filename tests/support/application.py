"""A portal with our application in it, at the moment of the sample call, connectors to it, and what they are told."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from bitrix24_portal import Portal

from connectors.bitrix24.app import Bitrix24App
from connectors.bitrix24.oauth import Application
from connectors.kit import Call, CallStatus, Http, Known, Receipt
from connectors.kit.testing import Notebook, Stand, Subject, sample_call

CLIENT_ID, CLIENT_SECRET = "local.c4nary.client", "c4nary-client-secret"
SETTINGS = {
    "portal": "acme.bitrix24.test",
    "client_id": CLIENT_ID,
    "client_secret": CLIENT_SECRET,
    "refresh_token": "refresh-c4nary-0001",
    "operators": ["5", "6"],
}
AUTHORISED = {
    "seed": Application(CLIENT_ID, CLIENT_SECRET, SETTINGS["refresh_token"]).seed,
    "access_token": "access-c4nary-0001",
    "refresh_token": "refresh-c4nary-0001",
}


class Clock:
    """Stands a minute after the sample call began."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 20, 14, 4, 12, tzinfo=UTC).timestamp()

    def __call__(self) -> float:
        return self.now


def portal() -> Portal:
    """Acme's, whose customer with the sample call's number is looked after by user 99."""
    made = Portal(clock=Clock(), client=(CLIENT_ID, CLIENT_SECRET))
    made.records.add("CONTACT", NAME="Zoë", ASSIGNED_BY_ID="99", phones=["+15551230042"])
    made.oauth.authorise()
    return made


def connector(to: Portal | Stand, memory: Notebook | None = None, **settings: object) -> Bitrix24App:
    """A connector that has been at work already, unless it is given a memory of its own."""
    made = Bitrix24App.Settings.model_validate({**SETTINGS, **settings})
    adapter = to if isinstance(to, Stand) else Stand(to)
    return Bitrix24App(made, Http(adapter=adapter), Notebook(AUTHORISED) if memory is None else memory)


def ring(acme: Portal, **settings: object) -> Known:
    """It rings; returns what is known from then on."""
    receipt = connector(acme, **settings).deliver(sample_call(CallStatus.RINGING), Known())
    return Known(receipt=receipt, told=CallStatus.RINGING)


def outcome(acme: Portal, status: CallStatus, known: Known | None = None, **settings: object) -> Receipt | None:
    return connector(acme, **settings).deliver(sample_call(status), known or Known())


def cards(acme: Portal) -> list[int]:
    """Who has a card open."""
    return sorted(user for _, user in acme.telephony.cards)


def from_phone(phone: str | None, status: CallStatus = CallStatus.MISSED) -> Call:
    """The sample call, from another number or from none."""
    call = sample_call(status)
    return replace(call, caller=replace(call.caller, phone=phone))


SECRETS = (CLIENT_SECRET, "refresh-c4nary", "access-c4nary")
SUBJECT = Subject(Bitrix24App, SETTINGS, portal, secrets=SECRETS, remembered=AUTHORISED)

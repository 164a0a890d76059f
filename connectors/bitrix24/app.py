"""Bitrix24 as an application: a call card while the phone rings, and the call in the portal's own telephony.

Source: https://apidocs.bitrix24.com/local-integrations/local-apps.html
Source: https://apidocs.bitrix24.com/api-reference/telephony/index.html
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from connectors.bitrix24 import app_findings, lookup, unnumbered
from connectors.bitrix24.app_settings import Bitrix24AppSettings
from connectors.bitrix24.cards import Card, Cards, NotLive, linked
from connectors.bitrix24.oauth import Application, GrantedRest
from connectors.bitrix24.progress import Progress
from connectors.bitrix24.rest import rate
from connectors.kit import (
    Call,
    CallStatus,
    Connector,
    ConnectorError,
    Finding,
    Http,
    Known,
    Memory,
    Person,
    Policy,
    Receipt,
    Retryable,
)

SEARCHABLE_AFTER = 10.0  # seconds; how soon the statistics show a call is not documented


class Bitrix24App(Connector):
    """One call is one card: registered while it rings, or with its outcome, and finished once and for all."""

    title = "Bitrix24 (call card, application)"
    Settings = Bitrix24AppSettings
    policy = Policy.ALL
    on_unsure = "look"
    requests = 3
    remembers = True

    def __init__(self, settings: Bitrix24AppSettings, http: Http, memory: Memory) -> None:
        application = Application(
            settings.client_id,
            settings.client_secret.get_secret_value(),
            settings.refresh_token.get_secret_value(),
            str(settings.oauth_server),
        )
        self._site = settings.portal
        self._operators = settings.operators
        self._codes = _codes(settings.dropped)
        self._rest = GrantedRest(http, f"{settings.portal}/rest/", application, memory)
        self._cards = Cards(self._rest, settings.line, create_lead=settings.create_lead)
        self.rate = rate(settings.host)

    def check(self) -> None:
        self._rest.call("profile")

    def findings(self, fix: bool) -> list[Finding]:  # noqa: ARG002, FBT001 - there is nothing that we could mend
        return app_findings.findings(self._rest, self._operators)

    def find_caller(self, phone: str) -> Person | None:
        return lookup.find(self._rest, self._site, phone)

    def deliver(self, call: Call, known: Known) -> Receipt | None:
        if call.caller.phone is None:
            unnumbered.notify(self._rest, call, known, self._operators)
            return None
        progress = Progress(known)
        if progress.part("booked"):  # the portal books a call once: neither a repeat nor a late outcome changes that
            return None
        try:
            if call.status is CallStatus.RINGING:
                self._ring(call, progress)
            else:
                self._book(call, progress)
        except ConnectorError as error:
            error.receipt = progress.receipt
            if isinstance(error, Retryable):
                error.look_after = SEARCHABLE_AFTER
            raise
        return progress.receipt

    def withdraw(self, call: Call, known: Known) -> None:
        """Close the card. The call stays registered and is not booked: who hears `ring` only is told no outcome."""
        if call.caller.phone is None:
            unnumbered.withdraw(self._rest, call)
        elif known.receipt and known.receipt.record_id:
            self._cards.hide(known.receipt.record_id, self._viewers(Progress(known)))

    def _ring(self, call: Call, progress: Progress) -> None:
        card = self._registered(call, progress)
        viewers = self._viewers(progress)
        progress.keep(shown=",".join(viewers))  # before they are: if the answer is lost, they have to be hidden
        self._cards.show(card.call_id, viewers)

    def _book(self, call: Call, progress: Progress) -> None:
        unsure, has_card = progress.known.unsure, progress.receipt.record_id is not None
        if unsure and not has_card and self._is_booked(call, progress):
            return
        card = self._registered(call, progress)
        if unsure or progress.part("shown"):
            self._cards.hide(card.call_id, self._viewers(progress))
        code = self._codes[call.status]
        try:
            row = self._cards.finish(card, code, call.label)
        except NotLive:  # the answer to an earlier finish was lost, or the portal has forgotten the call
            if self._is_booked(call, progress):
                return
            progress.receipt = replace(progress.receipt, record_id=None)
            row = self._cards.finish(self._registered(call, progress), code, call.label)
        self._keep_booked(row, progress)

    def _is_booked(self, call: Call, progress: Progress) -> bool:
        row = self._cards.booked(call.id)
        if row is None:
            return False
        self._keep_booked(row, progress)
        return True

    def _registered(self, call: Call, progress: Progress) -> Card:
        """The call's card. It is asked for with the same user each time: for another, the portal makes another."""
        user, call_id = progress.part("user"), progress.receipt.record_id
        if user and call_id:
            return Card(call_id, user)
        if progress.person is None:
            progress.belongs_to(self.find_caller(str(call.caller.phone)))
        first = user or _responsible(progress.person) or self._operators[0]
        progress.keep(user=first)
        others = [one for one in self._operators if one != first]
        card = self._cards.register(call, [first, *others], progress.person)
        progress.keep(user=card.user)
        self._keep_record(card.call_id, card.record, progress)
        return card

    def _keep_booked(self, row: Mapping[str, Any], progress: Progress) -> None:
        self._keep_record(str(row.get("CALL_ID") or "") or None, linked(row), progress)
        progress.keep(booked=str(row.get("ID") or "yes"))
        if activity := row.get("CRM_ACTIVITY_ID"):
            progress.keep(activity=str(activity))

    def _keep_record(self, call_id: str | None, record: tuple[str, str] | None, progress: Progress) -> None:
        made = progress.receipt
        url = lookup.record_url(self._site, *record) if record else made.url
        progress.receipt = replace(made, record_id=call_id or made.record_id, url=url)

    def _viewers(self, progress: Progress) -> list[str]:
        """Who has the card: whoever the call is booked for, and all operators, as long as nothing else was written."""
        if shown := progress.part("shown"):
            return shown.split(",")
        user = progress.part("user")
        return list(dict.fromkeys([*([user] if user else []), *self._operators]))


def _responsible(person: Person | None) -> str | None:
    return person.parts.get("responsible") if person else None


def _codes(dropped: str) -> dict[CallStatus, str]:
    """The portal's code for each outcome. It counts 304 as missed, and nothing else."""
    return {
        CallStatus.ANSWERED: "200",
        CallStatus.DROPPED: "603" if dropped == "declined" else "304",
        CallStatus.MISSED: "304",
        CallStatus.UNKNOWN: "304",  # nobody is known to have taken it
    }

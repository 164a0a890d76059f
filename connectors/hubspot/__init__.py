"""HubSpot: one call record for each call on the caller's contact, and tasks to call back.

A server cannot make a HubSpot screen pop; whoever must see that it rings is told by another connector.

Source: https://developers.hubspot.com/docs/api-reference/overview
"""

from __future__ import annotations

from dataclasses import replace
from hashlib import sha256

from connectors.hubspot.account import Account
from connectors.hubspot.contacts import JUST_FOUND, Contacts
from connectors.hubspot.inspection import Inspection
from connectors.hubspot.keeping import Keeper
from connectors.hubspot.owners import Owners
from connectors.hubspot.records import Records
from connectors.hubspot.refusals import classify
from connectors.hubspot.settings import HubspotSettings
from connectors.hubspot.tasks import Tasks
from connectors.hubspot.telling import Telling
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
    Rate,
    Receipt,
)

PER_SECOND, AT_ONCE = 8, 20  # never more than the 100 in 10 s of the smallest plan


class Hubspot(Connector):
    title = "HubSpot"
    Settings = HubspotSettings
    policy = Policy.RESULT  # HubSpot has nothing to show while it rings
    on_unsure = "repeat"  # by our unique properties; a portal that refuses them is looked through instead
    requests = 5
    remembers = True  # where the portal's records are opened

    def __init__(self, settings: HubspotSettings, http: Http, memory: Memory) -> None:
        token = settings.token.get_secret_value()
        # HubSpot counts for each key, and the key alone says which: the fingerprint does not give it away.
        fingerprint = sha256(token.encode()).hexdigest()[:12]
        api = http.at(str(settings.base_url), headers={"Authorization": f"Bearer {token}"}, classify=classify)
        records, self._account = Records(api), Account(api, memory, fingerprint)
        owners = Owners(self._account, settings.default_owner)
        keeper = Keeper(records, owners.default)
        self._contacts = Contacts(records, settings)
        self._tasks = Tasks(records, keeper, settings)
        self._telling = Telling(self._contacts, owners, keeper, self._tasks, settings.demanded("calls"))
        self._inspection = Inspection(self._account, settings)
        self._tells_ringing = settings.ring_task
        self.rate = Rate(f"hubspot-{fingerprint}", PER_SECOND, AT_ONCE)

    def check(self) -> None:
        self._inspection.prove()
        self._account.learn_page()

    def findings(self, fix: bool) -> list[Finding]:  # noqa: FBT001 - the contract's own signature
        return self._inspection.findings(fix=fix)

    def find_caller(self, phone: str) -> Person | None:
        person = self._contacts.find(phone)
        if person is None:
            return None
        page = self._account.page()
        parts = {**person.parts, JUST_FOUND: "yes"}
        return replace(person, url=page and f"{page}/record/0-1/{person.record_id}", parts=parts)

    def deliver(self, call: Call, known: Known) -> Receipt | None:
        ringing = call.status is CallStatus.RINGING
        if (ringing and not self._tells_ringing) or (known.told and known.told.rank > call.status.rank):
            return None
        made = known.receipt or Receipt()
        # Another call of theirs may have taught us more since: an error must not carry the older memory back.
        made = replace(made, person=known.person or made.person)
        try:
            for made in self._telling.steps(call, known, made):  # noqa: B007, B020 - the last one is the receipt
                pass
        except ConnectorError as error:
            error.receipt = made
            raise
        return made

    def withdraw(self, call: Call, known: Known) -> None:
        """The task of a phone that has stopped ringing is done."""
        self._tasks.closed(call, replace(known.receipt or Receipt(), person=known.person), unsure=known.unsure)

"""Who is calling: a contact found by its number, read again, or made if the settings say so.

Source: https://developers.hubspot.com/docs/api-reference/crm-contacts-v3/guide
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from connectors.hubspot.names import CONTACTS, OWNER, SEARCHABLE_AFTER
from connectors.hubspot.phones import closeness, national
from connectors.hubspot.records import KeyMissing, Properties, Record, Records, nobody
from connectors.hubspot.refusals import Taken
from connectors.hubspot.settings import HubspotSettings
from connectors.kit import Call, Caller, CallStatus, Person, Retryable

NUMBERS = ("phone", "mobilephone", "hs_whatsapp_phone_number", "hs_calculated_phone_number")
READ = ("firstname", "lastname", OWNER, *NUMBERS)
JUST_FOUND = "just_found"
"""The part of a person who was looked up while it rings: what was found is used once before it is read again."""
OF_THE_CONTACT = ("owner", JUST_FOUND)
"""The parts of a person that HubSpot knows; the others are ours to remember."""


class Contacts:
    """Finds and makes contacts. Every method raises ConnectorError."""

    def __init__(self, records: Records, settings: HubspotSettings) -> None:
        self._records = records
        self._country = settings.default_country
        self._creates = settings.create_contacts
        self._extra = settings.demanded("contacts")

    def of(self, caller: Caller, known: Person | None) -> Person:
        """The caller as HubSpot knows them now; without a record where it does not."""
        remembered = known or Person()
        ours = {name: value for name, value in remembered.parts.items() if name not in OF_THE_CONTACT}
        if caller.phone is None:  # a group or a hidden number: there is nothing to look for
            return Person(parts=ours)
        if JUST_FOUND in remembered.parts:
            parts = {name: value for name, value in remembered.parts.items() if name != JUST_FOUND}
            return replace(remembered, parts=parts)
        found = self._again(remembered.record_id) or self.find(caller.phone)
        if found is None:
            return Person(parts=ours)
        url = remembered.url if found.record_id == remembered.record_id else None
        return Person(found.name, found.record_id, url, {**ours, **found.parts})

    def find(self, phone: str) -> Person | None:
        """The contact with this number; of several, the one that was changed last."""
        digits = national(phone)
        search: list[Mapping[str, str | list[str]]] = [
            *({name: phone} for name in NUMBERS[:3]),
            {"hs_searchable_calculated_phone_number": digits},
            {"hs_searchable_calculated_mobile_number": digits},
        ]
        # Found by the digits without their country, so that others are among them.
        found = self._records.search(CONTACTS, search, READ)
        close = [max(closeness(one.properties.get(name), phone, self._country) for name in NUMBERS) for one in found]
        best = max(close, default=0)
        return _person(found[close.index(best)]) if best else None

    def is_to_be_made(self, call: Call, person: Person) -> bool:
        """Whether the settings want a contact for this caller, who has none."""
        if person.record_id is not None or call.caller.phone is None or call.status is CallStatus.RINGING:
            return False
        unanswered = call.status in (CallStatus.MISSED, CallStatus.DROPPED)
        return self._creates == "always" or (self._creates == "missed" and unanswered)

    def made(self, caller: Caller, phone: str) -> Person:
        """The one contact of this caller, made unless it was made before. Two makers at once make one."""
        digits = phone.removeprefix("+")
        properties: Properties = {
            **self._extra,
            "firstname": caller.name,  # a contact without a name is refused
            "phone": phone,
            "hs_whatsapp_phone_number": phone,
        }
        try:
            # Read first: an upsert would write over the name that somebody has corrected since.
            there = self._records.read(CONTACTS, digits, READ, by_key=True)
            if there is None:
                return Person(caller.name, self._records.upsert(CONTACTS, digits, properties, nobody))
            return _person(there)
        except KeyMissing:
            return Person(caller.name, self._created(properties))

    def _again(self, record_id: str | None) -> Person | None:
        """Read, not remembered: owners change, and contacts are merged and deleted."""
        found = self._records.read(CONTACTS, record_id, READ) if record_id else None
        return _person(found) if found else None

    def _created(self, properties: Properties) -> str:
        try:
            return self._records.create(CONTACTS, properties, None, nobody)
        except Taken as taken:
            if taken.record_id is None:
                raise
            return taken.record_id
        except Retryable as error:
            error.look_after = SEARCHABLE_AFTER  # nothing but a search finds a contact without a key
            raise


def _person(record: Record) -> Person:
    names = (record.properties.get("firstname"), record.properties.get("lastname"))
    owner = record.properties.get(OWNER)
    return Person(
        name=" ".join(filter(None, names)) or None,
        record_id=record.id,
        parts={"owner": owner} if owner else {},
    )

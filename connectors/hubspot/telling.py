"""What is done in HubSpot about one call, step by step; each step hands on what has been made by then."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from connectors.hubspot import wording
from connectors.hubspot.contacts import Contacts
from connectors.hubspot.keeping import Keeper, Wanted
from connectors.hubspot.names import CALLS
from connectors.hubspot.owners import Owners
from connectors.hubspot.refusals import InvalidProperties
from connectors.hubspot.tasks import Tasks
from connectors.kit import Call, CallStatus, Known, Person, Receipt


class Telling:
    """Tells a portal of calls. Every step raises ConnectorError."""

    def __init__(self, contacts: Contacts, owners: Owners, keeper: Keeper, tasks: Tasks, extra: dict[str, str]) -> None:
        self._contacts = contacts
        self._owners = owners
        self._keeper = keeper
        self._tasks = tasks
        self._extra = extra

    def steps(self, call: Call, known: Known, made: Receipt) -> Iterator[Receipt]:
        """Yields the receipt whenever something has been made; the last one is that of the whole."""
        made = replace(made, person=self._contacts.of(call.caller, known.person or made.person))
        yield made
        made, refusal = self._with_contact(call, made)
        yield made
        person = made.person or Person()
        owner = person.parts.get("owner") or self._owners.default()
        if call.status is CallStatus.RINGING:
            yield (yield from self._tasks.ring(call, owner, made, unsure=known.unsure))
            return
        made = self._recorded(call, owner, made, unsure=known.unsure)
        yield made
        made = self._keeper.linked(CALLS, made.record_id or "", made)
        yield made
        yield (yield from self._tasks.follow(call, owner, made, unsure=known.unsure))
        if refusal:  # the call is recorded all the same; that its contact is missing must be seen
            raise refusal

    def _with_contact(self, call: Call, made: Receipt) -> tuple[Receipt, InvalidProperties | None]:
        person, phone = made.person or Person(), call.caller.phone
        if phone is None or not self._contacts.is_to_be_made(call, person):
            return made, None
        try:
            new = self._contacts.made(call.caller, phone)
        except InvalidProperties as refusal:
            return made, refusal
        return replace(made, person=replace(new, parts={**person.parts, **new.parts})), None

    def _recorded(self, call: Call, owner: str | None, made: Receipt, *, unsure: bool) -> Receipt:
        wanted = Wanted(
            CALLS,
            key=call.id,
            mark=call.id,
            properties={**self._extra, **wording.call_record(call, owner)},
            found_by=[{CALLS.plain: call.id}],
        )
        record_id, made = self._keeper.keep(wanted, made.record_id, made, unsure=unsure)
        return replace(made, record_id=record_id, url=_beside(made.person, record_id))


def _beside(person: Person | None, record_id: str) -> str | None:
    """Where people open the call, if it is known where they open its contact."""
    page, found, _ = (person.url or "" if person else "").partition("/record/")
    return f"{page}/record/0-48/{record_id}" if found else None

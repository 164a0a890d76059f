"""One record for each call, however often it is told: by a key of ours where the portal takes keys, else by looking."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from connectors.hubspot.names import SEARCHABLE_AFTER, Kind
from connectors.hubspot.records import KeyMissing, Properties, Records, SpareOwner
from connectors.kit import Receipt, Retryable

KEYLESS = "keyless"
"""The part of a receipt that says: this portal takes no keys, and this call's records are known by their ids."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A record that is to say `properties`: `key` is ours, `mark` is what `kind.plain` holds where there are no keys.

    `found_by` are groups of a search that finds it where no contact leads to it.
    """

    kind: Kind
    key: str
    mark: str
    properties: Properties
    found_by: Sequence[Mapping[str, str | list[str]]]


class Keeper:
    """Every method raises ConnectorError."""

    def __init__(self, records: Records, spare_owner: SpareOwner) -> None:
        self._records = records
        self._spare_owner = spare_owner

    def keep(self, wanted: Wanted, record_id: str | None, made: Receipt, *, unsure: bool) -> tuple[str, Receipt]:
        """The id of this call's record, made or changed, and the receipt, which says whether it has a key.

        `record_id` is what the receipt calls it; `unsure`, whether there may be one that no receipt tells of.
        """
        if KEYLESS not in made.parts:
            try:
                key = self._records.upsert(wanted.kind, wanted.key, wanted.properties, self._spare_owner)
            except KeyMissing:
                made = replace(made, parts={**made.parts, KEYLESS: "yes"})
            else:
                return key, made
        contact = made.person.record_id if made.person else None
        try:
            return self._kept_without_key(wanted, record_id, contact, unsure=unsure), made
        except Retryable as error:
            error.look_after = SEARCHABLE_AFTER
            raise

    def found(self, wanted: Wanted, contact: str | None) -> str | None:
        """The id of the record that carries this mark instead of a key."""
        kind = wanted.kind
        if contact:  # what was made for a contact was linked in the same step, and links are seen at once
            there = self._records.linked(kind, contact)
        else:
            there = self._records.search(kind, wanted.found_by, [kind.plain])
        return next((one.id for one in there if _carries(one.properties.get(kind.plain, ""), wanted.mark)), None)

    def linked(self, kind: Kind, record_id: str, made: Receipt) -> Receipt:
        """Show a record on its contact's timeline, unless the receipt says that it is there."""
        contact = made.person.record_id if made.person else None
        part = f"{kind.name}_of"
        if contact is None or made.parts.get(part) == contact:
            return made
        self._records.link(kind, record_id, contact)
        return replace(made, parts={**made.parts, part: contact})

    def _kept_without_key(self, wanted: Wanted, record_id: str | None, contact: str | None, *, unsure: bool) -> str:
        record_id = record_id or (self.found(wanted, contact) if unsure else None)
        if record_id and self._records.change(wanted.kind, record_id, wanted.properties, self._spare_owner):
            return record_id
        marked = {wanted.kind.plain: wanted.mark, **wanted.properties}
        return self._records.create(wanted.kind, marked, contact, self._spare_owner)


def _carries(text: str, mark: str) -> bool:
    """Whether a property is this mark, or holds it in its brackets."""
    return text == mark or (mark.startswith("[") and mark in text)

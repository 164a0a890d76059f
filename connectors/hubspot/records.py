"""Records of a HubSpot portal: contacts, calls and tasks, read, written and linked.

Source: https://developers.hubspot.com/docs/api-reference/overview
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import quote

from connectors.hubspot.names import OWNER, VERSION, Kind
from connectors.hubspot.refusals import InvalidProperties, NotThere, Taken, refused
from connectors.kit import Api, Retryable

OBJECTS = f"crm/objects/{VERSION}"

Json = Any  # HubSpot's answers, until what is needed has been read
Properties = dict[str, str]
Made = TypeVar("Made")
SpareOwner = Callable[[], str | None]
"""Who owns a record whose owner the portal refuses."""

# The next attempt reads the contact, finds it gone, and looks for another.
CONTACT_GONE = "The contact was deleted or merged in HubSpot while the call was written."

# What a record is complete without, should a portal lack the property or hide the option.
_OPTIONAL = frozenset(
    {OWNER, "hs_call_status", "hs_call_disposition", "hs_task_priority", "hs_task_type", "hs_whatsapp_phone_number"}
)


@dataclass(frozen=True, slots=True)
class Record:
    """One record: its id, and those of its properties that were asked for and are set."""

    id: str
    properties: Mapping[str, str]


def nobody() -> None:
    """There is no spare owner."""


class KeyMissing(Exception):
    """The portal has no unique property of ours for this kind of record."""


class Records:
    """Reads and writes records. Every method raises ConnectorError."""

    def __init__(self, api: Api) -> None:
        self._api = api

    def search(
        self, kind: Kind, groups: Sequence[Mapping[str, str | list[str]]], properties: Sequence[str]
    ) -> list[Record]:
        """The latest changed records that fit any of the groups; what was just written is found seconds later."""
        filters = [{"filters": [_filter(name, value) for name, value in group.items()]} for group in groups]
        latest = "lastmodifieddate" if kind.name == "contacts" else "hs_lastmodifieddate"
        body = {
            "filterGroups": filters,
            "properties": list(properties),
            "sorts": [{"propertyName": latest, "direction": "DESCENDING"}],
            "limit": 10,
        }
        return _records(self._api.post(f"{OBJECTS}/{kind.name}/search", body))

    def read(self, kind: Kind, record_id: str, properties: Sequence[str], *, by_key: bool = False) -> Record | None:
        """One record by its id or our key, as it is now. Raises KeyMissing."""
        by = kind.key if by_key else None
        try:
            return _record(
                self._api.get(
                    f"{OBJECTS}/{kind.name}/{quote(record_id, safe='')}", properties=",".join(properties), idProperty=by
                )
            )
        except NotThere:
            return None
        except InvalidProperties as refusal:
            raise _lack_of_key(kind, refusal) from refusal

    def linked(self, kind: Kind, contact: str) -> list[Record]:
        """The latest calls or tasks of a contact with the property `kind.plain`; no index stands in between."""
        inputs = {"inputs": [{"id": contact}]}
        found = self._api.post(f"crm/associations/{VERSION}/contacts/{kind.name}/batch/read", inputs) or {}
        ids = [str(to["toObjectId"]) for result in found.get("results", []) for to in result.get("to", [])]
        if not ids:
            return []
        latest = sorted(ids, key=lambda one: (len(one), one))[-100:]
        body = {"inputs": [{"id": one} for one in latest], "properties": [kind.plain]}
        return _records(self._api.post(f"{OBJECTS}/{kind.name}/batch/read", body))

    def upsert(self, kind: Kind, key: str, properties: Properties, spare_owner: SpareOwner) -> str:
        """The id of the one record that has our key, made or changed. Repeating it changes nothing.

        Raises KeyMissing.
        """
        keyed = {**properties, kind.key: key}
        try:
            return _bare_if_refused(keyed, spare_owner, lambda sent: self._upsert(kind, key, sent))
        except Taken:
            there = self.read(kind, key, [], by_key=True)
            if there is None:
                raise
        self.change(kind, there.id, properties, spare_owner)
        return there.id

    def create(self, kind: Kind, properties: Properties, contact: str | None, spare_owner: SpareOwner) -> str:
        """The id of a new record, linked in the same step: without a key, the link is how it is found again."""
        kinds = [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": kind.to_contact}]
        links = [{"to": {"id": contact}, "types": kinds}] if contact else []

        def send(sent: Properties) -> str:
            body = {"properties": sent, "associations": links}
            try:
                return _record(self._api.post(f"{OBJECTS}/{kind.name}", body)).id
            except NotThere as error:
                raise Retryable(CONTACT_GONE) from error
            except InvalidProperties as refusal:
                raise _of_kind(kind, refusal) from refusal

        return _bare_if_refused(properties, spare_owner, send)

    def change(
        self, kind: Kind, record: str, properties: Properties, spare_owner: SpareOwner = nobody, *, by_key: bool = False
    ) -> bool:
        """Change the record of this id, or of our key; False if there is none. Raises KeyMissing."""
        by = kind.key if by_key else None

        def send(sent: Properties) -> bool:
            try:
                self._api.patch(f"{OBJECTS}/{kind.name}/{quote(record, safe='')}", {"properties": sent}, idProperty=by)
            except NotThere:
                return False
            except InvalidProperties as refusal:
                raise _lack_of_key(kind, refusal) from refusal
            return True

        return _bare_if_refused(properties, spare_owner, send)

    def link(self, kind: Kind, record_id: str, contact: str) -> None:
        """Show the record on the contact's timeline. Repeating it changes nothing."""
        try:
            self._api.put(f"{OBJECTS}/{kind.name}/{record_id}/associations/default/contacts/{contact}")
        except NotThere as error:
            raise Retryable(CONTACT_GONE) from error

    def _upsert(self, kind: Kind, key: str, properties: Properties) -> str:
        body = {"inputs": [{"id": key, "idProperty": kind.key, "properties": properties}]}
        try:
            answer = self._api.post(f"{OBJECTS}/{kind.name}/batch/upsert", body) or {}
            made = _records(answer)
            if not made:  # a 2xx of a batch is no success by itself
                raise refused({"errors": answer.get("errors")})
        except InvalidProperties as refusal:
            raise _lack_of_key(kind, refusal) from refusal
        return made[0].id


def _bare_if_refused(properties: Properties, spare_owner: SpareOwner, send: Callable[[Properties], Made]) -> Made:
    """Send, and once more without what the portal refuses, if the record says the same without it.

    An owner whom it refuses (a deactivated user) first gives way to the spare one.
    """
    for spare in (spare_owner, nobody):
        try:
            return send(properties)
        except InvalidProperties as refusal:
            bare = _without(properties, refusal.names, spare)
            if bare == properties:
                raise
            properties = bare
    return send(properties)


def _without(properties: Properties, refused_names: frozenset[str], spare_owner: SpareOwner) -> Properties:
    bare = {name: value for name, value in properties.items() if name not in _OPTIONAL & refused_names}
    if OWNER in properties and OWNER not in bare:
        spare = spare_owner()
        if spare and spare != properties[OWNER]:
            bare[OWNER] = spare
    return bare


def _lack_of_key(kind: Kind, refusal: InvalidProperties) -> Exception:
    return KeyMissing(kind.key) if kind.key in refusal.names else _of_kind(kind, refusal)


def _of_kind(kind: Kind, refusal: InvalidProperties) -> InvalidProperties:
    """The refusal with its properties as the settings name them: those of a task are not those of a call."""
    named = ", ".join(f"{kind.name}.{name}" for name in sorted(refusal.names))
    return InvalidProperties(f"{refusal} There it is {named}." if named else str(refusal), refusal.names)


def _filter(name: str, value: str | list[str]) -> Json:
    if isinstance(value, str):
        return {"propertyName": name, "operator": "EQ", "value": value}
    return {"propertyName": name, "operator": "IN", "values": value}


def _record(found: Json) -> Record:
    set_ones = {name: str(value) for name, value in (found.get("properties") or {}).items() if value is not None}
    return Record(str(found["id"]), set_ones)


def _records(answer: Json) -> list[Record]:
    return [_record(found) for found in (answer or {}).get("results") or []]

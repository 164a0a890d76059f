"""The endpoints for contacts, calls and tasks, and for what ties them together.

Source: https://developers.hubspot.com/docs/api-reference/crm-objects-v3/guide
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from connectors.kit.testing import Reply
from hubspot_portal.definitions import CONTACT_ASSOCIATION, OWN, REQUIRED, Definition
from hubspot_portal.records import Properties, Record
from hubspot_portal.refusals import (
    Refused,
    contact_exists,
    envelope,
    incomplete,
    invalid,
    not_found,
    unreadable,
    value_taken,
)
from hubspot_portal.search import search
from hubspot_portal.state import Asked, State
from hubspot_portal.values import Bad, iso, judged, kept

BATCH = 100
BATCH_OF_ASSOCIATIONS = 1000
_NAMES = ("firstname", "lastname", "email")
WRITE_FIELDS = {"properties", "associations", "objectWriteTraceId"}


def create(state: State, asked: Asked) -> Reply:
    """One new record, perhaps with its associations."""
    kind, body = asked.path["kind"], asked.body
    _only(body, WRITE_FIELDS)
    properties = _judged(state, kind, body.get("properties"))
    _complete(state, kind, properties)
    _unique(state, kind, properties, None)
    others = [_associated(state, kind, one) for one in body.get("associations") or []]
    record = state.records.add(kind, properties)
    for other in others:
        state.records.associate(record, other)
    return Reply(201, record.shown(list(record.properties)))


def read(state: State, asked: Asked) -> Reply:
    """One record, by its id or by a unique property."""
    kind, names = asked.path["kind"], asked.query.get("properties")
    record = _addressed(state, asked)
    _known(state, kind, (names or "").split(",") if names else [])
    shown = record.shown(names.split(",") if names else None)
    tied = {
        other: {"results": [{"id": one, "type": f"{kind[:-1]}_to_{other[:-1]}"} for one in found]}
        for other in filter(None, asked.query.get("associations", "").split(","))
        if (found := state.records.associated(record, other))
    }
    return Reply(200, {**shown, **({"associations": tied} if tied else {})})


def listed(state: State, asked: Asked) -> Reply:
    """The first records of a kind."""
    names = asked.query.get("properties", "")
    _known(state, asked.path["kind"], names.split(",") if names else [])
    shown = [one.shown(names.split(",") if names else None) for one in state.records.of(asked.path["kind"])]
    return Reply(200, {"results": shown[: int(asked.query.get("limit", "10"))]})


def update(state: State, asked: Asked) -> Reply:
    """Change what is sent of one record, and nothing else."""
    kind = asked.path["kind"]
    record = _addressed(state, asked)
    _only(asked.body, {"properties", "objectWriteTraceId"})
    if not asked.body.get("properties"):
        raise unreadable("No properties found to update, please provide at least one.")
    properties = _judged(state, kind, asked.body["properties"])
    _unique(state, kind, properties, record)
    cleared = [name for name in REQUIRED[kind] if properties.get(name) == ""]
    if cleared:
        raise incomplete(kind, cleared, f"{cleared} cleared")
    state.records.change(record, properties)
    return Reply(200, record.shown(list(record.properties)))


def archive(state: State, asked: Asked) -> Reply:
    """Put one record into the bin. What is there already stays there."""
    record = state.records.get(asked.path["kind"], asked.path["id"])
    if record is not None and not record.archived:
        state.records.archive(record)
    return Reply(204)


def found(state: State, asked: Asked) -> Reply:
    """What a search sees."""
    kind = asked.path["kind"]
    return search(state.records, kind, state.properties[kind], asked.body)


def batch_read(state: State, asked: Asked) -> Reply:
    """Many records by their ids, or by a unique property; those that are not there are errors inside a 2xx."""
    kind, body = asked.path["kind"], asked.body
    _only(body, {"inputs", "properties", "idProperty", "propertiesWithHistory"})
    inputs, names = _inputs(body, BATCH), body.get("properties") or []
    _known(state, kind, names)
    by = body.get("idProperty")
    records = [_by_property(state, kind, by, one["id"]) if by else state.records.get(kind, one["id"]) for one in inputs]
    shown = [one.shown(names or None) for one in records if one is not None and not one.archived]
    missing = [str(one["id"]) for one, it in zip(inputs, records, strict=True) if it is None or it.archived]
    return _batch(
        state, shown, [_error("OBJECT_NOT_FOUND", f"Could not get some {kind} objects", missing)] if missing else []
    )


def batch_upsert(state: State, asked: Asked) -> Reply:
    """Make or change each record by a unique property."""
    kind, body = asked.path["kind"], asked.body
    _only(body, {"inputs"})
    inputs = _inputs(body, BATCH)
    keys = [(one.get("idProperty"), str(one["id"]).lower()) for one in inputs]
    if len(set(keys)) < len(keys):
        raise unreadable("Duplicate ids found in batch input.")
    results, errors = [], []
    for one in inputs:
        _only(one, {"id", "idProperty", "properties", "objectWriteTraceId"})
        try:
            results.append(_upserted(state, kind, one))
        except Refused as refused:
            # The type of the answer has room for errors beside results; when HubSpot uses it is not documented.
            if not state.partial or refused.wrong:
                raise
            said: dict[str, Any] = refused.reply.body  # type: ignore[assignment]
            errors.append(_error(said["category"], said["message"], [str(one["id"])]))
    return _batch(state, results, errors)


def _upserted(state: State, kind: str, one: dict[str, Any]) -> dict[str, object]:
    by, key = one.get("idProperty"), str(one["id"])
    if not by:
        raise unreadable("idProperty is required: records are upserted by a unique property")  # by record id: guessed
    record = _by_property(state, kind, by, key)
    properties = _judged(state, kind, one.get("properties"))
    if properties.setdefault(by, key) != key:
        raise unreadable(f"{by} is {properties[by]} in the properties and {key} in the id")  # guessed
    new = record is None
    if record is None:
        _complete(state, kind, properties)
        _unique(state, kind, properties, None)
        record = state.records.add(kind, properties)
    else:
        _unique(state, kind, properties, record)
        state.records.change(record, properties)
    return {**record.shown(list(record.properties)), "new": new}


def associate(state: State, asked: Asked) -> Reply:
    """Tie two records by the default type of their kinds."""
    path = asked.path
    one, other = _there(state, path["kind"], path["id"]), _there(state, path["to"], path["to_id"])
    state.records.associate(one, other)
    type_id = CONTACT_ASSOCIATION.get(path["kind"]) or CONTACT_ASSOCIATION.get(path["to"], 0) - 1
    spec = {"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": type_id}
    result = {"from": {"id": one.id}, "to": {"id": other.id}, "associationSpec": spec}
    return _batch(state, [result], [])


def associations(state: State, asked: Asked) -> Reply:
    """What many records are tied to."""
    kind, to = asked.path["kind"], asked.path["to"]
    _only(asked.body, {"inputs"})
    results, missing = [], []
    for one in _inputs(asked.body, BATCH_OF_ASSOCIATIONS):
        record = state.records.get(kind, str(one["id"]))
        tied = state.records.associated(record, to) if record else []
        types = [{"category": "HUBSPOT_DEFINED", "typeId": 0, "label": None}]
        ties = [{"toObjectId": int(it), "associationTypes": types} for it in tied]
        if ties:
            results.append({"from": {"id": str(one["id"])}, "to": ties})
        else:
            missing.append(str(one["id"]))
    # One that is tied to nothing is an error inside a 2xx: the words are guessed.
    return _batch(state, results, [_error("OBJECT_NOT_FOUND", f"No {to} is associated", missing)] if missing else [])


def _only(body: dict[str, Any], names: set[str]) -> None:
    if body.keys() - names:
        raise unreadable(f"Invalid input JSON: unknown fields {sorted(body.keys() - names)}")


def _inputs(body: dict[str, Any], most: int) -> list[dict[str, Any]]:
    inputs = body.get("inputs")
    if inputs is None:
        raise unreadable("Invalid input JSON on line 1, column 2. Some required fields were not set: [inputs]")
    if not inputs:
        raise unreadable("Batch input provided should have at least one object.")
    if len(inputs) > most or not all(isinstance(one.get("id"), str) for one in inputs):
        raise unreadable(f"Invalid input JSON: up to {most} inputs, each with an id that is a string")
    return list(inputs)


def _known(state: State, kind: str, names: list[str]) -> None:
    # To ask for a property that is not there is answered without it; a client that does so has misspelt it.
    unknown = [name for name in names if name not in state.properties[kind] and name != OWN[kind]]
    if unknown:
        raise unreadable(f"Properties {unknown} of {kind} do not exist")


def _judged(state: State, kind: str, properties: Any) -> Properties:
    if not isinstance(properties, dict):
        raise unreadable("Invalid input JSON on line 1, column 2. Some required fields were not set: [properties]")
    taken: Properties = {}
    problems: list[dict[str, object]] = []
    wrong: list[str] = []
    for name, value in properties.items():
        try:
            taken[name] = _taken(state, kind, name, value)
        except Bad as bad:
            problems.append(judged(name, bad))
            wrong += [f"{name}: {bad.message}"] if bad.wrong else []
    if problems:
        raise invalid(problems, "; ".join(wrong) or None)
    return taken


def _taken(state: State, kind: str, name: str, value: object) -> str:
    definition: Definition | None = state.properties[kind].get(name)
    if definition is None:
        # Our own may be missing: a client may find that out by this answer.
        raise Bad("PROPERTY_DOESNT_EXIST", f'Property "{name}" does not exist', wrong=name != OWN[kind])
    return kept(definition, value, state.owners, validates_phones=state.validates_phones)


def _complete(state: State, kind: str, properties: Properties) -> None:
    missing = [name for name in REQUIRED[kind] if not properties.get(name)]
    if missing:
        raise incomplete(kind, missing, f"{kind} without {missing}")
    if kind == "contacts" and not any(properties.get(name) for name in _NAMES):
        # Documented as the least there must be; that it is a 400 is guessed.
        raise incomplete(kind, list(_NAMES), "a contact without a name")
    demanded = [name for name in sorted(state.required.get(kind, ())) if not properties.get(name)]
    if demanded:  # the administrator's rules, which hold from version 2026-09 on
        raise incomplete(kind, demanded, None)


def _unique(state: State, kind: str, properties: Properties, own: Record | None) -> None:
    for name, value in properties.items():
        held = state.records.having(kind, name, value) if value and state.properties[kind][name].unique else None
        if held is not None and held is not own:
            raise contact_exists(held.id) if name == "email" else value_taken(name, held.id)


def _by_property(state: State, kind: str, name: str, value: str) -> Record | None:
    definition = state.properties[kind].get(name)
    if definition is None or not definition.unique:
        # Our own may be missing, or not unique. The words are guessed.
        message = f"The property {name} does not exist or does not have unique values"
        wrong = None if name == OWN[kind] else message
        raise Refused(Reply(400, envelope(message, "VALIDATION_ERROR")), wrong)
    return state.records.having(kind, name, value)


def _addressed(state: State, asked: Asked) -> Record:
    kind, record_id, by = asked.path["kind"], asked.path["id"], asked.query.get("idProperty")
    if not by:
        return _there(state, kind, record_id)
    record = _by_property(state, kind, by, record_id)
    if record is None:
        raise not_found(record_id)
    return record


def _there(state: State, kind: str, record_id: str) -> Record:
    record = state.records.get(kind, record_id)
    if record is None:
        raise not_found(record_id, f"{kind} {record_id}, which never was")
    if record.archived:
        raise not_found(record_id)
    return record


def _associated(state: State, kind: str, one: dict[str, Any]) -> Record:
    """The record at the other end of an association that comes with a create."""
    types = [(it.get("associationCategory"), it.get("associationTypeId")) for it in one.get("types", [])]
    record = state.records.get("contacts", str(one.get("to", {}).get("id")))
    if types != [("HUBSPOT_DEFINED", CONTACT_ASSOCIATION.get(kind))] or record is None:
        wrong = f"an association of {kind} like {one}"
        raise Refused(Reply(400, envelope("one or more associations are not valid", "VALIDATION_ERROR")), wrong)
    if record.archived:
        raise Refused(Reply(400, envelope("one or more associations are not valid", "VALIDATION_ERROR")))
    return record


def _error(category: str, message: str, ids: list[str]) -> dict[str, Any]:
    return {"status": "error", "category": category, "message": message, "context": {"ids": ids}}


def _batch(state: State, results: list[dict[str, object]], errors: list[dict[str, Any]]) -> Reply:
    at = iso(state.clock())
    trouble = {"numErrors": len(errors), "errors": errors} if errors else {}
    return Reply(200, {"status": "COMPLETE", "results": results, "startedAt": at, "completedAt": at, **trouble})


Endpoint = Callable[[State, Asked], Reply]

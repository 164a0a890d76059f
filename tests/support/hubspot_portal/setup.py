"""The endpoints for properties, owners, the account and the token.

Sources: https://developers.hubspot.com/docs/api-reference/crm-properties-v3/guide
https://developers.hubspot.com/docs/api-reference/crm-crm-owners-v3/guide
"""

from __future__ import annotations

import re

from connectors.kit.testing import Reply
from hubspot_portal.definitions import Definition
from hubspot_portal.refusals import Refused, envelope, not_found, page, unreadable
from hubspot_portal.state import Asked, State
from hubspot_portal.values import iso

PORTAL_ID = 48120375
UNIQUE_PER_KIND = 10
_NEEDED = {"name", "label", "groupName", "type", "fieldType"}
_TAKEN = {*_NEEDED, "hasUniqueValue", "description", "options", "hidden", "displayOrder", "formField"}
_NAMES = {"501": ("Ann", "Baker"), "502": ("Bo", "Chen"), "509": ("Cleo", "Dunn")}


def properties(state: State, asked: Asked) -> Reply:
    return Reply(200, {"results": [one.shown() for one in state.properties[asked.path["kind"]].values()]})


def one_property(state: State, asked: Asked) -> Reply:
    definition = state.properties[asked.path["kind"]].get(asked.path["name"])
    if definition is None:
        raise Refused(Reply(404, envelope(f"Property {asked.path['name']} does not exist", "OBJECT_NOT_FOUND")))
    return Reply(200, definition.shown())


def new_property(state: State, asked: Asked) -> Reply:
    """Add a property; one that is there is a conflict, which is fine."""
    kind, body = asked.path["kind"], asked.body
    missing, unknown = sorted(_NEEDED - body.keys()), sorted(body.keys() - _TAKEN)
    if missing or unknown:
        raise unreadable(f"Invalid input JSON. Required fields were not set: {missing}; unknown fields: {unknown}")
    if body["name"] in state.properties[kind]:
        raise Refused(Reply(409, envelope(f"Property named '{body['name']}' already exists", "OBJECT_ALREADY_EXISTS")))
    if not re.fullmatch(r"[a-z][a-z0-9_]{0,99}", body["name"]) or body["groupName"] not in state.groups[kind]:
        raise unreadable(f"The name {body['name']} or the group {body['groupName']} is not valid")
    unique = body.get("hasUniqueValue", False)
    if unique and body["type"] not in ("string", "number"):
        raise unreadable("Unique properties are strings or numbers")
    if unique and kind != "contacts" and not state.unique_activities:
        # Not documented for activities; where a portal does not take it, the words are guessed.
        message = f"hasUniqueValue is not supported for {kind}"
        raise Refused(Reply(400, envelope(message, "VALIDATION_ERROR")))
    if unique and sum(one.unique for one in state.properties[kind].values()) >= UNIQUE_PER_KIND:
        raise unreadable(f"{kind} have {UNIQUE_PER_KIND} unique properties already")
    made = Definition(
        body["name"], body["type"], body["fieldType"], group=body["groupName"], label=body["label"],
        description=body.get("description", ""), unique=unique,
    )  # fmt: skip
    state.properties[kind][made.name] = made
    return Reply(201, made.shown())


def groups(state: State, asked: Asked) -> Reply:
    shown = [
        {"name": one, "label": one, "displayOrder": -1, "archived": False} for one in state.groups[asked.path["kind"]]
    ]
    return Reply(200, {"results": shown})


def new_group(state: State, asked: Asked) -> Reply:
    name = asked.body.get("name")
    if not name or not asked.body.get("label"):
        raise unreadable("Invalid input JSON. Some required fields were not set: [name, label]")
    if name in state.groups[asked.path["kind"]]:
        raise Refused(Reply(409, envelope(f"Group named '{name}' already exists", "OBJECT_ALREADY_EXISTS")))
    state.groups[asked.path["kind"]].append(name)
    return Reply(201, {"name": name, "label": asked.body["label"], "displayOrder": -1, "archived": False})


def owners(state: State, asked: Asked) -> Reply:
    """The active ones, unless the others are asked for; narrowed by e-mail address."""
    limit = int(asked.query.get("limit", "100"))
    if not 0 < limit <= 500:
        raise unreadable(f"limit {limit} is not between 1 and 500")
    archived = asked.query.get("archived") == "true"
    shown = [_owner(state, one) for one, active in state.owners.items() if active != archived]
    email = asked.query.get("email")
    return Reply(200, {"results": [one for one in shown if email is None or one["email"] == email.lower()][:limit]})


def one_owner(state: State, asked: Asked) -> Reply:
    owner_id, archived = asked.path["id"], asked.query.get("archived") == "true"
    if state.owners.get(owner_id) is not (not archived):
        raise not_found(owner_id)
    return Reply(200, _owner(state, owner_id))


def _owner(state: State, owner_id: str) -> dict[str, object]:
    first, last = _NAMES.get(owner_id, ("Owner", owner_id))
    user_id, active = 9000 + int(owner_id), state.owners[owner_id]
    return {
        "id": owner_id,
        "email": f"{first.lower()}@example.com",
        "type": "PERSON",
        "firstName": first,
        "lastName": last,
        "userId": user_id if active else None,
        "userIdIncludingInactive": user_id,
        "createdAt": iso(0),
        "updatedAt": iso(0),
        "archived": not active,
        "teams": [],
    }


def account(state: State, asked: Asked) -> Reply:
    details = {"portalId": PORTAL_ID, "accountType": "STANDARD", "timeZone": "Europe/Berlin", "utcOffset": "+01:00"}
    more = {"utcOffsetMilliseconds": 3_600_000, "uiDomain": "app-eu1.hubspot.com", "dataHostingLocation": "eu1"}
    return Reply(200, {**details, **more, "companyCurrency": "EUR", "additionalCurrencies": []})


def token(state: State, asked: Asked) -> Reply:
    """Whose the token is, and what it may do."""
    if not state.introspects:
        raise page(404, "Not Found", None)
    if asked.body.get("tokenKey") != state.token:
        raise unreadable("tokenKey is missing or is another token than that of the header")
    return Reply(200, {"userId": 9501, "hubId": PORTAL_ID, "appId": 3710, "scopes": sorted(state.scopes)})

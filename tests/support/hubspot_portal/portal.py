"""The portal's door: which address does what, who may, and what came of each request."""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from requests import PreparedRequest

from connectors.kit.testing import Reply
from hubspot_portal import objects, setup
from hubspot_portal.definitions import KINDS, OWN, own
from hubspot_portal.records import Record
from hubspot_portal.refusals import Refused, bad_token, missing_scopes, page, unreadable
from hubspot_portal.state import Asked, State

VERSION = "2026-09"
READ, WRITE = ("crm.objects.contacts.read",), ("crm.objects.contacts.write",)
READ_PROPERTIES = (*READ, "crm.schemas.contacts.read")
WRITE_PROPERTIES = ("crm.schemas.contacts.write",)
OWNERS = ("crm.objects.owners.read",)
Scopes = tuple[str, ...]
_OBJECTS = rf"/crm/objects/{VERSION}/(?P<kind>{'|'.join(KINDS)})"
_TO = f"(?P<to>{'|'.join(KINDS)})"
_ID = "(?P<id>[^/]+)"
_PROPERTIES = rf"/crm/properties/{VERSION}/(?P<kind>{'|'.join(KINDS)})"

_ROUTES: list[tuple[str, str, Scopes, objects.Endpoint]] = [
    ("POST", _OBJECTS, WRITE, objects.create),
    ("GET", _OBJECTS, READ, objects.listed),
    ("POST", f"{_OBJECTS}/search", READ, objects.found),
    ("POST", f"{_OBJECTS}/batch/read", READ, objects.batch_read),
    ("POST", f"{_OBJECTS}/batch/upsert", WRITE, objects.batch_upsert),
    ("GET", f"{_OBJECTS}/{_ID}", READ, objects.read),
    ("PATCH", f"{_OBJECTS}/{_ID}", WRITE, objects.update),
    ("DELETE", f"{_OBJECTS}/{_ID}", WRITE, objects.archive),
    ("PUT", f"{_OBJECTS}/{_ID}/associations/default/{_TO}/(?P<to_id>[^/]+)", WRITE, objects.associate),
    ("POST", f"/crm/associations/{VERSION}/(?P<kind>{'|'.join(KINDS)})/{_TO}/batch/read", READ, objects.associations),
    ("GET", _PROPERTIES, READ_PROPERTIES, setup.properties),
    ("POST", _PROPERTIES, WRITE_PROPERTIES, setup.new_property),
    ("GET", f"{_PROPERTIES}/groups", READ_PROPERTIES, setup.groups),
    ("POST", f"{_PROPERTIES}/groups", WRITE_PROPERTIES, setup.new_group),
    ("GET", f"{_PROPERTIES}/(?P<name>[^/]+)", READ_PROPERTIES, setup.one_property),
    ("GET", f"/crm/owners/{VERSION}", OWNERS, setup.owners),
    ("GET", f"/crm/owners/{VERSION}/{_ID}", OWNERS, setup.one_owner),
    ("GET", f"/account-info/{VERSION}/details", (), setup.account),
    ("POST", "/oauth/v2/private-apps/get/access-token-info", (), setup.token),  # has no dated address
]


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request and what was answered: a status, or in words how the answer went missing."""

    at: float
    method: str
    path: str
    query: dict[str, str]
    body: Any
    outcome: int | str
    answer: object = None


@dataclass(frozen=True, slots=True)
class Refusal:
    """One request that no correct client sends."""

    method: str
    path: str
    status: int
    why: str


class Portal(State):
    """A stand-in for HubSpot, safe for many threads. `clock` shows seconds since 1970; `keys` says which of our own
    properties are there: `unique` ones, `plain` ones that are not unique, or `none`.
    """

    def __init__(self, clock: Callable[[], float] = time.time, *, lag: float = 0.0, keys: str = "unique") -> None:
        super().__init__(clock, lag)
        for kind in KINDS if keys != "none" else ():
            self.properties[kind][OWN[kind]] = own(kind, unique=keys == "unique")
        self.log: list[Exchange] = []
        """Every request, with those of which the answer was lost."""
        self.refused: list[Refusal] = []
        self._lock = threading.RLock()

    def contact(self, **properties: str) -> str:
        """A contact that was there before us, as long as a search needs to know. Returns its id."""
        with self._lock:
            return self.records.add("contacts", properties, seeded=True).id

    def archive(self, kind: str, record_id: str) -> None:
        """Somebody bins a record by hand."""
        with self._lock:
            self.records.archive(self._record(kind, record_id))

    def change(self, kind: str, record_id: str, **properties: str) -> None:
        """Somebody changes a record by hand."""
        with self._lock:
            self.records.change(self._record(kind, record_id), properties)

    def of(self, kind: str) -> list[dict[str, str]]:
        """The properties of each record of a kind that is not archived, oldest first."""
        with self._lock:
            return [dict(one.properties) for one in self.records.of(kind)]

    def contacts_of(self, kind: str, record_id: str) -> list[str]:
        """The ids of the contacts that a call or a task is associated with."""
        with self._lock:
            return self.records.associated(self._record(kind, record_id), "contacts")

    def held(self) -> list[str]:
        """A key for every call and task, and for every contact that a request made; another for each association."""
        with self._lock:
            made = [one for kind in KINDS for one in self.records.of(kind) if not one.seeded]
            ties = [
                f"{_key(one)} with {_key(contact)}"
                for one in made
                for tied in self.records.associated(one, "contacts")
                if (contact := self.records.get("contacts", tied))
            ]
            return [*map(_key, made), *ties]

    def requests(self, method: str | None = None, part: str = "") -> list[Exchange]:
        """The requests with that method of which the path has that part."""
        return [one for one in self.log if method in (None, one.method) and part in one.path]

    def answer(self, request: PreparedRequest, lost: str | None = None) -> Reply:
        """Do what is asked and answer as HubSpot does. `lost` says how the answer goes missing, if it does."""
        with self._lock:
            reply = self._answered(request)
            self.note(request, lost or reply.status, reply.body)
            return reply

    def note(self, request: PreparedRequest, outcome: int | str, answer: object = None) -> None:
        """Write a request into the log."""
        address = urlsplit(str(request.url))
        body = _parsed(request.body)
        if address.path.startswith("/oauth/"):
            body = None  # it holds the token
        query = dict(parse_qsl(address.query, keep_blank_values=True))
        self.log.append(
            Exchange(self.clock(), str(request.method), unquote(address.path), query, body, outcome, answer)
        )

    def _answered(self, request: PreparedRequest) -> Reply:
        path = urlsplit(str(request.url)).path
        try:
            reply = self._routed(request)
        except Refused as refused:
            if refused.wrong is not None:
                self.refused.append(Refusal(str(request.method), path, refused.reply.status, refused.wrong))
            reply = refused.reply
        if path.endswith("/search"):
            return reply
        return Reply(reply.status, reply.body, {**_ALLOWANCE, **reply.headers})

    def _routed(self, request: PreparedRequest) -> Reply:
        address = urlsplit(str(request.url))
        matches = [
            (method, match, scopes, endpoint)
            for method, pattern, scopes, endpoint in _ROUTES
            if (match := re.fullmatch(pattern, address.path))
        ]
        if not matches:
            # Older versions are answered by HubSpot until they are switched off; our client is not to need them.
            raise page(404, "Not Found", f"the address {address.path}")
        for method, match, scopes, endpoint in matches:
            if method == request.method:
                self._admit(request, scopes)
                names = {name: unquote(value) for name, value in match.groupdict().items()}
                query = dict(parse_qsl(address.query, keep_blank_values=True))
                return endpoint(self, Asked(names, query, _body(request)))
        raise page(405, "Method Not Allowed", f"{request.method} of {address.path}")

    def _admit(self, request: PreparedRequest, scopes: Scopes) -> None:
        if request.headers.get("Authorization") != f"Bearer {self.token}":
            raise bad_token()
        if scopes and not self.scopes.intersection(scopes):
            raise missing_scopes(scopes)

    def _record(self, kind: str, record_id: str) -> Record:
        record = self.records.get(kind, record_id)
        assert record is not None, f"there are no {kind} {record_id}"
        return record


_ALLOWANCE = {
    "X-HubSpot-RateLimit-Daily": "250000",
    "X-HubSpot-RateLimit-Daily-Remaining": "249000",
    "X-HubSpot-RateLimit-Interval-Milliseconds": "10000",
    "X-HubSpot-RateLimit-Max": "100",
    "X-HubSpot-RateLimit-Remaining": "99",
}


def _key(record: Record) -> str:
    held = record.properties
    names = (OWN[record.kind], "hs_call_external_id", "hs_call_title", "hs_task_subject", "phone", "firstname")
    return f"{record.kind} " + next((held[name] for name in names if name in held), record.id)


def _parsed(body: bytes | str | None) -> Any:
    try:
        return json.loads(body) if body else None
    except ValueError:
        return body


def _body(request: PreparedRequest) -> dict[str, Any]:
    if request.method in ("GET", "DELETE") or (request.method == "PUT" and not request.body):
        return {}
    if not request.body:
        raise unreadable("Invalid JSON input: a request body was expected, but none found")
    if request.headers.get("Content-Type", "").split(";")[0] != "application/json":
        raise page(415, "Unsupported Media Type", f"a {request.method} without Content-Type: application/json")
    parsed = _parsed(request.body)
    if not isinstance(parsed, dict):
        raise unreadable("Invalid input JSON on line 1, column 1")
    return parsed

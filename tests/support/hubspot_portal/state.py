"""What a portal is: its records, its properties, its people, and how it is set up."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from hubspot_portal.definitions import GROUPS, KINDS, Definition, fresh
from hubspot_portal.records import Records

SCOPES = frozenset(
    {
        "crm.objects.contacts.read",
        "crm.objects.contacts.write",
        "crm.objects.owners.read",
        "crm.schemas.contacts.write",
    }
)
TOKEN = "pat-eu1-canary-4f6e-bf70-924b57d47db7"


@dataclass(frozen=True, slots=True)
class Asked:
    """One request, taken apart: what its path names, its query, and its body."""

    path: dict[str, str]
    query: dict[str, str]
    body: dict[str, Any]


@dataclass
class State:
    """A portal's inside. Tests set the plain attributes as they need them."""

    clock: Callable[[], float]
    lag: float = 0.0
    """Seconds until a search sees what was written."""
    token: str = TOKEN
    scopes: frozenset[str] = SCOPES
    unique_activities: bool = True
    """Whether calls and tasks may have unique properties."""
    partial: bool = False
    """Whether an upsert's troubles are answered inside a 200."""
    validates_phones: bool = False
    introspects: bool = True
    """Whether the token can be asked about: the address is in no public description."""
    required: dict[str, set[str]] = field(default_factory=dict)
    """Properties that the administrator demands of new records, by kind."""
    properties: dict[str, dict[str, Definition]] = field(default_factory=lambda: {kind: fresh(kind) for kind in KINDS})
    groups: dict[str, list[str]] = field(default_factory=lambda: {kind: list(names) for kind, names in GROUPS.items()})
    owners: dict[str, bool] = field(default_factory=lambda: {"501": True, "502": True, "509": False})
    """Whether the owner with this id is active."""
    records: Records = field(init=False)

    def __post_init__(self) -> None:
        self.records = Records(lambda: self.clock(), lambda: self.lag)

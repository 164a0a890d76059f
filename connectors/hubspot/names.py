"""HubSpot's names for what we read and write, and the names of our own properties."""

from __future__ import annotations

from dataclasses import dataclass

VERSION = "2026-09"
"""Of the API: every path carries it but those below /oauth, which have none."""


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of record, and where the key of ours stands in it.

    `key` is our own unique property, made by `connection check --fix`. `plain` is a property that every portal has:
    it holds the key where a portal refuses unique properties. `to_contact` is the id of the association.

    Source: https://developers.hubspot.com/docs/api-reference/crm-associations-v4/guide
    """

    name: str
    key: str
    label: str
    group: str
    plain: str
    to_contact: int = 0


CALLS = Kind("calls", "wa_call_key", "WhatsApp call key", "callinformation", "hs_call_external_id", 194)
TASKS = Kind("tasks", "wa_task_key", "WhatsApp task key", "taskinformation", "hs_task_body", 204)
CONTACTS = Kind("contacts", "wa_caller_id", "WhatsApp caller id", "contactinformation", "phone")
KEYS = frozenset(kind.key for kind in (CALLS, TASKS, CONTACTS))

SEARCHABLE_AFTER = 60.0  # seconds, of practice: HubSpot documents "a few moments"

OWNER = "hubspot_owner_id"

# The same in all portals, though a portal may hide them.
BUSY = "9d9162e7-6cf3-4944-bf63-4dff82258764"
CONNECTED = "f240bbac-87c9-4f6e-bf70-924b57d47db7"
NO_ANSWER = "73a0d17f-1163-4015-bdd5-ec830791da20"

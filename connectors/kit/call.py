"""What a connector is told: a call as it stands, and what its connection already knows of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Literal


class CallStatus(StrEnum):
    """How a call stands. A call's status only ever moves forward, in the order of `rank`."""

    RINGING = "ringing"
    UNKNOWN = "unknown"
    MISSED = "missed"
    DROPPED = "dropped"
    ANSWERED = "answered"

    @property
    def rank(self) -> int:
        """0 ringing, 1 unknown, 2 a real outcome: a status gives way to a higher rank only."""
        return _RANKS.get(self, 2)


_RANKS = {CallStatus.RINGING: 0, CallStatus.UNKNOWN: 1}


class Policy(StrEnum):
    """What a connection hears of each call."""

    IGNORE = "ignore"
    RING = "ring"
    RESULT = "result"
    ALL = "all"


CallerSource = Literal["contact_name", "name", "crm", "phone", "group", "hidden"]


@dataclass(frozen=True, slots=True)
class Caller:
    """Who rings. `name` is always printable: a person's name, or else the number, or words for a hidden one.

    `phone` is E.164, or None for groups and hidden numbers. Names are chosen by strangers: plain text,
    cleaned, at most 80 characters long; each connector escapes them for its system.
    """

    chat_id: str
    name: str
    source: CallerSource
    phone: str | None = None


@dataclass(frozen=True, slots=True)
class Call:
    """One call as it stands. `id` is readable, unique, never changes: use it as the key of what you write."""

    id: str
    instance: str
    status: CallStatus
    label: str
    summary: str
    caller: Caller
    started_at: datetime
    outcome_at: datetime | None = None
    direction: Literal["incoming", "outgoing"] = "incoming"
    video: bool | None = None
    late: bool = False

    @property
    def status_at(self) -> datetime:
        """When the call came to its present status (aware, UTC)."""
        return self.outcome_at or self.started_at


@dataclass(frozen=True, slots=True)
class Person:
    """What one connection knows about the one who calls: their record there, its owner, an open ticket."""

    name: str | None = None
    record_id: str | None = None
    url: str | None = None
    parts: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Receipt:
    """The system's name for the record it made. `parts` keeps the other ids of a delivery in steps."""

    record_id: str | None = None
    url: str | None = None
    parts: Mapping[str, str] = field(default_factory=dict)
    person: Person | None = None


@dataclass(frozen=True, slots=True)
class Known:
    """What this connection already has of this call.

    `receipt` is None before the first record; `told` is the last status confirmed; `unsure`: the last attempt
    may have written without our hearing of it; `person` is who the chat belongs to, where known.
    """

    receipt: Receipt | None = None
    told: CallStatus | None = None
    unsure: bool = False
    person: Person | None = None


@dataclass(frozen=True, slots=True)
class Rate:
    """What a system allows one of its accounts: so many requests a second, and `burst` of them at once.

    `account` names it, such as the host of a portal: connections that name the same one share its allowance.
    """

    account: str
    per_second: float
    burst: int

"""What a page's address says of the calls that are looked for, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from bridge.search import LONGEST, Filter
from bridge.text import storable
from bridge.web.languages import _
from connectors.kit import CallStatus

FIELDS = ("q", "status", "instance", "connection", "from", "to")


@dataclass(frozen=True, slots=True)
class Asked:
    """The filter, each field as it was typed, and a sentence for each that cannot be used. Days are UTC."""

    filter: Filter
    typed: dict[str, Any]
    faults: Mapping[str, str]

    @property
    def is_blank(self) -> bool:
        """Whether every call is asked for."""
        return not self.typed


def asked(arguments: Mapping[str, str]) -> Asked:
    """Read what was typed; a fault leaves its field out of the filter."""
    every = {name: storable(arguments.get(name, "")).strip() for name in FIELDS}
    typed: dict[str, Any] = {name: value for name, value in every.items() if value}
    faults: dict[str, str] = {}
    if len(every["q"]) > LONGEST:
        faults["q"] = _("That is too long: no name has more than %(most)s characters.", most=LONGEST)
    status = every["status"]
    if status and status not in tuple(CallStatus):
        faults["status"] = _("There is no such outcome; choose one of the list.")
    first, last = (_day(every[name], name, faults) for name in ("from", "to"))
    if first and last and last < first:
        faults["to"] = _("The last day is before the first one.")
    wanted = Filter(
        text=every["q"],
        statuses=(status,) if status else (),
        instance=every["instance"] or None,
        connection=every["connection"] or None,
        since=_midnight(first),
        until=_midnight(last + timedelta(days=1)) if last else None,
    )
    return Asked(wanted, typed, faults)


def _day(typed: str, name: str, faults: dict[str, str]) -> date | None:
    if not typed:
        return None
    try:
        day = date.fromisoformat(typed)
    except ValueError:
        faults[name] = _("This is no day. Write year, month and day, such as 2026-11-20.")
        return None
    if not 1970 <= day.year <= 9000:  # databases and clocks have their ends too
        faults[name] = _("There are no calls of that year.")
        return None
    return day


def _midnight(day: date | None) -> datetime | None:
    return datetime.combine(day, time(), UTC) if day else None

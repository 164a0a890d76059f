"""What a portal holds: records with their associations, and the index that a search sees, which comes later."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from hubspot_portal.definitions import CHANGED, CREATED, SHOWN
from hubspot_portal.phones import calculated
from hubspot_portal.values import iso

Properties = dict[str, str]


@dataclass(slots=True)
class Record:
    """One object. `index` holds what a search has been able to see of it, and since when; None once it is archived."""

    kind: str
    id: str
    properties: Properties
    created_at: float
    updated_at: float
    seeded: bool = False
    archived: bool = False
    index: list[tuple[float, Properties | None]] = field(default_factory=list)

    def shown(self, names: list[str] | None, properties: Properties | None = None) -> dict[str, object]:
        """As it is answered: properties that are not set are null."""
        held = self.properties if properties is None else properties
        wanted = dict.fromkeys([*(names if names is not None else SHOWN[self.kind]), *_ALWAYS[self.kind]])
        return {
            "id": self.id,
            "properties": {name: held.get(name) or None for name in wanted},
            "createdAt": iso(self.created_at),
            "updatedAt": iso(self.updated_at),
            "archived": self.archived,
        }


_ALWAYS = {kind: ("hs_object_id", CREATED[kind], CHANGED[kind]) for kind in CREATED}


class Records:
    """All records of a portal. What is written is found by a search `lag()` seconds later."""

    def __init__(self, clock: Callable[[], float], lag: Callable[[], float]) -> None:
        self._clock, self._lag = clock, lag
        self._records: dict[tuple[str, str], Record] = {}
        self._next_id = 101
        self.associations: set[tuple[str, str, str, str]] = set()
        """(kind, id, kind, id), each in both directions."""

    def add(self, kind: str, properties: Properties, *, seeded: bool = False) -> Record:
        now = self._clock()
        record = Record(kind, str(self._next_id), {}, now, now, seeded)
        self._next_id += 1
        self._records[kind, record.id] = record
        self.change(record, properties)
        return record

    def change(self, record: Record, properties: Properties) -> None:
        """Set properties; an empty one is cleared."""
        now = self._clock()
        record.updated_at = now
        held = {name: value for name, value in {**record.properties, **properties}.items() if value}
        held |= {"hs_object_id": record.id, CREATED[record.kind]: iso(record.created_at)}
        held[CHANGED[record.kind]] = iso(now)
        if record.kind == "contacts":
            held = {name: value for name, value in held.items() if "_calculated_" not in name} | calculated(held)
        record.properties = held
        record.index.append((now if record.seeded else now + self._lag(), dict(held)))

    def archive(self, record: Record) -> None:
        record.archived = True
        record.index.append((self._clock() + self._lag(), None))

    def get(self, kind: str, record_id: str) -> Record | None:
        return self._records.get((kind, record_id))

    def of(self, kind: str) -> list[Record]:
        """Those that are not archived, oldest first."""
        return [one for (its, _), one in self._records.items() if its == kind and not one.archived]

    def having(self, kind: str, name: str, value: str) -> Record | None:
        """The record of which a unique property has this value. An archived one no longer counts: guessed."""
        folded = value.lower()
        return next((one for one in self.of(kind) if one.properties.get(name, "").lower() == folded), None)

    def indexed(self, kind: str) -> Iterator[tuple[Record, Properties]]:
        """What a search sees now."""
        now = self._clock()
        for (its, _), record in self._records.items():
            seen = [properties for since, properties in record.index if since <= now]
            if its == kind and seen and seen[-1] is not None:
                yield record, seen[-1]

    def associate(self, one: Record, other: Record) -> None:
        self.associations.add((one.kind, one.id, other.kind, other.id))
        self.associations.add((other.kind, other.id, one.kind, one.id))

    def associated(self, record: Record, kind: str) -> list[str]:
        """The ids of the records of that kind that this one is associated with, in the order of their ids."""
        found = [
            to for its, its_id, other, to in self.associations if (its, its_id, other) == (record.kind, record.id, kind)
        ]
        return sorted((one for one in found if (held := self.get(kind, one)) and not held.archived), key=int)

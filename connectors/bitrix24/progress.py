"""How far one call has come in the portal: what the next attempt need not do again."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from connectors.bitrix24.refusals import MethodRests
from connectors.kit import ConnectorError, Known, Person, RateLimited, Receipt


@dataclass(slots=True)
class Progress:
    """Lives for one attempt.

    `person` is the caller's record, found in this attempt or before, for this call or another. `trouble` is the first
    failure of a step that the others did not wait for.
    """

    known: Known
    receipt: Receipt = field(init=False)
    person: Person | None = field(init=False)
    trouble: ConnectorError | None = None

    def __post_init__(self) -> None:
        self.receipt = self.known.receipt or Receipt()
        self.person = next((person for person in (self.receipt.person, self.known.person) if _is_record(person)), None)

    def part(self, name: str) -> str | None:
        return self.receipt.parts.get(name)

    def keep(self, **parts: str) -> None:
        """Put down what a step made, under names that the receipt keeps."""
        self.receipt = replace(self.receipt, parts={**self.receipt.parts, **parts})

    def belongs_to(self, person: Person | None) -> None:
        self.person = person
        self.receipt = replace(self.receipt, person=person)

    @contextmanager
    def deferring(self, kind: type[ConnectorError] = ConnectorError) -> Iterator[None]:
        """A failure of this kind waits until the other steps are done. A pause of the whole portal does not."""
        try:
            yield
        except kind as error:
            if isinstance(error, RateLimited) and not isinstance(error, MethodRests):
                raise
            self.trouble = self.trouble or error


def _is_record(person: Person | None) -> bool:
    return person is not None and person.record_id is not None and "kind" in person.parts

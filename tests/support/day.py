"""A day of calls in simulated time: the real store and the real work, and a portal where the network would be."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import rolodex
from bitrix24_portal import Portal, Weather
from desk import ID_INSTANCE, Desk
from office import Clock, office
from sqlalchemy import func, select

from bridge.connections import Live
from bridge.queue import SWEEP_EVERY
from bridge.store import tables
from connectors.kit import Http
from tasks.deliver import deliver
from tasks.find import find
from tasks.sweep import sweep

FOREVER = float("inf")


@dataclass(frozen=True, slots=True)
class Ring:
    """One call: who rings, `at` so many seconds, and what it comes to `lasts` seconds later; None for never."""

    number: int
    at: float
    chat: str
    outcome: str | None = "pickUp"
    lasts: float = 12.0

    @property
    def call_id(self) -> str:
        return f"{ID_INSTANCE}-C{self.number}"

    @property
    def phone(self) -> str | None:
        return f"+{self.chat.partition('@')[0]}" if self.chat.endswith("@c.us") else None


class Day:
    """Everything happens in the order of its time. Callers are known to GREEN-API by what `know` said of them."""

    def __init__(self, store, start) -> None:
        self.desk = Desk(store, start, policies=())
        self.clock = Clock(self.desk)
        self.portal = Portal(clock=self.seconds)

    def seconds(self) -> float:
        return self.clock().timestamp()

    def open(self, weather: Weather) -> None:
        """Begin, with this weather between us and the portal."""
        http = Http(adapter=weather)
        live = Live(self.desk.store, rolodex.registry(), http)
        self.service = replace(office(self.desk.store, self.clock), http=http, live=live)

    def play(self, rings: Iterable[Ring]) -> None:
        """Let every call come and end in its time, and go on until nothing is owed."""
        for at, what, ring in sorted(self._moments(rings), key=lambda one: (one[0], one[2].number)):
            self.go_on(until=at)
            if what == "silence":
                for accepted in self.desk.silence(at):
                    self.service.ring(accepted)
            else:
                self.service.ring(self.desk.hear(what, at, id_message=f"C{ring.number}", chat=ring.chat))
        self.go_on()

    def _moments(self, rings: Iterable[Ring]) -> Iterable[tuple[float, str, Ring]]:
        for ring in rings:
            yield ring.at, "offer", ring
            silent_at = ring.at + self.desk.settings.outcome_seconds + 1
            yield (ring.at + ring.lasts, ring.outcome, ring) if ring.outcome else (silent_at, "silence", ring)

    def go_on(self, until: float = FOREVER) -> None:
        """Do what falls due until then."""
        while True:
            self._work()
            due_at = self._next_due()
            if due_at is None or due_at > until:
                break
            self.clock.after = max(self.clock.after + SWEEP_EVERY, due_at)
            sweep(self.service)
        if until != FOREVER:
            self.clock.after = max(self.clock.after, until)

    def _work(self) -> None:
        bells = self.service.queue
        while bells.delivered or bells.found:
            while bells.found:
                find(self.service, bells.found.pop(0))
            if bells.delivered:
                deliver(self.service, bells.delivered.pop(0)[0])

    def _next_due(self) -> float | None:
        """When the next may be told, in seconds; not before its connection may be asked, where that rests."""
        of, at = tables.deliveries.c, tables.connections.c
        query = select(func.min(of.due_at), at.rests_until).where(of.state == "due", at.id == of.connection_id)
        with self.desk.store.read() as db:
            lines = [[one for one in row if one] for row in db.execute(query.group_by(at.id, at.rests_until))]
        return min(((max(line) - self.desk.start).total_seconds() for line in lines), default=None)

    def standings(self) -> dict[str, list[str]]:
        """The calls by how their delivery stands."""
        query = select(tables.deliveries.c.state, tables.calls.c.id).where(
            tables.deliveries.c.call_id == tables.calls.c.id
        )
        found: dict[str, list[str]] = {}
        with self.desk.store.read() as db:
            for state, call_id in db.execute(query):
                found.setdefault(state, []).append(call_id)
        return found

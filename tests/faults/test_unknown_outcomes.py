"""The first answer about every single note is lost after the note was written; searches lag behind what is written.

Three kinds of connector hear of each call: one that searches when it is unsure, one whose system knows a repeated
key, and one that can do neither. Time is simulated; stores, requests and lost answers are real. A call comes in every
two seconds. `RINGBRIDGE_FAULTS=long` makes it a thousand calls.
"""

from __future__ import annotations

import os
from collections import Counter

import pytest
from desk import Desk
from ledger import Ledger
from office import Clock, office
from sqlalchemy import func, select

from bridge import standings, stories
from bridge.queue import SWEEP_EVERY
from bridge.store import tables
from tasks.deliver import deliver
from tasks.sweep import sweep

CALLS = 1000 if os.environ.get("RINGBRIDGE_FAULTS") == "long" else 30
EVERY = 2.0  # seconds
BOOKS = ("look", "repeat", "leave")
MOST_EXTRA = 1.2  # requests a record


@pytest.fixture
def ledger(lag):
    with Ledger(lag=lag, spoils=("drop", "cut", "502")) as ledger:
        yield ledger


@pytest.fixture
def desk(store, now, ledger):
    desk = Desk(store, now, policies=())
    for position, book in enumerate(BOOKS):
        settings = {"url": ledger.url, "look_after": 1.5 * ledger.lag}
        desk.connect(book, "result", position, book, settings)
    return desk


def told_all(desk, service, clock):
    """Ring every call in its time, and go on until nothing is owed. Returns the calls' ids."""
    for number in range(CALLS):
        chat = f"1555{number:07}@c.us"
        desk.know(chat)
        carried_on(desk, service, clock, until=number * EVERY)
        accepted = desk.hear("pickUp", clock.after, id_message=f"C{number}", chat=chat)
        service.ring(accepted)
    carried_on(desk, service, clock, until=float("inf"))
    return [f"7103111222-C{number}" for number in range(CALLS)]


def carried_on(desk, service, clock, until):
    """Tell what falls due until then, in the order of its time."""
    while True:
        while service.queue.delivered:
            deliver(service, service.queue.delivered.pop(0)[0])
        due_at = next_due(desk)
        if due_at is None or due_at > until:
            break
        clock.after = max(clock.after + SWEEP_EVERY, due_at)
        sweep(service)
    clock.after = until if until != float("inf") else clock.after


def next_due(desk):
    """When the next may be told, in seconds; those in line at a connection that rests not before it may be asked."""
    of, at = tables.deliveries.c, tables.connections.c
    query = select(func.min(of.due_at), at.rests_until).where(of.state == "due", at.id == of.connection_id)
    with desk.store.read() as db:
        lines = [[one for one in row if one] for row in db.execute(query.group_by(at.id, at.rests_until))]
    return min(((max(line) - desk.start).total_seconds() for line in lines), default=None)


def tales(desk, calls, connection, clock):
    """What the story says of each attempt at the connection, and how it stands in the end, call by call."""
    with desk.store.read() as db:
        for call in calls:
            now = desk.moment(clock.after)
            story = stories.of_call(db, call, now)["story"]
            [standing] = [one for one in standings.of_call(db, call, now) if one.connection == connection]
            yield [one["text"] for one in story if one["connection"] == connection], standing


@pytest.mark.timeout(900)
@pytest.mark.parametrize(
    ("store", "lag"), [("sqlite", 0.0), ("sqlite", 5.0), ("sqlite", 30.0), ("postgresql", 5.0)], indirect=["store"]
)
def test_an_answer_that_is_lost_makes_no_second_note_and_no_false_story(desk, ledger):
    clock = Clock(desk)
    ledger.clock = lambda: clock.after
    service = office(desk.store, clock)
    calls = told_all(desk, service, clock)

    for book in BOOKS:
        requests = Counter(one.key for one in ledger.asked(book))
        twice = [key for key, times in Counter(ledger.kept(book)).items() if times > 1]
        extra = (requests.total() - CALLS) / CALLS
        print(
            f"{book}: {len(calls)} calls, {len(set(ledger.kept(book)))} notes, {len(twice)} of them twice, "
            f"{extra:.2f} requests a note more than one; index lag {ledger.lag:g} s, {clock.after:.0f} s simulated"
        )
        assert sorted(ledger.kept(book)) == sorted(calls)
        assert extra <= MOST_EXTRA

    written = {key: at for book, key, at in ledger.notes if book == "look"}
    assert all(one.at >= written[one.key] + 1.5 * ledger.lag for one in ledger.asked("look", "GET"))
    assert {desk.states()[book][0] for book in ("look", "repeat")} == {"delivered"}
    for texts, standing in tales(desk, calls, "leave", clock):
        assert "Nobody knows whether it was told" in texts[-1]
        assert "Nobody knows whether it was told" in standing.text

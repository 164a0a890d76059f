"""Processes are killed at random under load, between a CRM that fails and a GREEN-API that repeats; all is counted.

The count is of the sender's log against the receiver's records, and asks nothing of Ringbridge.

    pytest -s tests/faults/test_crash_loop.py                       a short run of each shape
    RINGBRIDGE_FAULTS=long pytest -s tests/faults/test_crash_loop.py      10 000 calls
    RINGBRIDGE_SEED=7 …                                             the same dice again
"""

from __future__ import annotations

import os
import random
import threading
import time
from collections import Counter
from itertools import count

import pytest
from killer import Killer
from road import ID_INSTANCE, Road, until

from tasks.demo.crm import Fault

IS_LONG = os.environ.get("RINGBRIDGE_FAULTS") == "long"
SEED = int(os.environ.get("RINGBRIDGE_SEED", time.time_ns() % 10_000))
CALLS = 10_000 if IS_LONG else 200
EVERY = 0.06 if IS_LONG else 0.12  # seconds between calls
BETWEEN_KILLS = (1.0, 3.0) if IS_LONG else (0.3, 2.5)  # seconds at work
BACKLOG = 150  # notifications: behind more of them most calls would be known from the journal first, and not ring
PATIENCE = 600.0 if IS_LONG else 120.0
FEWEST_KILLS, FEWEST_TELLING = (200, 50) if IS_LONG else (5, 2)
STATUS = {"pickUp": "answered", "hungUp": "dropped", "declined": "missed", "missed": "missed"}
LINES = ("7103111223", "7103111224", "7103111225")  # besides the first: each is pushed one notification at a time
CHATS = [f"1555{number:07}@c.us" for number in range(400)]  # nobody rings twice at once


class Moods:
    """One request in ten fails, a third of those after it was done; one in five takes a while."""

    def __init__(self, seed: int) -> None:
        self.struck: Counter[str] = Counter()
        self._random = random.Random(seed)
        self._lock = threading.Lock()
        self.is_over = False

    def take(self, key: str) -> Fault | None:
        if self.is_over or " " in key:
            return None
        with self._lock:
            dice = self._random.random()
            mode = "refuse" if dice < 0.03 else "drop" if dice < 0.06 else "apply_then_drop" if dice < 0.1 else None
            if mode is None:
                return Fault(name=key, mode="apply_then_hang", seconds=0.3) if dice < 0.3 else None
            self.struck[mode] += 1
            return Fault(name=key, mode=mode)


@pytest.fixture
def road(tmp_path, shape):
    contacts = {chat: {"name": f"Caller {chat[:11]}", "contactName": ""} for chat in CHATS}
    more = {} if IS_LONG else {"RINGBRIDGE_LEASE_SECONDS": "6"}
    with Road(tmp_path, ("all",), shape, contacts=contacts, lookups_per_second=50.0, lines=LINES, **more) as road:
        yield road


def rung(road, dice, killer, done):
    """Ring every call, and more until enough was killed; returns what each came to.

    One in five is pushed twice, and those of every second chat stand in the journal as well, which is read after each
    start. Whose calls are listed by halves would have one call's outcome taken for another's.
    """
    outcomes, accounts = {}, (ID_INSTANCE, *LINES)
    for number in count():
        if number >= CALLS and killer.telling >= FEWEST_TELLING and sum(killer.kills.values()) >= FEWEST_KILLS:
            break
        outcome = dice.choice(list(STATUS))
        place = number % len(CHATS)
        at, chat = accounts[place % len(accounts)], CHATS[place]
        variants = {"duplicate": number % 5 == 0, "journal": place % 8 < len(accounts)}
        call = road.ring(chat, outcome, after=dice.uniform(0.1, 4.0), at=at, **variants)
        outcomes[call] = STATUS[outcome]
        time.sleep(EVERY)
        while road.waiting() > BACKLOG:
            time.sleep(EVERY)
    done.set()
    return outcomes


@pytest.mark.timeout(3600 if IS_LONG else 400)
def test_nothing_is_lost_doubled_or_out_of_order(road):
    print(f"\nseed {SEED}")
    moods = road.crm._faults = Moods(SEED)
    road.start(workers=2)
    killer, done, outcomes = Killer(road, SEED), threading.Event(), {}
    ringing = threading.Thread(target=lambda: outcomes.update(rung(road, random.Random(SEED), killer, done)))
    began = time.monotonic()
    ringing.start()
    dice = random.Random(SEED)
    while not done.wait(dice.uniform(*BETWEEN_KILLS)):
        killer.strike()
        until(road.is_ready, 60, "the bridge to be at work again")
    ringing.join()
    moods.is_over, ended = True, time.monotonic()

    until(road.green_api.idle, PATIENCE, "GREEN-API to be rid of everything")
    until(lambda: road.run("delivery", "list", "--state", "due", "--json").strip() == "[]", PATIENCE, "nothing owed")
    settled = time.monotonic() - ended
    road.stop()
    killer.close()

    kept = road.kept()
    told = [(call, f"{call}-{status}") for call, status in outcomes.items()]
    lost = [key for _, key in told if key not in set(kept)]
    twice = [key for key, times in Counter(kept).items() if times > 1]
    strange = set(kept) - {key for _, key in told} - {f"{call}-ringing" for call in outcomes}
    place = {key: number for number, key in enumerate(kept)}
    order = [call for call, key in told if place.get(f"{call}-ringing", -1) > place.get(key, len(kept))]
    rang = sum(f"{call}-ringing" in place for call in outcomes)
    kills = ", ".join(f"{name} holding {held}: {times}" for (name, held), times in sorted(killer.kills.items()))
    print(f"{len(outcomes)} calls in {ended - began:.0f} s, {sum(killer.kills.values())} kills ({kills})")
    print(f"of {rang} of them the ringing was told too")
    print(f"{killer.telling} kills hit a lease or an open transaction; faults of the CRM: {dict(moods.struck)}")
    print(
        f"lost {len(lost)}, twice {len(twice)}, order {len(order)}; nothing owed {settled:.1f} s after the last fault"
    )
    assert (lost, twice, order, strange) == ([], [], [], set())
    assert sum(killer.kills.values()) >= FEWEST_KILLS
    assert killer.telling >= FEWEST_TELLING
    assert rang > (CALLS / 4 if IS_LONG else 0), "hardly any of them could have been out of order"
    assert all(moods.struck[mode] for mode in ("refuse", "drop", "apply_then_drop"))

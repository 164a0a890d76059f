"""32 threads at the same rows: the same notification a hundred times at once, and everybody telling everything.

pytest -s tests/faults/test_contention.py                          50 calls
RINGBRIDGE_FAULTS=long pytest -s tests/faults/test_contention.py   1000 calls
"""

from __future__ import annotations

import os
import random
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
from desk import DONE, Desk
from sqlalchemy import func, select

from bridge.policies import TryAgain
from bridge.store import tables

IS_LONG = os.environ.get("RINGBRIDGE_FAULTS") == "long"
SEED = int(os.environ.get("RINGBRIDGE_SEED", time.time_ns() % 10_000))
THREADS = 32
REPEATS = 100
CALLS = 1000 if IS_LONG else 50
CHATS = CALLS // 5
A_ROUND = 8  # rows, before it is looked again what is owed
AT = 10.0  # seconds; everything happens at one moment, within every lease
PATIENCE = 900.0 if IS_LONG else 60.0
POLICIES = ("all", "result")
NOT_NOW = TryAgain("It asked for a pause.", 0.0, "limited")
"""One that opens no breaker, and is tried again at once: time stands still here."""


@pytest.fixture
def desk(store, now):
    return Desk(store, now, POLICIES)


def counted(desk, table):
    with desk.store.read() as db:
        return db.execute(select(func.count()).select_from(table)).scalar_one()


def test_the_same_notification_a_hundred_times_at_once_is_one_call(desk):
    desk.know()
    snapshot, barrier = desk.snapshot(), threading.Barrier(THREADS)

    def hear(number):
        if number < THREADS:
            barrier.wait()
        return desk.hear("pickUp" if number % 2 else "offer", snapshot=snapshot)

    with ThreadPoolExecutor(THREADS) as pool:
        answers = list(pool.map(hear, range(REPEATS)))

    print(f"\n{REPEATS} notifications of one call in {THREADS} threads: {counted(desk, tables.notifications)} rows")
    assert len(answers) == REPEATS
    assert counted(desk, tables.notifications) == 2  # one for each status
    assert counted(desk, tables.calls) == 1
    assert counted(desk, tables.deliveries) == len(POLICIES)
    assert desk.calls()[0].status == "answered"


class Hands:
    """Who holds what, as those who hold it see it: asks nothing of the store."""

    def __init__(self) -> None:
        self.told: list[tuple[int, str]] = []
        """(delivery, status) of what was said to be done, in order."""
        self.claims = self.refused = 0
        self.clashes: list[str] = []
        self._held: Counter[object] = Counter()
        self._lock = threading.Lock()

    def take(self, claim) -> None:
        with self._lock:
            self.claims += 1
            for thing in self._things(claim):
                self._held[thing] += 1
                if self._held[thing] > 1:
                    self.clashes.append(f"{thing} was in two hands")

    def refuse(self) -> None:
        with self._lock:
            self.refused += 1

    def let_go(self, claim, outcome) -> None:
        with self._lock:
            self._held.subtract(self._things(claim))
            if outcome is DONE:
                self.told.append((claim.delivery_id, claim.call.status))

    @staticmethod
    def _things(claim):
        return ("delivery", claim.delivery_id), ("chat", claim.connection_id, claim.call.caller.chat_id)


class Worker:
    """Goes over every delivery, in an order of its own, until none is owed. One attempt in four fails."""

    def __init__(self, desk, hands, dice) -> None:
        self.desk, self.hands, self.dice = desk, hands, dice

    def work(self, is_over) -> None:
        while not is_over():
            ids = owed(self.desk)
            for delivery_id in self.dice.sample(ids, min(len(ids), A_ROUND)):
                self.tell(delivery_id)

    def tell(self, delivery_id) -> None:
        claim = self.desk.claim(delivery_id, after=AT)
        if claim is None:
            self.hands.refuse()
            return
        self.hands.take(claim)
        time.sleep(0)
        outcome = NOT_NOW if self.dice.random() < 0.25 else DONE
        self.hands.let_go(claim, outcome)
        self.desk.settle(claim, outcome, after=AT)


@pytest.mark.timeout(1200 if IS_LONG else 120)
def test_32_threads_tell_the_same_calls_and_none_is_in_two_hands(desk):
    print(f"\nseed {SEED}")
    for number in range(CHATS):
        desk.know(chat(number))
    for number in range(CALLS):
        desk.hear("offer", id_message=f"C{number}", chat=chat(number))
    hands, snapshot, deadline = Hands(), desk.snapshot(), time.monotonic() + PATIENCE
    all_heard = threading.Event()

    def is_over():
        assert time.monotonic() < deadline, "something is still owed"
        return all_heard.is_set() and not owed(desk)

    def outcomes():
        """While the ringing is being told, the same rows come to owe the outcome."""
        for number in random.Random(SEED).sample(range(CALLS), CALLS):
            desk.hear("pickUp", 2.0, id_message=f"C{number}", chat=chat(number), snapshot=snapshot)
        all_heard.set()

    workers = [Worker(desk, hands, random.Random(SEED + number)) for number in range(THREADS - 1)]
    ids = list(range(1, CALLS * len(POLICIES) + 1))
    began = time.monotonic()
    with ThreadPoolExecutor(THREADS) as pool:
        futures = [pool.submit(outcomes), *(pool.submit(worker.work, is_over) for worker in workers)]
    for future in futures:
        future.result()

    answered = [delivery for delivery, status in hands.told if status == "answered"]
    twice = [told for told, times in Counter(hands.told).items() if times > 1]
    print(
        f"{CALLS} calls of {CHATS} people, {THREADS} threads, {time.monotonic() - began:.1f} s: {hands.claims} claims, "
        f"{hands.refused} refused, {len(hands.clashes)} double; "
        f"lost {len(ids) - len(set(answered))}, twice {len(twice)}"
    )
    assert hands.clashes == []
    assert sorted(answered) == ids == sorted(rows(desk))
    assert twice == []
    assert hands.refused > CALLS, "nobody ever stood in anybody's way"


def chat(number):
    return f"1555{number % CHATS:07}@c.us"


def rows(desk):
    with desk.store.read() as db:
        return db.execute(select(tables.deliveries.c.id)).scalars().all()


def owed(desk):
    with desk.store.read() as db:
        return db.execute(select(tables.deliveries.c.id).where(tables.deliveries.c.state == "due")).scalars().all()

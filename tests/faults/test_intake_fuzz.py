"""Whatever is brought to the intake is answered within a second, never with a 5xx, and never ends a process.

Bodies near real notifications go through the whole application, in front of a real store; a call without any fault
comes between them now and then, and has to be written down.

    pytest -s tests/faults/test_intake_fuzz.py
    RINGBRIDGE_FAULTS=long pytest -s tests/faults/test_intake_fuzz.py     1 000 000 bodies
    RINGBRIDGE_SEED=7 …                                                   the same bodies again

Hypothesis draws some, and finds the smallest of those that fail; dice change real ones into many more. `fuzz_intake.py`
beside this looks for bodies by the code that they reach.
"""

from __future__ import annotations

import os
import random
import time

import pytest
from door import Door
from hypothesis import HealthCheck, Phase, given, seed, settings
from mutations import Mutations
from oddities import BODIES, TOKENS
from sqlalchemy import func, select

from bridge.store.tables import notifications

IS_LONG = os.environ.get("RINGBRIDGE_FAULTS") == "long"
SEED = int(os.environ.get("RINGBRIDGE_SEED", time.time_ns() % 10_000))
DRAWN = 20_000 if IS_LONG else 400  # on each of two stores
CHANGED = {"sqlite": 700_000, "postgresql": 260_000} if IS_LONG else {"sqlite": 2000, "postgresql": 1000}
BLOCK = 1000 if IS_LONG else 400  # Hypothesis remembers what it tried: blocks bound that, and what is stored
SANE_EVERY = 50
LONGEST_ANSWER = 1.0  # seconds
AGAIN = 3
WRONG_TOKENS = ["Bearer wrong", "", "Bearer", "Bearer \xff", "s3cret"]
PLAIN = settings(
    deadline=None, database=None, phases=(Phase.generate, Phase.shrink), suppress_health_check=list(HealthCheck)
)


class Fuzz:
    """Brings bodies to a door, and judges each answer. `late` came so once, and not again: that was the machine."""

    def __init__(self, store, now) -> None:
        self.door, self._store = Door(store, now), store
        self.tried = self.kept = self.lost = self.late = 0

    def bring(self, body: bytes, token: str) -> None:
        self.tried += 1
        status, took = self.door.knock(body, token)
        self.late += took > LONGEST_ANSWER
        for _ in range(AGAIN):  # a body that is slow is slow each time; a machine that was busy is not
            if took > LONGEST_ANSWER:
                _, took = self.door.knock(body, token)
        assert status in (200, 401), "neither taken nor refused"
        assert took <= LONGEST_ANSWER
        if self.tried % SANE_EVERY == 0:
            self.door.knock_sanely()

    def clear(self) -> None:
        with self._store.read() as db:
            self.kept += db.execute(select(func.count()).select_from(notifications)).scalar()
        self.lost += self.door.clear()

    def verdict(self, began: float) -> None:
        name, took = self._store.engine.dialect.name, time.monotonic() - began
        print(f"\nseed {SEED}, {name}: {self.tried} bodies in {took:.0f} s, answers {dict(self.door.answers)}")
        print(f"{self.kept} written down; of {self.door.sane} sane calls {self.lost} lost")
        print(f"slowest answer {self.door.slowest * 1000:.0f} ms, {self.late} late and not late when tried again")
        assert self.lost == 0
        assert self.door.sane >= self.tried // SANE_EVERY
        assert self.kept - self.door.sane > self.tried / 20, "too few of them reached the store"
        assert self.door.answers[401] > self.tried / 50


@pytest.mark.timeout(4 * 3600 if IS_LONG else 120)
def test_nothing_that_hypothesis_draws_is_answered_late_or_with_an_error(store, now, caplog):
    caplog.set_level("ERROR", "bridge")  # a line for each would be kept until the end
    fuzz, began = Fuzz(store, now), time.monotonic()

    def block(number: int) -> None:
        @seed(SEED * 1_000_000 + number)
        @settings(PLAIN, max_examples=BLOCK)
        @given(body=BODIES, token=TOKENS)
        def bring(body, token):
            fuzz.bring(body, token)

        bring()

    number = 0
    while fuzz.tried < DRAWN:
        block(number)
        fuzz.clear()
        number += 1
    fuzz.verdict(began)
    assert caplog.records == []


@pytest.mark.timeout(4 * 3600 if IS_LONG else 120)
def test_no_real_notification_that_dice_have_changed_is_answered_late_or_with_an_error(store, now, caplog):
    caplog.set_level("ERROR", "bridge")
    fuzz, began = Fuzz(store, now), time.monotonic()
    many = CHANGED[store.engine.dialect.name]
    mutations, dice, seen = Mutations(SEED), random.Random(SEED), set()
    for number in range(1, many + 1):
        body = mutations.body()
        seen.add(hash(body))
        token = dice.choice(WRONG_TOKENS) if dice.random() < 0.05 else "Bearer s3cret"
        try:
            fuzz.bring(body, token)
        except Exception:
            print(f"\nseed {SEED}, number {number}: {body!r}")
            raise
        if number % BLOCK == 0 or number == many:
            fuzz.clear()
    print(f"\n{len(seen)} different ones")
    fuzz.verdict(began)
    assert len(seen) > many * 0.8
    assert caplog.records == []

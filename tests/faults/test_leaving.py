"""Processes are asked to leave, over and over, in the middle of their work: they finish what they began, and go.

pytest -s tests/faults/test_leaving.py                          a few of each shape
RINGBRIDGE_FAULTS=long pytest -s tests/faults/test_leaving.py   100 of each
RINGBRIDGE_SEED=7 …                                             the same dice again
"""

from __future__ import annotations

import os
import random
import threading
import time
from collections import Counter
from itertools import count, cycle, islice

import pytest
from killer import Killer
from road import Road, until

from tasks.demo.crm import Fault

IS_LONG = os.environ.get("RINGBRIDGE_FAULTS") == "long"
SEED = int(os.environ.get("RINGBRIDGE_SEED", time.time_ns() % 10_000))
TIMES = 100 if IS_LONG else 3
EVERY = 0.4  # seconds between calls
LONGEST = 10.0  # seconds to leave in, for 99 of 100
CHATS = [f"1555{number:07}@c.us" for number in range(40)]


class Slow:
    """A system that writes at once and answers late, so that there is always something under way."""

    def take(self, key: str) -> Fault | None:
        return None if " " in key else Fault(name=key, mode="apply_then_hang", seconds=1.0)


@pytest.fixture
def road(tmp_path, shape):
    contacts = {chat: {"name": f"Caller {chat[:11]}", "contactName": ""} for chat in CHATS}
    with Road(tmp_path, ("all",), shape, contacts=contacts, lookups_per_second=50.0) as road:
        yield road


def rung(road, dice, done):
    """Ring until it is over; returns the calls."""
    calls = []
    for number in count():
        if done.is_set():
            return calls
        calls.append(road.ring(CHATS[number % len(CHATS)], "declined", after=dice.uniform(0.1, 1.0)))
        time.sleep(EVERY)
    return calls


def left(road, killer, name):
    """Ask one process to leave; returns how long that took, and what of its own it left leased."""
    process = road.processes[name]
    began = time.monotonic()
    process.terminate()
    code = process.wait(60)
    took = time.monotonic() - began
    assert code == 0, f"{name} left with {code}"
    return took, killer.leases(process.pid)


def back(road, name):
    """Start it again, and wait until it is ready: before that nothing is begun that could be finished."""
    road.start_again(name)
    road.parts_started += name in ("worker", "worker-2", "beat")
    until(lambda: not road.split or road.log().count(" is ready") >= road.parts_started, 60, f"{name} to be ready")
    until(road.is_ready, 60, "the bridge to be at work again")


@pytest.mark.timeout(3600 if IS_LONG else 400)
def test_whoever_is_asked_to_leave_finishes_what_was_begun_and_is_gone_in_time(road):
    print(f"\nseed {SEED}")
    road.crm._faults = Slow()
    road.start(workers=2)
    killer, done, calls, dice = Killer(road, SEED), threading.Event(), [], random.Random(SEED)
    ringing = threading.Thread(target=lambda: calls.extend(rung(road, random.Random(SEED), done)))
    ringing.start()
    took: Counter[str] = Counter()
    seconds, leased, busy = [], [], 0
    names = dice.sample(sorted(road.processes), len(road.processes))
    for name in islice(cycle(names), TIMES):
        time.sleep(dice.uniform(0.5, 1.5))
        busy += bool(killer.leases(road.processes[name].pid))
        one, left_behind = left(road, killer, name)
        took[name] += 1
        seconds.append(one)
        leased += left_behind
        back(road, name)
    done.set()
    ringing.join()
    until(road.green_api.idle, 120, "GREEN-API to be rid of everything")
    road.told(calls)
    until(lambda: road.run("delivery", "list", "--state", "due", "--json").strip() == "[]", 60, "nothing owed")
    road.stop()
    killer.close()

    kept = Counter(road.kept())
    lost = [call for call in calls if f"{call}-missed" not in kept]
    twice = [key for key, times in kept.items() if times > 1]
    slowest = sorted(seconds)[max(0, -(-99 * len(seconds) // 100) - 1)]
    print(
        f"{len(seconds)} processes asked to leave ({dict(took)}), {busy} of them with leases; p99 {slowest:.1f} s, "
        f"longest {max(seconds):.1f} s; left leased {len(leased)}; {len(calls)} calls, lost {len(lost)}, "
        f"twice {len(twice)}, requests repeated {sum(road.requests().values()) - sum(kept.values())}"
    )
    assert (lost, twice, leased) == ([], [], [])
    assert slowest <= LONGEST
    assert busy > 0, "nobody had anything to finish: this proved nothing"

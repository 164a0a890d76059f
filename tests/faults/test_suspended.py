"""A worker is frozen for two leases in the middle of its requests, and then goes on as if nothing had happened.

A process that is stopped cannot know it: it wakes up with answers to requests that others have long repeated. Its
answers are refused under the fence, and the receiver has each record once.

    pytest -s tests/faults/test_suspended.py                          8 calls
    RINGBRIDGE_FAULTS=long pytest -s tests/faults/test_suspended.py   20 times as many freezes
"""

from __future__ import annotations

import os
import signal
import time
from collections import Counter

import pytest
from road import Road, until

from tasks.demo.crm import Fault

IS_LONG = os.environ.get("RINGBRIDGE_FAULTS") == "long"
FREEZES = 20 if IS_LONG else 1
CALLS = 8  # in the middle of which each freeze comes
LEASE = 3.0  # seconds
CHATS = [f"1555{number:07}@c.us" for number in range(CALLS)]
LOST = "lease was lost before settling"


@pytest.fixture
def road(tmp_path, shape):
    contacts = {chat: {"name": f"Caller {chat[:11]}", "contactName": ""} for chat in CHATS}
    more = {"RINGBRIDGE_LEASE_SECONDS": str(LEASE)}
    with Road(tmp_path, ("all",), shape, contacts=contacts, lookups_per_second=50.0, **more) as road:
        yield road


def frozen(road, under_way):
    """Freeze the worker with so many requests under way and others about to be, for two leases; returns the calls."""
    # The answers come while it is frozen; those who repeat the requests meanwhile are answered at once.
    road.crm.fault(Fault(name="all", mode="apply_then_hang", seconds=2.0, count=CALLS))
    calls = [road.ring(chat, "declined", after=0.1) for chat in CHATS]
    until(lambda: road.crm.hanging >= under_way, what="requests to be under way")
    worker = road.carrier
    os.killpg(worker.pid, signal.SIGSTOP)
    if road.split:
        road.start_again("second")
        road.parts_started += 1
    time.sleep(2 * LEASE)
    if road.split:
        road.told(calls)  # by the other worker
    os.killpg(worker.pid, signal.SIGCONT)
    return calls


@pytest.mark.timeout(1200 if IS_LONG else 180)
def test_a_worker_that_sleeps_through_two_leases_in_its_requests_doubles_nothing(road):
    road.start()
    road.commands["second"] = (["worker"], {})
    calls = []
    for number in range(FREEZES):
        calls += frozen(road, CALLS // 2 - number % (CALLS // 2))
        road.crm.fault(Fault(name="all", count=0))
        road.told(calls)
        until(lambda: road.run("delivery", "list", "--state", "due", "--json").strip() == "[]", 60, "nothing owed")
        if road.split:
            second = road.processes.pop("second")
            second.terminate()
            assert second.wait(30) == 0
    road.stop()

    kept = Counter(road.kept())
    twice = [key for key, times in kept.items() if times > 1]
    lost = [call for call in calls if f"{call}-missed" not in kept]
    place = {key: number for number, key in enumerate(kept)}
    late = [call for call in calls if place.get(f"{call}-ringing", -1) > place.get(f"{call}-missed", len(kept))]
    rejections = road.log().count(LOST)
    repeated = sum(road.requests().values()) - sum(kept.values())
    print(
        f"\n{FREEZES} freezes of {2 * LEASE:g} s, {len(calls)} calls: "
        f"lost {len(lost)}, twice {len(twice)}, order {len(late)}; {rejections} settlements refused under the fence, "
        f"{repeated} requests repeated"
    )
    assert (lost, twice, late) == ([], [], [])
    assert rejections > 0 or not road.split, "nobody woke up to a lease that was lost: this proved nothing"

"""Whoever polls is killed, joined, and taken out of the middle of its work; every call is told once all the same.

Counted by the receiver, and by GREEN-API's own log: which of its questions came from whom, and what was deleted.
"""

from __future__ import annotations

import json
import os
import signal
from collections import defaultdict
from itertools import pairwise
from pathlib import Path

import pytest
from road import ANNA, BORIS, ID_INSTANCE, Road, until

LINES = [str(7103000000 + number) for number in range(100)]


def told_once(road, calls, outcome="missed"):
    """Every call was told to its end, and nothing twice."""
    until(lambda: {f"{call}-{outcome}" for call in calls} <= set(road.kept()), what="every outcome to be told")
    kept = road.kept()
    assert len(kept) == len(set(kept))
    assert {one.rsplit("-", 1)[0] for one in kept} == set(calls)


def polls(road):
    """Who asked for the notifications of each instance, in the order of the answers."""
    peers = defaultdict(list)
    for entry in road.green_api.log.entries():
        if entry["what"] == "polled":
            peers[entry["id_instance"]].append(entry["peer"])
    return peers


def never_two_at_once(road):
    """No instance was asked for by another before the one that had asked was done with it."""
    changes = [sum(one != other for one, other in pairwise(peers)) for peers in polls(road).values()]
    return changes == [len(set(peers)) - 1 for peers in polls(road).values()]


def memory(process):
    """Megabytes that a process holds."""
    status = Path(f"/proc/{process.pid}/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0]) / 1024


@pytest.mark.parametrize(
    ("shape", "point"),
    [("embedded", "received"), ("embedded", "committed"), ("embedded", "deleted"), ("split", "committed")],
    indirect=["shape"],
)
def test_killed_between_receiving_and_the_doorbell(tmp_path, shape, point):
    with Road(tmp_path, ("all",), shape, door="poll") as road:
        road.start(RINGBRIDGE_CRASH_AT=point)
        calls = [road.ring(chat, "declined", after=0.5) for chat in (ANNA, BORIS)]
        until(lambda: road.fetcher.poll() == -signal.SIGKILL, what="the poller to die")
        road.kill()
        road.start()
        until(road.green_api.idle, what="GREEN-API to be rid of everything")

        told_once(road, calls)
        assert {call["source"] for call in road.calls()} == {"poll"}


@pytest.mark.parametrize("shape", ["split"], indirect=True)
def test_one_of_two_is_killed_and_the_other_goes_on(tmp_path, shape):
    with Road(tmp_path, ("all",), shape) as road:
        road.others = LINES[:6]
        for id_instance in road.others:
            road.account(id_instance, {})
        road.apply()
        road.start()
        until(lambda: len(polls(road)) == 6, what="all to be polled")
        road.start_one("second", ["poll"], {})
        until(lambda: road.log().count("poller is ready") == 2, what="the second to be ready")
        before = [road.ring(at=one, outcome="declined", after=0.1) for one in road.others]
        told_once(road, before)
        assert never_two_at_once(road)
        os.killpg(road.fetcher.pid, signal.SIGKILL)
        after = [road.ring(at=one, outcome="declined", after=0.1) for one in road.others]
        until(road.green_api.idle, what="the other to go on")

        told_once(road, before + after)


def test_from_push_to_poll_and_back_with_calls_going_on(tmp_path):
    with Road(tmp_path) as road:
        road.start()
        calls = []
        for door in ("webhook", "poll", "webhook"):
            road.door = door
            calls += [road.ring(chat, "declined", after=1.0) for chat in (ANNA, BORIS)]
            road.account(ID_INSTANCE, {})
            calls += [road.ring(chat, "declined", after=1.5) for chat in (ANNA, BORIS)]
            road.apply()
            calls += [road.ring(chat, "declined", after=0.1) for chat in (ANNA, BORIS)]
            until(road.green_api.idle, what=f"everything to be taken by the {door}")

        told_once(road, calls)
        # Whoever changes the way reads the journal as well, and may find a call there before it is brought.
        assert {call["source"] for call in road.calls()} - {"journal"} == {"webhook", "poll"}


def test_a_hundred_instances_in_one_process(tmp_path):
    with Road(tmp_path, door="poll") as road:
        road.start()
        until(lambda: len(polls(road)) == 1, what="the first to be polled")
        alone = memory(road.fetcher)
        road.others = LINES
        for id_instance in LINES:
            road.account(id_instance, {})
        road.apply()
        until(lambda: len(polls(road)) >= 1 and _polled(road) == 101, what="all to be polled")
        calls = [road.ring(at=one, outcome="declined", after=0.2) for one in LINES]
        told_once(road, calls)

        assert never_two_at_once(road)
        assert memory(road.fetcher) - alone < 100
        road.stop()


def _polled(road):
    """How many instances somebody polls with success, as `instance list` has it."""
    return sum(one["reason"] is None for one in json.loads(road.run("instance", "list", "--json")))

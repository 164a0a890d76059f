"""The clock of every process is set an hour back and forward, again and again, in the middle of requests and pauses.

Nothing may wait for longer than a lease, and no request may be repeated: a lease that ended with the clock's leap would
be taken by another while its request is under way. While a clock is an hour ahead of GREEN-API's every ringing looks
an hour old, and is not told; outcomes are.

    pytest -s tests/faults/test_clock_steps.py                          an hour back, and forward to the right time
    RINGBRIDGE_FAULTS=long pytest -s tests/faults/test_clock_steps.py   40 steps
"""

from __future__ import annotations

import os
import sys
from collections import Counter
from pathlib import Path

import pytest
from road import Road, until

from tasks.demo.crm import Fault

IS_LONG = os.environ.get("RINGBRIDGE_FAULTS") == "long"
STEPS = (-3600, 0, 3600, 0) * 10 if IS_LONG else (-3600, 0)
"""By how many seconds the clock is ahead from then on."""
LEASE = 4.0  # seconds
NOISE = 10.0  # seconds that a machine under load may take for what is due
UNDER_WAY, REFUSED = 3, 3
OUTCOME = "call.missed"  # ringing of a call that is over would not be told again in any case
CHATS = [f"1555{number:07}@c.us" for number in range(UNDER_WAY + REFUSED)]
SETTABLE = Path(__file__).parents[1] / "support" / "settable.py"
SAID = ("the clock was set back", "the clock was set forward")


@pytest.fixture
def road(tmp_path, shape, monkeypatch):
    monkeypatch.setattr("tasks.demo.crm._TOLERANCE", 2 * 3600)  # or it would refuse what is signed at the wrong time
    contacts = {chat: {"name": f"Caller {chat[:11]}", "contactName": ""} for chat in CHATS}
    more = {"RINGBRIDGE_LEASE_SECONDS": str(LEASE)}
    with Road(tmp_path, ("all",), shape, contacts=contacts, lookups_per_second=50.0, **more) as road:
        road.program = [sys.executable, str(SETTABLE), str(tmp_path / "ahead")]
        set_clock(tmp_path, 0)
        yield road


def set_clock(folder: Path, ahead: float) -> None:
    draft = folder / "ahead.new"
    draft.write_text(str(ahead))
    draft.replace(folder / "ahead")  # nobody reads half of it


def calls_in_the_middle(road):
    """Some with their request under way, and some that were refused and wait to be tried again."""
    before = answers(road)[503]
    road.crm.fault(Fault(name="all", mode="refuse", count=REFUSED, type=OUTCOME))
    refused = [road.ring(chat, "declined", after=0.0) for chat in CHATS[:REFUSED]]
    until(lambda: answers(road)[503] >= before + REFUSED, what="requests to be refused")
    road.crm.fault(Fault(name="all", mode="apply_then_hang", seconds=1.5, count=UNDER_WAY, type=OUTCOME))
    under_way = [road.ring(chat, "declined", after=0.0) for chat in CHATS[REFUSED:]]
    until(lambda: road.crm.hanging, what="requests to be under way")
    return refused + under_way


def answers(road):
    return Counter(entry["answer"] for entry in road.crm.log.entries())


@pytest.mark.timeout(1800 if IS_LONG else 180)
def test_a_clock_that_is_set_by_an_hour_doubles_nothing_and_holds_nothing_up(road, tmp_path):
    road.start(workers=2)
    calls, seconds = [], []
    for ahead in STEPS:
        begun = calls_in_the_middle(road)
        set_clock(tmp_path, ahead)
        seconds.append(road.told(begun, seconds=LEASE + NOISE))
        until(lambda: not road.crm.hanging, what="the answers to what was under way")
        calls += begun
    until(road.green_api.idle, what="GREEN-API to be rid of everything")
    until(lambda: road.run("delivery", "list", "--state", "due", "--json").strip() == "[]", what="nothing owed")
    road.stop()

    kept = Counter(road.kept())
    lost = [call for call in calls if f"{call}-missed" not in kept]
    twice = [key for key, times in kept.items() if times > 1]
    repeated = sum(road.requests().values()) - answers(road)[503] - sum(kept.values())
    noticed = {said: road.log().count(said) for said in SAID}
    print(
        f"\n{len(STEPS)} steps of an hour, {len(calls)} calls: lost {len(lost)}, twice {len(twice)}, requests repeated "
        f"{repeated}; all told {max(seconds):.1f} s after a step at the latest, lease {LEASE:g} s; noticed {noticed}"
    )
    assert (lost, twice, repeated) == ([], [], 0)
    assert all(noticed[said] >= len(STEPS) / 2 for said in SAID)

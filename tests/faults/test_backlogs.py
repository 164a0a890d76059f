"""We were away for an hour, and GREEN-API kept everything: no popup comes late, and each outcome is told once."""

from __future__ import annotations

import time
from collections import Counter

import pytest
from road import ID_INSTANCE, Road, until

CALLS = 150
HOUR = 3600
OUTCOMES = {"pickUp": "answered", "hungUp": "dropped", "declined": "missed"}


@pytest.fixture
def road(tmp_path, shape):
    with Road(tmp_path, ("all", "ring"), shape, lookups_per_second=100) as road:
        yield road


def test_a_backlog_of_an_hour_is_told_without_ringing_and_once(road):
    then = int(time.time()) - HOUR
    calls = {}
    for number in range(CALLS):
        outcome = list(OUTCOMES)[number % 3]
        chat = f"1555{ID_INSTANCE[:3]}{number:04}@c.us"
        calls[road.ring(chat, outcome, after=0.2, timestamp=then + 10 * number)] = OUTCOMES[outcome]
    time.sleep(1)  # all of it is waiting at GREEN-API by now
    began = time.time()
    road.start()
    until(lambda: road.green_api.idle(), 60, what="GREEN-API to be rid of it")
    took = max(at for _, _, at in road.pushed()) - min(at for _, _, at in road.pushed())
    until(lambda: len(road.kept("all")) >= CALLS, 120, what="every outcome to be told")
    road.stop()

    statuses = {call["id"]: call["status"] for call in road.calls()}
    ringing = [one for name in ("all", "ring") for one in road.kept(name) if one.endswith("-ringing")]
    repeated = [one for one, count in Counter(road.kept("all")).items() if count > 1]
    print(
        f"{2 * CALLS} notifications taken at {2 * CALLS / took:.0f}/s, all told {time.time() - began:.0f} s after the"
    )
    print(
        f"start; {len(ringing)} ringing told, {list(statuses.values()).count('unknown')} unknown, {len(repeated)} twice"
    )

    assert ringing == []
    assert statuses == calls
    assert repeated == []
    assert sorted(road.kept("all")) == sorted(f"{call}-{status}" for call, status in calls.items())

"""A system refuses our credentials for a while: whatever it is owed is held, and goes out when it takes them again.

`RINGBRIDGE_FAULTS=long` makes the while ten minutes.
"""

from __future__ import annotations

import json
import os
import time
from collections import Counter

import pytest
from road import Road, until

from tasks.demo.crm import PING, Fault

SECONDS = 600 if os.environ.get("RINGBRIDGE_FAULTS") == "long" else 6
PROBE_SECONDS = 2
CALLS_PER_SECOND = 4
RINGS_FOR = 1.0


@pytest.fixture
def road(tmp_path, shape):
    with Road(tmp_path, ("all",), shape, lookups_per_second=100) as road:
        yield road


class Load:
    """Rings by the clock, each call somebody else's."""

    def __init__(self, road):
        self.road, self.calls = road, []

    def go_on(self, seconds):
        """Returns the calls that were rung, every one of them over."""
        began, rung = time.monotonic(), []
        for number in range(round(seconds * CALLS_PER_SECOND)):
            time.sleep(max(0.0, began + number / CALLS_PER_SECOND - time.monotonic()))
            rung.append(self.road.ring(f"1555{len(self.calls):07}@c.us", "declined", after=RINGS_FOR))
            self.calls.append(rung[-1])
        until(self.road.green_api.idle, what="GREEN-API to be rid of it")
        return rung


def listed(road):
    [connection] = json.loads(road.run("connection", "list", "--json"))
    return connection["state"], connection["paused_by"]


@pytest.mark.timeout(900)
def test_what_came_while_credentials_were_refused_is_told_once_and_without_anybodys_doing(road):
    road.start(RINGBRIDGE_PROBE_SECONDS=str(PROBE_SECONDS))
    load = Load(road)
    load.go_on(2)
    road.crm.fault(Fault(name="all", mode="refuse", status=401))
    refused_at = time.time()
    load.go_on(1)
    until(lambda: listed(road) == ("paused", "credentials"), what="the connection to be paused")
    meanwhile = load.go_on(SECONDS)
    assert listed(road) == ("paused", "credentials")
    road.crm.fault(Fault(name="all", count=0))
    restored_at = time.time()
    until(lambda: listed(road) == ("active", None), what="the connection to be told again")
    resumed_after = time.time() - restored_at
    load.go_on(2)
    owed = {f"{call}-missed" for call in load.calls}
    until(lambda: owed <= set(road.kept()), 60 + SECONDS, what="every outcome to be told")
    road.stop()

    refused = [entry for entry in road.crm.log.entries() if refused_at < entry["at"] < restored_at]
    pings = sum(entry["type"] == PING for entry in refused)
    twice = [one for one, times in Counter(road.kept()).items() if times > 1]
    rang = [call for call in meanwhile if f"{call}-ringing" in road.kept()]
    lost = len(owed - set(road.kept()))
    shape, after = "split" if road.split else "embedded", f"{resumed_after:.1f} s after"
    print(
        f"{shape}: refused for {restored_at - refused_at:.0f} s; {len(refused) - pings} messages, {pings} probes sent"
    )
    print(f"meanwhile; told again {after}; of {len(load.calls)} calls {lost} lost, {len(twice)} twice;")
    print(f"of {len(meanwhile)} that came meanwhile {len(rang)} told to ring")

    assert twice == []
    assert rang == []
    assert pings >= 2
    assert {call["deliveries"][0]["state"] for call in road.calls()} == {"delivered"}

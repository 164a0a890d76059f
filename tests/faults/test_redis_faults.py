"""Redis is emptied, stopped, cut off or left half-open under load: nothing is lost, and GREEN-API never hears of it.

Two workers, `web` and `beat` over a Redis of our own; where the line to it is bad, all of them have it through a proxy.
Fifteen seconds begin when a fault is over or, with half-open connections, has begun. Within them every worker tells
something again, or else has left or turned red, so that its supervisor starts another.

    pytest -s tests/faults/test_redis_faults.py                             moments
    RINGBRIDGE_FAULTS=long pytest -s tests/faults/test_redis_faults.py      stopped for a minute, emptied every 10 s
    RINGBRIDGE_SEED=7 …                                                     the same calls again
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from contextlib import ExitStack

import pytest
from fault_proxy import fault_proxy
from road import Road
from traffic import CONTACTS, STATUS, Traffic, counted

from bridge.queue import NOTES, RING
from tasks.demo.crm import Fault

IS_LONG = os.environ.get("RINGBRIDGE_FAULTS") == "long"
SEED = int(os.environ.get("RINGBRIDGE_SEED", time.time_ns() % 10_000))
EVERY = 0.2  # seconds between calls
A_WHILE = 60.0 if IS_LONG else 2.0
FLUSHES, BETWEEN_FLUSHES = (12, 10.0) if IS_LONG else (3, 0.7)
TIMES = 5 if IS_LONG else 1  # that connections are killed, or left half-open
AT_WORK_WITHIN = 15.0  # seconds
WORKERS = ("worker", "worker-2")
ANSWERS_IN = 0.3  # seconds, so that something is always under way
PREFIX = "ringbridge:"


@pytest.fixture
def started(tmp_path, shape):
    """Starts a road of the split shape over the Redis at a port."""
    with ExitStack() as stack:

        def start(port):
            addresses = {**shape, "RINGBRIDGE_BROKER_URL": f"redis://127.0.0.1:{port}/0"}
            road = Road(tmp_path, ("all",), addresses, contacts=CONTACTS, lookups_per_second=50.0)
            stack.enter_context(road).crm.fault(Fault(name="all", mode="apply_then_hang", seconds=ANSWERS_IN))
            own = {name: {"RINGBRIDGE_ALIVE_FILE": str(alive_file(road, name))} for name in WORKERS}
            road.start(workers=len(WORKERS), own=own)
            return road

        yield start


def alive_file(road, name):
    return road.folder / f"{name}.alive"


def told(road, name):
    """(call's id, status) of all that this worker has told, by its own log."""
    log = (road.folder / f"{name}.log").read_text()
    return set(re.findall(r"delivery settled.* call_id=(\S+) .*status=(\S+)", log))


def heard_since(road, then):
    """(call's id, status) of what GREEN-API has sent since then."""
    return {(call, STATUS.get(word, "ringing")) for call, word, at in road.pushed() if at > then}


def is_to_be_replaced(road, name):
    """Whether its supervisor would start it again: it has left, or its health check is red."""
    if road.processes[name].poll() is not None:
        return True
    check = {**os.environ, "RINGBRIDGE_ALIVE_FILE": str(alive_file(road, name))}
    asked = subprocess.run([sys.executable, "-m", "bridge.alive"], env=check, capture_output=True, check=False)
    return asked.returncode == 1


def recovered(road, what):
    """Each worker is at work again, or to be replaced, in time. Only what is heard of from now on proves work."""
    began, then, waiting, found = time.monotonic(), time.time(), set(WORKERS), []
    while waiting:
        time.sleep(0.1)
        seconds = time.monotonic() - began
        for name in sorted(waiting):
            if told(road, name) & heard_since(road, then):
                found.append(f"{name} at work after {seconds:.1f} s")
            elif seconds > AT_WORK_WITHIN:
                assert is_to_be_replaced(road, name), f"{name} is deaf and green {seconds:.1f} s after: {what}"
                found.append(f"{name} to be replaced after {seconds:.1f} s")
                replaced(road, name)
            else:
                continue
            waiting.discard(name)
    print(f"{what}: {', '.join(found)}")


def replaced(road, name):
    """Do what its supervisor would."""
    road.processes[name].kill()
    road.processes[name].wait()
    road.start_again(name)


def emptied(client):
    """FLUSHALL; returns how many messages went with it, waiting or taken by a worker and not acknowledged."""
    with client.pipeline() as together:
        for queue in (RING, NOTES):
            together.llen(PREFIX + queue)
        together.hlen(f"{PREFIX}unacked").flushall()
        *messages, _ = together.execute()
    return sum(messages)


def total(counts):
    return ", ".join(f"{number} {what}" for what, number in counts.items())


def verdict(road, traffic, began):
    """Nothing lost, doubled or out of order; nothing asked twice; and no answer but 200 to GREEN-API."""
    ended = time.monotonic()
    count = counted(road, traffic.outcomes, patience=90.0)
    settled = time.monotonic() - ended
    pushes = [entry for entry in road.green_api.log.entries() if entry["what"] == "pushed"]
    slowest = max(entry["at"] - entry["sent_at"] for entry in pushes)
    wrong = total({what: len(found) for what, found in count.wrong.items()})
    print(f"{len(traffic.outcomes)} calls in {ended - began:.0f} s: {wrong}; {count.repeated} requests repeated")
    print(
        f"{len(pushes)} notifications, {sum(count.refused.values())} answered other than 200; slowest {slowest:.1f} s"
    )
    print(f"nothing owed {settled:.1f} s after the last call")
    assert count.wrong == {"lost": [], "twice": [], "out of order": [], "unknown": []}
    assert count.repeated == 0
    assert not count.refused


@pytest.mark.timeout(900 if IS_LONG else 180)
@pytest.mark.parametrize("shape", ["split"], indirect=True)
def test_redis_is_emptied_its_clients_killed_and_then_it_is_stopped(started, own_redis):
    print(f"\nseed {SEED}")
    road, began = started(own_redis.port), time.monotonic()
    with Traffic(road, SEED, EVERY) as traffic, own_redis.client() as client:
        messages = killed = 0
        for _ in range(FLUSHES):
            time.sleep(BETWEEN_FLUSHES)
            messages += emptied(client)
        recovered(road, f"emptied {FLUSHES} times with {messages} messages")
        for _ in range(TIMES):
            killed += client.client_kill_filter(_type="normal", skipme=True)
            recovered(road, f"CLIENT KILL, {killed} connections by now")
        connections = len(client.client_list()) - 1
        own_redis.stop()
        time.sleep(A_WHILE)
        own_redis.start()
        recovered(road, f"stopped for {A_WHILE:g} s under {connections} connections")
    verdict(road, traffic, began)
    assert messages > 0
    assert killed > 0
    assert connections > 0


@pytest.mark.timeout(900 if IS_LONG else 240)
@pytest.mark.parametrize("shape", ["split"], indirect=True)
def test_the_line_to_redis_is_slow_cut_reset_silent_and_half_open(started, own_redis):
    print(f"\nseed {SEED}")
    with fault_proxy(own_redis.port) as proxy:
        road, began = started(proxy.port), time.monotonic()
        with Traffic(road, SEED, EVERY) as traffic:
            time.sleep(1)
            for mode in ("latency", "cut", "reset", "stall"):
                proxy.become(mode)
                time.sleep(A_WHILE / 2)
                proxy.become("ok")
                recovered(road, f"{mode} for {A_WHILE / 2:g} s")
            for _ in range(TIMES):
                proxy.strand()
                recovered(road, "half-open")
        struck = dict(proxy.struck)
        print(f"struck: {total(struck)} connections or answers")
        verdict(road, traffic, began)
    assert all(struck.get(what, 0) for what in ("late", "cut", "reset", "silent"))

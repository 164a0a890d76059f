"""Requests that are broken on the wire are brought to the real servers, while ordinary ones come in between.

Each connection ends with an answer or is closed within a second, none with a 5xx, nor with those that HTTP suggests for
codings and versions that nobody knows; and the ordinary ones are answered within a second all the while.

    pytest -s tests/faults/test_rough_requests.py
    RINGBRIDGE_FAULTS=long pytest -s tests/faults/test_rough_requests.py     20 000 connections on each server
    RINGBRIDGE_SEED=7 …                                                      the same requests again
"""

from __future__ import annotations

import os
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
import requests
from desk import notification
from road import ANNA, ID_INSTANCE, WEBHOOK_TOKEN, Road, until
from rough import PATH, Rough, send

IS_LONG = os.environ.get("RINGBRIDGE_FAULTS") == "long"
SEED = int(os.environ.get("RINGBRIDGE_SEED", time.time_ns() % 10_000))
CONNECTIONS, AT_ONCE = (20_000 if IS_LONG else 300), 4
LONGEST_ANSWER = 1.0  # seconds


@pytest.fixture
def road(tmp_path, shape):
    with Road(tmp_path, ("all",), shape) as road:
        road.start()
        yield road


class Ordinary(threading.Thread):
    """A missed call ten times a second. `taken` are those answered 200, `refused` what else came of them."""

    def __init__(self, road: Road) -> None:
        super().__init__()
        self._road, self.done = road, threading.Event()
        self.took: list[float] = []
        self.taken: set[str] = set()
        self.refused: list[object] = []

    def run(self) -> None:
        address = f"http://127.0.0.1:{self._road.port}{PATH}"
        headers = {"Authorization": f"Bearer {WEBHOOK_TOKEN}"}
        while not self.done.wait(0.1):
            call = f"ORDINARY{len(self.took)}"
            body = notification("missed", id_message=call, chat=ANNA)
            began = time.monotonic()
            try:
                answer = requests.post(address, json=body, headers=headers, timeout=10)
            except requests.RequestException as error:
                self.refused.append(type(error).__name__)
            else:
                if answer.status_code == 200:
                    self.taken.add(f"{ID_INSTANCE}-{call}-missed")
                else:
                    self.refused.append(answer.status_code)
            self.took.append(time.monotonic() - began)


@pytest.mark.timeout(3600 if IS_LONG else 120)
def test_no_request_however_broken_holds_up_the_others_or_ends_a_server(road):
    print(f"\nseed {SEED}")
    pids = {name: process.pid for name, process in road.processes.items()}
    ordinary = Ordinary(road)
    ordinary.start()
    began = time.monotonic()
    try:
        makers = [Rough(SEED + number, WEBHOOK_TOKEN) for number in range(AT_ONCE)]
        with ThreadPoolExecutor(AT_ONCE) as pool:
            each = CONNECTIONS // AT_ONCE
            batches = pool.map(lambda maker: [send(maker.make(), road.port) for _ in range(each)], makers)
            sent = [one for batch in batches for one in batch]
    finally:
        ordinary.done.set()
        ordinary.join()

    kinds = Counter((one.kind, status) for one in sent for status in one.statuses or [0])
    answered = Counter(status for one in sent for status in one.statuses)
    closed = sum(not one.statuses and not one.silent for one in sent)
    said = f"{dict(sorted(answered.items()))}, {closed} closed without an answer"
    slowest = max(sent, key=lambda one: one.silence)
    print(f"{len(sent)} broken requests in {time.monotonic() - began:.0f} s: {said}")
    slow = [one for one in sent if one.silence > LONGEST_ANSWER]
    print(f"longest silence {slowest.silence:.2f} s ({slowest.kind}), {len(slow)} over {LONGEST_ANSWER:g} s")
    slowest_ordinary = 1000 * max(ordinary.took)
    print(f"{len(ordinary.took)} ordinary ones, slowest {slowest_ordinary:.0f} ms, refused {ordinary.refused}")

    assert [one for one in kinds if one[1] >= 500] == []
    assert [one.kind for one in sent if one.silent] == []
    # A request that is slow is slow each time; a machine that was busy is not.
    late = [send(replace(one, silence=0.0), road.port) for one in slow]
    assert [one for one in late if one.silence > LONGEST_ANSWER] == []
    assert ordinary.refused == []
    assert max(ordinary.took) <= LONGEST_ANSWER
    assert {name: process.pid for name, process in road.processes.items() if process.poll() is None} == pids
    assert not any(word in road.log() for word in ("Traceback", "SIGKILL", "WORKER TIMEOUT"))
    assert answered[400] > len(sent) / 10, "hardly any of them was broken"
    assert answered[200] > len(sent) / 20, "hardly any of them came through"
    until(lambda: ordinary.taken <= set(road.kept()), 60, what="all that was answered 200 to be told")

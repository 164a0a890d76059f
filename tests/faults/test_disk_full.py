"""The disk under the store fills up and is freed, again and again, while calls come in.

Twice: on a file system of 16 MiB that is filled to its last byte (where this account may mount one), and under a limit
to the size of the process's files, which may be set anywhere. Between the two SQLite reports either of its two errors.

    pytest -s tests/faults/test_disk_full.py                          twice filled
    RINGBRIDGE_FAULTS=long pytest -s tests/faults/test_disk_full.py   40 times
"""

from __future__ import annotations

import os
import sqlite3
import time
from collections import Counter
from contextlib import ExitStack, closing

import pytest
from disks import FileLimit, NotPermitted, small_disk
from lacking import lacking
from road import Road, until

IS_LONG = os.environ.get("RINGBRIDGE_FAULTS") == "long"
TIMES = 40 if IS_LONG else 2
CALLS = 6  # rung before the disk is full, and as many while it is
LONGEST = 15.0  # seconds from the disk's being freed to its being told of the first call that rang meanwhile
CHATS = [f"1555{number:07}@c.us" for number in range(CALLS)]


@pytest.fixture(params=["small disk", "file limit"])
def disk(request, tmp_path):
    if request.param == "file limit":
        yield FileLimit()
        return
    with ExitStack() as stack:
        try:
            disk = stack.enter_context(small_disk(tmp_path / "data"))
        except NotPermitted as error:
            lacking(error)  # the file limit is tried in any case
        yield disk


@pytest.fixture
def road(tmp_path, disk):  # the disk outlasts whoever works on it
    contacts = {chat: {"name": f"Caller {chat[:11]}", "contactName": ""} for chat in CHATS}
    with Road(tmp_path, ("all",), contacts=contacts, lookups_per_second=50.0) as road:
        yield road


def stored(road):
    """(call's id, kind) of each notification in the file, read by SQLite alone; kind is the status on the wire."""
    query = "SELECT c.key, json_extract(n.body, '$.status') FROM notifications n JOIN calls c ON c.id = n.call_id"
    with closing(sqlite3.connect(f"file:{road.folder}/data/ringbridge.sqlite3?mode=ro", uri=True)) as db:
        return set(db.execute(query))


def taken(road):
    """(call's id, status on the wire) of each notification that was answered 200."""
    return {(call, status) for call, status, _ in road.pushed()}


def refused(road):
    """How many were answered otherwise, by answer."""
    return Counter(
        entry["answer"]
        for entry in road.green_api.log.entries()
        if entry["what"] == "pushed" and entry["answer"] != 200
    )


def rung(road):
    return [road.ring(chat, "declined", after=0.3) for chat in CHATS]


def rung_until_refused(road):
    """The log beside the store has room of its own: what still fits there is taken, and rightly."""
    before, calls = refused(road).total(), rung(road)
    deadline = time.monotonic() + 30
    while refused(road).total() < before + 2:
        assert time.monotonic() < deadline, "the disk did not fill up"
        calls += rung(road) if road.green_api.idle() else []
        time.sleep(0.1)
    return calls


@pytest.mark.timeout(1200 if IS_LONG else 120)
def test_a_full_disk_takes_nothing_that_it_does_not_keep_and_needs_no_restart(road, disk):
    road.start()
    process, calls, seconds = road.carrier, [], []
    for _ in range(TIMES):
        before = rung(road)
        road.told(before[-1:])
        disk.fill(process.pid)
        during = rung_until_refused(road)
        assert taken(road) <= stored(road), "a notification was answered 200 that is not in the store"
        disk.free(process.pid)
        seconds.append(road.told(during[:1]))
        calls += before + during
    until(road.green_api.idle, 60, "GREEN-API to be rid of everything")
    road.told(calls)
    assert process.poll() is None, "it had to be started again"
    assert taken(road) <= stored(road)
    road.stop()

    kept = Counter(road.kept())
    twice = [key for key, times in kept.items() if times > 1]
    lost = [call for call in calls if f"{call}-missed" not in kept]
    print(
        f"\n{disk.__class__.__name__}: filled {TIMES} times, {len(calls)} calls, refused {dict(refused(road))}; "
        f"lost {len(lost)}, twice {len(twice)}; answered 200 and not stored 0; "
        f"the first call told {max(seconds):.1f} s after the disk was freed, at the latest"
    )
    assert (lost, twice) == ([], [])
    assert max(seconds) <= LONGEST

"""Many hours of twice the load that the figures of latency are promised for, with a fault in each hour.

Nothing is lost or doubled, and nothing grows. The short form shows that this would be seen.

    pytest -s tests/faults/test_soak.py
    RINGBRIDGE_FAULTS=long pytest -s tests/faults/test_soak.py              24 hours of each shape
    RINGBRIDGE_FAULTS=long RINGBRIDGE_HOURS=0.05 RINGBRIDGE_SEED=7 …        three minutes, the same dice again
"""

from __future__ import annotations

import os
import random
import threading
import time
from collections import Counter
from dataclasses import dataclass, field

import psycopg
import pytest
import redis
from road import Road, until
from vitals import Vitals, p99

from tasks.demo.crm import Fault

IS_LONG = os.environ.get("RINGBRIDGE_FAULTS") == "long"
SEED = int(os.environ.get("RINGBRIDGE_SEED", time.time_ns() % 10_000))
SECONDS = 3600 * float(os.environ.get("RINGBRIDGE_HOURS", "24")) if IS_LONG else 6.0
PERIODS = max(3, round(SECONDS / 3600))
EVERY = 0.05  # seconds between calls, each of which is two notifications: 40 a second
READ_EVERY = 60.0 if SECONDS > 3600 else max(0.2, SECONDS / 100)
AWAY = min(10.0, SECONDS / PERIODS / 4)  # seconds
PATIENCE = 300.0
STATUS = {"pickUp": "answered", "hungUp": "dropped", "declined": "missed"}
CHATS = [f"1555{number:07}@c.us" for number in range(400)]
MOST_GROWTH_AN_HOUR = 2.0  # MiB; of the long form, where an hour is more than noise
MOST_MORE_FILES, MOST_MORE_THREADS = 40, 20
LARGEST_WAL = 256 * 1024 * 1024


@dataclass
class Period:
    """An hour, or less where the whole is shorter. `waits` are the seconds from a notification to its record."""

    calls: dict[str, str] = field(default_factory=dict)
    waits: list[float] = field(default_factory=list)
    lost: int = 0
    wrong: int = 0
    """Records that were written twice, or in another period than their call."""


class Trouble:
    """One fault after the other, of those that a shape can have."""

    def __init__(self, road: Road) -> None:
        self.struck: Counter[str] = Counter()
        self._road = road
        self._kinds = [*(("redis", "postgresql") if road.split else ()), "refuse", "hang", "apply_then_drop"]

    def strike(self) -> None:
        kind = self._kinds[sum(self.struck.values()) % len(self._kinds)]
        self.struck[kind] += 1
        if kind == "redis":
            with redis.Redis.from_url(self._road.environment["RINGBRIDGE_BROKER_URL"]) as client:
                assert client.client_kill_filter(_type="normal", skipme=True) > 0
        elif kind == "postgresql":
            with psycopg.connect(self._road.environment["RINGBRIDGE_DATABASE_URL"], autocommit=True) as db:
                mine = "pid <> pg_backend_pid() AND datname = current_database()"
                killed = db.execute(f"SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE {mine}")
                assert killed.fetchone()[0] > 0
        else:
            self._road.crm.fault(Fault(name="all", mode=kind, seconds=AWAY))
            time.sleep(AWAY)
            self._road.crm.fault(Fault(name="all", count=0))


@pytest.fixture
def road(tmp_path, shape):
    contacts = {chat: {"name": f"Caller {chat[:11]}", "contactName": ""} for chat in CHATS}
    with Road(tmp_path, ("all",), shape, contacts=contacts, lookups_per_second=50.0) as road:
        road.start()
        yield road


def rung(road, period, dice, seconds):
    """Ring for so long, at the rate that was agreed even where the machine dawdles."""
    began, before = time.monotonic(), len(period.calls)
    while (passed := time.monotonic() - began) < seconds:
        if len(period.calls) - before < passed / EVERY:
            outcome = dice.choice(list(STATUS))
            call = road.ring(CHATS[dice.randrange(len(CHATS))], outcome, after=dice.uniform(0.5, 2.0))
            period.calls[call] = f"{call}-{STATUS[outcome]}"
        else:
            time.sleep(EVERY / 5)


def counted(road, period):
    """Wait until all is told, compare the sender's log with the receiver's records, and forget both."""
    owed = set(period.calls.values())
    try:
        until(lambda: road.green_api.idle() and owed <= set(road.kept()), PATIENCE)
    except AssertionError:
        period.lost = len(owed - set(road.kept()))
    kept = Counter(road.kept())
    allowed = owed | {f"{call}-ringing" for call in period.calls}
    period.wrong = sum(times > 1 or key not in allowed for key, times in kept.items())
    ends = set(STATUS.values())
    at = {str(record["webhook_id"]): record["at"] for record in road.crm.records()}
    for call, word, sent_at in road.pushed():
        key = period.calls.get(call, "") if STATUS.get(word) in ends else f"{call}-ringing"
        if key in at:
            period.waits.append(at[key] - sent_at)
    for entries in (road.green_api.log._entries, road.crm.log._entries, road.crm._records):
        entries.clear()
    road.crm._kept.clear()


@pytest.mark.timeout(SECONDS * 1.5 + 3 * PATIENCE)
def test_nothing_grows_and_nothing_is_lost_however_long_it_goes_on(road):
    print(f"\nseed {SEED}, {SECONDS / 3600:.3f} hours of {1 / EVERY:g} calls a second")
    dice, trouble, periods = random.Random(SEED), Trouble(road), []
    pids = {name: process.pid for name, process in road.processes.items()}
    vitals = Vitals(lambda: pids, road.folder / "data" / "ringbridge.sqlite3-wal", READ_EVERY)
    vitals.start()
    for _ in range(PERIODS):
        period = Period()
        periods.append(period)
        rung(road, period, dice, SECONDS / PERIODS * 0.6)
        calm = len(period.calls)
        striking = threading.Thread(target=trouble.strike)
        striking.start()
        rung(road, period, dice, SECONDS / PERIODS * 0.4)
        striking.join()
        counted(road, period)
        waited = f"p50 {1000 * sorted(period.waits)[len(period.waits) // 2]:.0f}, p99 {1000 * p99(period.waits):.0f} ms"
        print(
            f"{len(period.calls)} calls ({calm} before the fault), lost {period.lost}, wrong {period.wrong}, {waited}"
        )
    vitals.done.set()
    vitals.join()

    for name, of in vitals.of.items():
        memory = f"{of.memory[0]:.0f} to {of.memory[-1]:.0f} MiB, {of.slope:+.2f} an hour"
        files = f"files {of.files[0]} to {of.files[-1]} (most {max(of.files)})"
        print(f"{name}: {memory}; {files}; threads {of.threads[0]} to {of.threads[-1]} (most {max(of.threads)})")
    print(f"largest write-ahead log {vitals.wal / 1024 / 1024:.1f} MiB; faults {dict(trouble.struck)}")
    print(f"p99 of the last period {p99(periods[-1].waits) / p99(periods[0].waits):.2f} times that of the first")
    assert sum(trouble.struck.values()) == PERIODS
    assert sum(len(period.calls) for period in periods) > 0.5 * SECONDS / EVERY
    assert [(period.lost, period.wrong) for period in periods] == [(0, 0)] * PERIODS
    assert {name: process.pid for name, process in road.processes.items() if process.poll() is None} == pids
    assert vitals.wal < LARGEST_WAL
    for of in vitals.of.values():
        assert of.growth(of.files) <= MOST_MORE_FILES
        assert of.growth(of.threads) <= MOST_MORE_THREADS
        assert of.slope <= MOST_GROWTH_AN_HOUR or SECONDS < 3 * 3600

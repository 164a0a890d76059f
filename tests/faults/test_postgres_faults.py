"""PostgreSQL is killed under load, again and again, and its connections are cut: what was answered 200 is in the store.

`web`, two workers and `beat` over a PostgreSQL of our own. `immediate` is what `pg_ctl` calls it: every process of the
server ends at once, and the next start recovers. For a moment before each fault all of Ringbridge stands still, so that
what the fault hits can be counted: deliveries that somebody holds a lease of, and open transactions.

    pytest -s tests/faults/test_postgres_faults.py                              killed twice
    RINGBRIDGE_FAULTS=long pytest -s tests/faults/test_postgres_faults.py       every 15 s for five minutes
    RINGBRIDGE_SEED=7 …                                                         the same calls again
"""

from __future__ import annotations

import json
import os
import signal
import time
from collections import Counter
from contextlib import contextmanager

import psycopg
import pytest
from cryptography.fernet import Fernet
from road import Road, until
from traffic import CONTACTS, Traffic, counted

from tasks.demo.crm import Fault

IS_LONG = os.environ.get("RINGBRIDGE_FAULTS") == "long"
SEED = int(os.environ.get("RINGBRIDGE_SEED", time.time_ns() % 10_000))
EVERY = 0.1  # seconds between calls
TIMES, BETWEEN = (20, 15.0) if IS_LONG else (2, 2.0)
ANSWERS_IN = 0.3  # seconds, so that something is always under way
LEASE = "6"  # seconds; what was being told when the store went away is told again after that
OTHERS = "FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"


@pytest.fixture
def road(tmp_path, own_postgres, redis_url):
    addresses = {
        "RINGBRIDGE_DATABASE_URL": own_postgres.url,
        "RINGBRIDGE_BROKER_URL": redis_url,
        "RINGBRIDGE_SECRET_KEY": Fernet.generate_key().decode(),
        "RINGBRIDGE_LEASE_SECONDS": LEASE,
    }
    with Road(tmp_path, ("all",), addresses, contacts=CONTACTS, lookups_per_second=50.0) as road:
        road.crm.fault(Fault(name="all", mode="apply_then_hang", seconds=ANSWERS_IN))
        road.start(workers=2)
        # Names are known: one that is asked for as the store goes away is waited for half a minute, and a test with it.
        until(lambda: "the address book was read" in road.log(), what="everybody's name to be known")
        yield road


@contextmanager
def frozen(road):
    """Nothing of Ringbridge moves meanwhile."""
    groups = [process.pid for process in road.processes.values()]
    for group in groups:
        os.killpg(group, signal.SIGSTOP)
    try:
        time.sleep(0.02)  # a statement that was on its way is answered by then
        yield
    finally:
        for group in groups:
            os.killpg(group, signal.SIGCONT)


class Faults:
    """`hit` counts what was under way as they struck."""

    def __init__(self, postgres, road):
        self.hit = Counter()
        self._postgres, self._road = postgres, road

    def kill(self):
        """Returns how long the server was away, in seconds."""
        with frozen(self._road):
            self._look()
            began = time.monotonic()
            self._postgres.stop(signal.SIGQUIT)
        self._postgres.start()
        self.hit["kills"] += 1
        return time.monotonic() - began

    def terminate(self):
        """End every connection; the server stays."""
        with frozen(self._road):
            self._look()
            with psycopg.connect(self._postgres.url) as db:
                [ended] = db.execute(f"SELECT count(pg_terminate_backend(pid)) {OTHERS}").fetchone()
        self.hit["connections terminated"] += ended

    def _look(self):
        with psycopg.connect(self._postgres.url) as db:
            [leases] = db.execute("SELECT count(*) FROM deliveries WHERE leased_by IS NOT NULL").fetchone()
            [transactions] = db.execute(f"SELECT count(*) {OTHERS} AND xact_start IS NOT NULL").fetchone()
        self.hit.update({"leases": leases, "open transactions": transactions})


def stored(postgres):
    """(call's id, status on the wire) of every notification in the store, as it came."""
    with psycopg.connect(postgres.url) as db:
        bodies = [json.loads(body) for (body,) in db.execute("SELECT body FROM notifications")]
    return {(f"{body['instanceData']['idInstance']}-{body['idMessage']}", body["status"]) for body in bodies}


def at_work_after(road, began):
    """Wait for the next record; returns how long it took, in seconds."""
    before = len(road.kept())
    while len(road.kept()) == before and time.monotonic() < began + 60:
        time.sleep(0.02)
    return time.monotonic() - began


@pytest.mark.timeout(900 if IS_LONG else 180)
def test_no_answer_without_a_commit_and_nothing_lost(road, own_postgres):
    print(f"\nseed {SEED}")
    faults, away, resumed, began = Faults(own_postgres, road), [], [], time.monotonic()
    with Traffic(road, SEED, EVERY) as traffic:
        for _ in range(TIMES):
            time.sleep(BETWEEN)
            away.append(faults.kill())
            resumed.append(at_work_after(road, time.monotonic()))
        for _ in range(TIMES):
            time.sleep(BETWEEN / TIMES)
            faults.terminate()
        time.sleep(1)
    ended = time.monotonic()
    count = counted(road, traffic.outcomes, patience=120.0)
    settled = time.monotonic() - ended

    answered = {(call, status) for call, status, _ in road.pushed()}
    missing = answered - stored(own_postgres)
    wrong = ", ".join(f"{len(found)} {what}" for what, found in count.wrong.items())
    print(", ".join(f"{number} {what}" for what, number in faults.hit.items()), "hit")
    print(f"{len(traffic.outcomes)} calls in {ended - began:.0f} s: {wrong}; {count.repeated} requests repeated")
    print(f"{len(answered)} notifications answered 200, {len(missing)} of them not in the store")
    print(f"other answers: {dict(count.refused)}; away {max(away):.1f} s, at work {max(resumed):.1f} s after at most")
    print(f"nothing owed {settled:.1f} s after the last call")
    assert count.wrong == {"lost": [], "twice": [], "out of order": [], "unknown": []}
    assert missing == set()
    assert faults.hit["kills"] == TIMES
    assert faults.hit["leases"] >= TIMES
    assert faults.hit["connections terminated"] > 0

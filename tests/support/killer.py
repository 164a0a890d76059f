"""Ends processes as `kill -9` does, and knows what each was doing at that moment: it is frozen first and looked at."""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import time
from collections import Counter

import psutil
import psycopg
from road import Road
from sqlalchemy import select

from bridge.settings import Settings
from bridge.store import Store, open_store
from bridge.store.tables import deliveries

LEASE, TRANSACTION, NOTHING = "lease", "transaction", "nothing"


class Killer:
    """`kills` counts by process and by what it held: a lease of a delivery, an open transaction, or nothing."""

    def __init__(self, road: Road, seed: int) -> None:
        self.kills: Counter[tuple[str, str]] = Counter()
        self._road = road
        self._random = random.Random(seed)
        addresses = {name: value for name, value in road.environment.items() if name.startswith("RINGBRIDGE_DATABASE")}
        url = addresses.get("RINGBRIDGE_DATABASE_URL")
        key = road.environment.get("RINGBRIDGE_SECRET_KEY")
        self._data = road.folder / "data"
        self._postgres = url if url and url.startswith("postgres") else None
        self._store: Store = open_store(Settings(data_dir=self._data, database_url=url, secret_key=key))

    def close(self) -> None:
        self._store.close()

    def strike(self) -> None:
        """Kill one process of the shape, and start it again."""
        name = self._random.choice(sorted(self._road.processes))
        process = self._road.processes[name]
        os.killpg(process.pid, signal.SIGSTOP)
        self.kills[name, self._held(process.pid)] += 1
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        self._road.start_again(name)

    @property
    def telling(self) -> int:
        """How many hit a process in the middle of something."""
        return sum(count for (_, held), count in self.kills.items() if held != NOTHING)

    def _held(self, pid: int) -> str:
        if self.leases(pid):
            return LEASE
        return TRANSACTION if self._is_in_transaction(pid) else NOTHING

    def leases(self, pid: int) -> list[int]:
        """The deliveries that this process holds, or has left behind."""
        held = select(deliveries.c.id, deliveries.c.leased_by).where(deliveries.c.leased_by.is_not(None))
        with self._store.read() as db:
            rows = db.execute(held).all()
        # `up` has one name from start to start: whoever holds anything there is the one that is frozen.
        return [row.id for row in rows if row.leased_by.endswith(f":{pid}") or row.leased_by.startswith("up@")]

    def _is_in_transaction(self, pid: int) -> bool:
        if self._postgres:
            return self._has_backend_in_transaction(pid)
        if "up" not in self._road.processes:
            return False  # several processes share the file, and any of them may hold the lock
        with sqlite3.connect(self._data / "ringbridge.sqlite3", timeout=0, isolation_level=None) as db:
            try:
                db.execute("BEGIN IMMEDIATE")
                db.execute("ROLLBACK")
            except sqlite3.OperationalError:
                return True
        return False

    def _has_backend_in_transaction(self, pid: int) -> bool:
        time.sleep(0.02)  # a statement that was on its way is answered by then
        family = [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]
        ports = [one.laddr.port for process in family for one in process.net_connections("tcp")]
        query = "SELECT count(*) FROM pg_stat_activity WHERE client_port = ANY(%s) AND xact_start IS NOT NULL"
        with psycopg.connect(str(self._postgres)) as db:
            row = db.execute(query, (ports,)).fetchone()
        return bool(row and row[0])

"""A store and a queue that an older release left behind work under today's code: what it owed is told, each once.

The fixtures were made by the code of revision 0001; `fixtures/leave_0001.py` says how. They hold calls whose deliveries
were due, failing, leased by a worker that is gone, held, failed and delivered, and calls that nobody ended.

    pytest -s tests/faults/test_upgrade.py
    RINGBRIDGE_FAULTS=long pytest -s tests/faults/test_upgrade.py     1 000 000 calls are migrated, in under a minute
"""

from __future__ import annotations

import os
import time
from collections import Counter

import pytest
from left_behind import LeftBehind
from road import ID_INSTANCE, Road, until
from sqlalchemy import text

from bridge.directory import Directory
from bridge.settings import Settings
from bridge.store import migrate, open_store

IS_LONG = os.environ.get("RINGBRIDGE_FAULTS") == "long"
CALLS = 1_000_000 if IS_LONG else 5000
LONGEST = 60.0  # seconds
CONNECTIONS = ("all", "result")
PATIENCE = 60.0


@pytest.fixture
def left():
    return LeftBehind.by("0001")


@pytest.fixture
def addresses(shape, left, tmp_path):
    """The environment of the shape, with the older release's store in it, and its queue where there is one."""
    if shape is None:
        left.fill_sqlite(tmp_path / "data" / "ringbridge.sqlite3")
        return None
    left.fill_postgres(shape["RINGBRIDGE_DATABASE_URL"])
    assert left.fill_redis(shape["RINGBRIDGE_BROKER_URL"]) > 5
    return {**shape, "RINGBRIDGE_SECRET_KEY": left.key}


def told(road):
    """`<connection> <call id>-<status>` of every record."""
    return [f"{name} {key}" for name in CONNECTIONS for key in road.kept(name)]


def read_with_its_secrets(left, tmp_path, addresses):
    """Migrate, and read what the older release sealed: (account's token, the connections' settings)."""
    url = addresses["RINGBRIDGE_DATABASE_URL"] if addresses else None
    store = open_store(Settings(data_dir=tmp_path / "data", database_url=url, secret_key=left.key))
    assert migrate.migrate(store) is True
    snapshot = Directory(store).current()
    store.close()
    instance = snapshot.by_id_instance[ID_INSTANCE]
    return instance.config.api_token, [one.config.settings for one in snapshot.connections]


@pytest.mark.timeout(180)
def test_what_an_older_release_owed_is_told_once(left, addresses, tmp_path):
    api_token, settings = read_with_its_secrets(left, tmp_path, addresses)
    assert api_token == "t0ken-of-the-api"
    assert [one["url"] for one in settings] == ["https://crm.example.com/hook"] * 2

    # The systems have moved to where our stand-ins are; what was held for them is told since.
    # Silence about a call counts from when we are back, and is not waited for as long as by default.
    more = {"RINGBRIDGE_SECRET_KEY": left.key, "RINGBRIDGE_OUTCOME_SECONDS": "5"}
    with Road(tmp_path, CONNECTIONS, addresses, **more) as road:
        began = time.monotonic()
        road.start()
        until(lambda: set(left.owed) <= set(told(road)), PATIENCE, "all that was owed to be told")
        took = time.monotonic() - began
        assert set(told(road)) & set(left.failed) <= set(left.owed)
        road.run("delivery", "replay", "--state", "failed")
        until(lambda: set(left.failed) <= set(told(road)), PATIENCE, "what had failed to be told")
        road.stop()

        times = Counter(told(road))
        asked = {f"{name} {key}" for name in CONNECTIONS for key in road.requests(name) if key}
        faults = [line for line in road.log().splitlines() if "Traceback" in line or " ERROR " in line]
    twice = [key for key, count in times.items() if count > 1]
    print(f"\n{len(left.owed)} owed, {len(left.failed)} failed, {len(left.told)} told before; all told in {took:.1f} s")
    lost = {*left.owed, *left.failed} - set(times)
    print(f"lost {len(lost)}, twice {len(twice)}, told again {len(asked & set(left.told))}")
    assert len(left.owed) > 30
    assert twice == []
    assert asked & set(left.told) == set()
    assert set(times) == set(left.owed) | set(left.failed)
    assert faults == []


NUMBERS = {
    "sqlite": "WITH RECURSIVE n(n) AS (SELECT 1000 UNION ALL SELECT n + 1 FROM n WHERE n < :last)",
    "postgresql": "WITH n AS (SELECT generate_series(1000, :last) AS n)",
}
MOMENT = "'2026-11-20 14:03:12+00'"
CHAT = "'1555' || n % 5000 || '@c.us'"
ROWS = {
    "calls (id, key, instance_id, id_message, chat_id, direction, status, source, late, started_at, received_at)": (
        f"SELECT n, 'M-' || n, 1, 'M' || n, {CHAT}, 'incoming', 'missed', 'webhook', false, {MOMENT}, {MOMENT} FROM n"
    ),
    "notifications (id, key, instance_id, call_id, type, received_at, verdict, body)": (
        f"SELECT n, 'key-' || n, 1, n, 'incomingCall', {MOMENT}, 'call', '{'x' * 250}' FROM n"
    ),
    "deliveries (id, call_id, connection_id, chat_id, state, owes, told, fence, attempts, unsure)": (
        f"SELECT n, n, 1 + n % 2, {CHAT}, 'delivered', 'missed', 'missed', 1, 1, false FROM n"
    ),
    "attempts (id, delivery_id, fence, status, started_at, ended_at, outcome, took_ms)": (
        f"SELECT n, n, 1, 'missed', {MOMENT}, {MOMENT}, 'delivered', 12 FROM n"
    ),
}


@pytest.mark.timeout(1800 if IS_LONG else 120)
def test_many_calls_are_migrated_in_under_a_minute(left, shape, tmp_path):
    if shape is None:
        left.fill_sqlite(tmp_path / "data" / "ringbridge.sqlite3")
    else:
        left.fill_postgres(shape["RINGBRIDGE_DATABASE_URL"])
    url = shape and shape["RINGBRIDGE_DATABASE_URL"]
    store = open_store(Settings(data_dir=tmp_path / "data", database_url=url, secret_key=left.key))
    dialect = store.engine.dialect.name
    with store.engine.begin() as db:
        if dialect == "postgresql":
            db.execute(text("SET LOCAL statement_timeout = 0"))
        for into, rows in ROWS.items():
            db.execute(text(f"INSERT INTO {into} {NUMBERS[dialect]} {rows}"), {"last": 999 + CALLS})

    began = time.monotonic()
    assert migrate.migrate(store) is True
    took = time.monotonic() - began

    with store.read() as db:
        attempts = db.execute(text("SELECT count(*) FROM attempts WHERE id >= 1000")).scalar()
        calls = db.execute(text("SELECT count(*) FROM calls WHERE id >= 1000")).scalar()
        policies = db.execute(text("SELECT DISTINCT connection_id, policy FROM deliveries ORDER BY 1")).all()
    store.close()
    print(f"\n{dialect}: {calls} calls with a delivery, an attempt and a notification each, migrated in {took:.1f} s")
    assert (calls, attempts) == (CALLS, CALLS)
    assert policies == [(1, "all"), (2, "result")]
    assert took < LONGEST

"""One system is dead and one takes nine seconds to answer: the eight beside them notice nothing.

Ten accounts, each with a connection of its own; twenty calls a second over all of them, ringing and outcome told.
First all ten are healthy, then the same load again with two that are not. `RINGBRIDGE_FAULTS=long` makes it half a
minute each.
"""

from __future__ import annotations

import math
import os
import time
from datetime import timedelta

import pytest
from road import API_TOKEN, SECRET, WEBHOOK_TOKEN, Road, until
from sqlalchemy import select

from bridge.settings import Settings
from bridge.store import open_store, tables
from tasks.demo.crm import Crm, Fault

LONG = os.environ.get("RINGBRIDGE_FAULTS") == "long"
HEALTHY_SECONDS, BAD_SECONDS = (30, 30) if LONG else (8, 12)
CALLS_PER_SECOND = 20
RINGS_FOR = 1.0
HEALTHY = [f"healthy{number}" for number in range(8)]
NAMES = ["dead", "slow", *HEALTHY]
ID_OF = {name: f"71031113{number:02}" for number, name in enumerate(NAMES)}
BREAKER_SECONDS = 15  # that it is open for at first
UNTIL_IT_OPENS = 5  # attempts
STATUS = {"offer": "ringing", "declined": "missed"}


@pytest.fixture
def dying():
    with Crm() as crm:
        yield crm


@pytest.fixture
def road(tmp_path, shape, dying):
    with Road(tmp_path, (), shape, lookups_per_second=100) as road:
        for name in NAMES:
            road.account(ID_OF[name], {})
        road.apply("\n".join(described(road, name, dying if name == "dead" else road.crm) for name in NAMES))
        yield road


def described(road, name, crm):
    """The tables of an account and of the one connection that hears of it."""
    return f"""
        [[instance]]
        name = "{name}"
        id_instance = "{ID_OF[name]}"
        api_url = "{road.green_api.url}"
        api_token = "{API_TOKEN}"
        webhook_token = "{WEBHOOK_TOKEN}"
        lookups_per_second = 100
        [[connection]]
        name = "{name}"
        connector = "webhook"
        instances = ["{name}"]
        policy = "all"
        settings = {{ url = "{crm.url}/hooks/{name}", secret = "{SECRET}" }}
    """


def rung(road, seconds):
    """Ring by the clock; returns the calls at healthy ones once all that they owe is told."""
    began, calls = time.monotonic(), {name: [] for name in NAMES}
    for number in range(seconds * CALLS_PER_SECOND):
        time.sleep(max(0.0, began + number / CALLS_PER_SECOND - time.monotonic()))
        name = NAMES[number % len(NAMES)]
        chat = f"1555{ID_OF[name][-2:]}{number % 50:05}@c.us"
        calls[name].append(f"{ID_OF[name]}-{road.green_api.ring(ID_OF[name], chat, 'declined', RINGS_FOR)}")
    until(road.green_api.idle, what="GREEN-API to be rid of it")
    healthy = [call for name in HEALTHY for call in calls[name]]
    owed = {f"{call}-missed" for call in healthy}
    until(lambda: owed <= {record["webhook_id"] for record in road.crm.records()}, 60, what="the healthy to be told")
    return healthy


def waits(road, calls):
    """How long each message of these calls took from GREEN-API to the record, shortest first."""
    sent = {f"{call}-{STATUS[status]}": at for call, status, at in road.pushed()}
    chosen = {f"{call}-{status}" for call in calls for status in STATUS.values()}
    records = [record for record in road.crm.records() if record["webhook_id"] in chosen]
    return sorted(record["at"] - sent[record["webhook_id"]] for record in records)


def percentile(sorted_values, share):
    return sorted_values[math.ceil(share * len(sorted_values)) - 1]


def attempts(road, name):
    """(started, ended) of every attempt at a connection, in order."""
    addresses = {key.removeprefix("RINGBRIDGE_").lower(): value for key, value in road.environment.items()}
    chosen = {key: addresses[key] for key in ("data_dir", "database_url", "secret_key") if key in addresses}
    store = open_store(Settings(**chosen))
    try:
        connection = select(tables.connections.c.id).where(tables.connections.c.name == name).scalar_subquery()
        query = select(tables.attempts.c.started_at, tables.attempts.c.ended_at)
        with store.read() as db:
            found = db.execute(
                query.where(tables.attempts.c.connection_id == connection).order_by(tables.attempts.c.id)
            )
            return [tuple(row) for row in found]
    finally:
        store.close()


@pytest.mark.timeout(300)
def test_neither_a_dead_nor_a_slow_system_delays_the_others(road, dying):
    road.start()
    before = waits(road, rung(road, HEALTHY_SECONDS))
    dying.stop()
    road.crm.fault(Fault(name="slow", mode="hang", seconds=9.0))
    died_at = time.time()
    calls = rung(road, BAD_SECONDS)
    after = waits(road, calls)
    road.kill()

    at_the_dead = [one for one in attempts(road, "dead") if one[0].timestamp() > died_at]
    opened_at = at_the_dead[UNTIL_IT_OPENS - 1][1]
    later = [started for started, _ in at_the_dead if started > opened_at + timedelta(seconds=0.5)]
    open_for = time.time() - opened_at.timestamp()
    slow = sum(entry["name"] == "slow" for entry in road.crm.log.entries() if entry["at"] > died_at)
    median, worst = percentile(after, 0.5), percentile(after, 0.99)
    shape = "split" if road.split else "embedded"
    ratio = worst / percentile(before, 0.99)
    print(
        f"{shape}: ten healthy p50 {percentile(before, 0.5):.3f}, p99 {percentile(before, 0.99):.3f} s; beside a dead"
    )
    print(f"and a slow one p50 {median:.3f}, p99 {worst:.3f} s, {ratio:.2f} times as long; the dead one was asked")
    print(
        f"{len(at_the_dead)} times, {len(later)} of them in the {open_for:.0f} s after its breaker opened; the slow one"
    )
    print(f"answered {slow} times")

    assert {f"{call}-missed" for call in calls} <= {record["webhook_id"] for record in road.crm.records()}
    assert worst < 4.5  # half of what the slow one takes: whoever waited behind it would show
    assert len(later) <= open_for / BREAKER_SECONDS
    assert slow > 0

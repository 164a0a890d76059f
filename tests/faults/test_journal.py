"""We were away for an hour, and GREEN-API told us of half the calls only: the journal brings the rest, each once."""

from __future__ import annotations

import time
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from road import ID_INSTANCE, Road, until
from sqlalchemy import update

from bridge.settings import Settings
from bridge.store import open_store, tables

CALLS = 60
HOUR = 3600
OUTCOMES = {"pickUp": "answered", "hungUp": "dropped", "declined": "missed"}
POLICIES = ("all", "result", "ring")


@pytest.fixture
def road(tmp_path, shape):
    with Road(tmp_path, POLICIES, shape, lookups_per_second=100) as road:
        yield road


def added(road, ago: timedelta) -> None:
    """Let the instance be one that we have had for so long."""
    names = {"RINGBRIDGE_DATA_DIR": "data_dir", "RINGBRIDGE_DATABASE_URL": "database_url"}
    names |= {"RINGBRIDGE_SECRET_KEY": "secret_key"}
    store = open_store(Settings(**{names[key]: value for key, value in road.environment.items() if key in names}))
    at = datetime.now(UTC) - ago
    store.write(lambda db: db.execute(update(tables.instances).values(added_at=at)) and None)
    store.close()


def away(road) -> dict[str, str]:
    """Calls of the last hour, of which every other one is never told; returns how each ended."""
    then = int(time.time()) - HOUR
    calls = {}
    for number in range(CALLS):
        outcome = list(OUTCOMES)[number % 3]
        chat = f"1555{ID_INSTANCE[:3]}{number:04}@c.us"
        call = road.ring(chat, outcome, after=0.2, timestamp=then + 30 * number, told=number % 2 == 0)
        calls[call] = OUTCOMES[outcome]
    time.sleep(0.5)  # all of it has happened by now
    return calls


def test_half_of_an_hour_comes_from_the_journal_and_nothing_rings_or_is_told_twice(road):
    added(road, timedelta(days=2))
    calls = away(road)
    road.start()
    until(lambda: len(road.kept("all")) >= CALLS and len(road.kept("result")) >= CALLS, 60, what="every outcome told")
    until(lambda: road.green_api.idle(), 60, what="GREEN-API to be rid of what it kept")
    road.stop()

    found = {call["id"]: call for call in road.calls()}
    only_listed = list(calls)[1::2]
    told = sorted(f"{call}-{status}" for call, status in calls.items())

    assert {key: call["status"] for key, call in found.items()} == calls
    assert {(found[one]["source"], found[one]["late"]) for one in only_listed} == {("journal", True)}
    assert [sorted(road.kept(policy)) for policy in POLICIES] == [told, told, []]
    assert [one for policy in POLICIES for one, count in Counter(road.kept(policy)).items() if count > 1] == []


def test_a_new_instance_brings_none_of_its_old_calls_by_itself_and_an_import_tells_nobody(road):
    calls = away(road)
    road.green_api.idle()
    never_told = list(calls)[1::2]
    road.start()
    until(lambda: len(road.kept("all")) == CALLS / 2, 60, what="what GREEN-API still pushes")
    until(lambda: "lastIncomingCalls" in asked(road), 30, what="the journal to be read")
    before = {call["id"] for call in road.calls()}
    said = road.run("journal", "import", "--instance", "support", "--minutes", "120")
    road.stop()

    assert before.isdisjoint(never_told)
    assert {call["id"] for call in road.calls()} == set(calls)
    assert f"{CALLS // 2} new" in said
    assert len(road.kept("all")) == CALLS / 2


def asked(road) -> list[str]:
    return [entry["method"] for entry in road.green_api.log.entries() if entry["what"] == "asked"]

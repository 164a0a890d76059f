"""What a connection remembers by itself: kept, shared, renewed by one at a time, and gone with the connection."""

from __future__ import annotations

import subprocess
import sys
import threading
from datetime import timedelta

import pytest
from desk import Desk
from office import FullStore, all_at_once
from packages import install
from sqlalchemy import select, update

from bridge import connections, redaction
from bridge.memory import LEASE, PATIENCE, StoredMemory
from bridge.redaction import without_secrets
from bridge.settings import Settings
from bridge.store import StoreUnavailable, migrate, open_store
from bridge.store.tables import connections as table
from connectors.kit import Retryable


@pytest.fixture
def desk(store, now):
    return Desk(store, now, ["all", "ring"])


class Time:
    """Goes on only while somebody sleeps."""

    def __init__(self, start):
        self.now, self.naps = start, 0

    def __call__(self):
        return self.now

    def sleep(self, seconds):
        self.now += timedelta(seconds=seconds)
        self.naps += 1


@pytest.fixture
def memory(desk):
    return StoredMemory(desk.store, 1)


def row(store, connection_id=1):
    with store.read() as db:
        return db.execute(select(table).where(table.c.id == connection_id)).one()


def lease(store, until):
    store.write(lambda db: db.execute(update(table).where(table.c.id == 1).values(memory_lease_until=until)) and None)


def becomes(token):
    return lambda _: {"token": token}


def never(_):
    raise AssertionError("nobody should have been asked")


def test_it_is_empty_at_first_and_then_what_was_kept_last_for_this_connection_only(desk, memory):
    assert memory.read() == {}

    assert memory.renew({}, becomes("token-one")) == {"token": "token-one"}
    memory.renew({"token": "token-one"}, becomes("token-two"))

    assert StoredMemory(desk.store, 1).read() == {"token": "token-two"}
    assert StoredMemory(desk.store, 2).read() == {}


def test_whoever_comes_with_an_old_one_gets_the_new_one_without_asking(memory):
    memory.renew({}, becomes("token-one"))

    assert memory.renew({}, never) == {"token": "token-one"}


def test_it_cannot_be_read_in_the_database_nor_in_a_log(desk, memory):
    memory.renew({}, becomes("canary-in-memory"))

    assert "canary" not in row(desk.store).memory
    assert without_secrets("The answer was canary-in-memory.") == "The answer was …."


def test_whoever_reads_it_keeps_it_out_of_its_own_log(memory, monkeypatch):
    memory.renew({}, becomes("canary-in-memory"))
    monkeypatch.setattr(redaction, "_known", redaction._Known())  # as in another process

    memory.read()

    assert without_secrets("The answer was canary-in-memory.") == "The answer was …."


def test_the_turn_is_on_the_disk_before_the_system_is_asked_and_what_came_of_it_afterwards(desk, memory):
    seen = []

    def renew(stored):
        seen.append(row(desk.store).memory_lease_until is not None)
        return {"token": "token-one"}

    memory.renew({}, renew)

    assert seen == [True]
    assert row(desk.store).memory_lease_until is None
    assert desk.store.secrets.open("memory all-0", row(desk.store).memory) == {"token": "token-one"}


def test_no_transaction_is_open_while_the_system_is_asked(desk, memory):
    def renew(stored):
        desk.store.write(lambda db: connections.pause(db, 1, "admin", "by hand"))  # would wait for an open one
        return {"token": "token-one"}

    memory.renew({}, renew)

    assert row(desk.store).paused_by == "admin"


def test_of_many_who_come_at_once_one_asks_and_all_get_what_it_got(desk):
    asked, got = [], []

    def renew(_):
        asked.append(threading.get_ident())
        return {"token": f"token-{len(asked)}"}

    all_at_once(lambda _: got.append(StoredMemory(desk.store, 1).renew({}, renew)), range(8))

    assert len(asked) == 1
    assert got == [{"token": "token-1"}] * 8


def test_a_failure_is_everybodys_own_and_frees_the_turn(desk, memory):
    def fail(_):
        raise Retryable("It did not answer.")

    with pytest.raises(Retryable, match="It did not answer"):
        memory.renew({}, fail)

    assert memory.renew({}, becomes("token-one")) == {"token": "token-one"}


def test_who_finds_another_renewing_waits_for_what_comes_of_it(desk, now):
    time = Time(now)

    def sleep(seconds):
        time.sleep(seconds)
        if time.naps == 3:
            lease(desk.store, None)
            StoredMemory(desk.store, 1).renew({}, becomes("token-of-the-other"))

    lease(desk.store, now + LEASE)

    assert StoredMemory(desk.store, 1, now=time, sleep=sleep).renew({}, never) == {"token": "token-of-the-other"}


def test_nobody_waits_for_long(desk, now):
    time = Time(now)
    lease(desk.store, now + LEASE)

    with pytest.raises(Retryable, match="Another worker is renewing") as caught:
        StoredMemory(desk.store, 1, now=time, sleep=time.sleep).renew({}, never)

    assert not caught.value.sent
    assert PATIENCE <= time.now - now < LEASE


def test_the_turn_of_one_that_died_ends_by_itself(desk, now):
    lease(desk.store, now - timedelta(seconds=1))

    assert StoredMemory(desk.store, 1, now=lambda: now).renew({}, becomes("token-one")) == {"token": "token-one"}


def test_who_is_overtaken_after_its_turn_ran_out_keeps_what_the_other_stored(desk, now):
    time = Time(now)

    def slow(_):
        time.now += LEASE + timedelta(seconds=1)
        StoredMemory(desk.store, 1, now=time).renew({}, becomes("token-newer"))
        return {"token": "token-older"}

    assert StoredMemory(desk.store, 1, now=time).renew({}, slow) == {"token": "token-newer"}
    assert StoredMemory(desk.store, 1).read() == {"token": "token-newer"}


def test_one_whose_turn_ran_out_frees_nobody_elses(desk, now):
    time = Time(now)
    until = now + 3 * LEASE

    def slow(_):
        lease(desk.store, until)
        raise Retryable("It did not answer.")

    with pytest.raises(Retryable):
        StoredMemory(desk.store, 1, now=time).renew({}, slow)

    assert row(desk.store).memory_lease_until == until


def test_where_nothing_can_be_kept_the_system_is_not_asked(desk):
    full = FullStore(desk.store)

    with pytest.raises(Retryable, match="disk full"):
        StoredMemory(full, 1).renew({}, never)


def test_what_was_given_out_is_kept_as_soon_as_the_store_comes_back(desk, memory, monkeypatch, now):
    write, time = desk.store.write, Time(now)

    def renew(_):
        monkeypatch.setattr(desk.store, "write", failing_once)
        return {"token": "token-one"}

    def failing_once(fn):
        monkeypatch.setattr(desk.store, "write", write)
        raise StoreUnavailable("The store cannot be written: database is locked")

    assert StoredMemory(desk.store, 1, now=time, sleep=time.sleep).renew({}, renew) == {"token": "token-one"}
    assert time.naps == 1
    assert memory.read() == {"token": "token-one"}


def test_changed_settings_leave_it_and_another_connector_does_not(desk, memory):
    memory.renew({}, becomes("token-one"))

    desk.change("all-0", language="ru")
    assert memory.read() == {"token": "token-one"}

    desk.change("all-0", connector="rolodex")
    assert memory.read() == {}


@pytest.mark.parametrize("before", [{}, {"token": "token-one"}])
def test_it_goes_with_the_connection_even_while_it_is_renewed(desk, memory, before):
    def removed_meanwhile(_):
        with desk.store.read() as db:
            [found] = [one for one in connections.active(db, desk.store.secrets) if one.id == 1]
        desk.store.write(lambda db: connections.remove(db, found, desk.start))
        return {"token": "token-two"}

    if before:
        memory.renew({}, lambda _: before)
    memory.renew(before, removed_meanwhile)

    assert (row(desk.store).memory, row(desk.store).memory_lease_until) == (None, None)


def test_nobody_reads_the_configuration_again_because_of_it(desk, memory):
    before = row(desk.store).version

    memory.renew({}, becomes("token-one"))

    assert row(desk.store).version == before


PROCESS = """
import sys
from pathlib import Path
from bridge.memory import StoredMemory
from bridge.settings import Settings
from bridge.store import open_store

store, log = open_store(Settings()), Path(sys.argv[1])

def renew(stored):
    with log.open("a") as lines:
        lines.write("asked\\n")
    return {"token": "token-of-one-process"}

print("ready", flush=True)
sys.stdin.readline()
print(StoredMemory(store, 1).renew({}, renew)["token"], flush=True)
store.close()
"""


def test_of_many_processes_one_asks_and_all_get_what_it_got(shape, tmp_path, monkeypatch, now):
    for name, value in {"RINGBRIDGE_DATA_DIR": str(tmp_path / "data"), **(shape or {})}.items():
        monkeypatch.setenv(name, value)
    store = open_store(Settings())
    migrate.migrate(store)
    Desk(store, now)
    store.close()
    command = [sys.executable, "-c", PROCESS, str(tmp_path / "log")]
    processes = [subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    for process in processes:
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        process.stdin.write("go\n")
        process.stdin.flush()

    got = [process.communicate()[0] for process in processes]

    assert got == ["token-of-one-process\n"] * 3
    assert (tmp_path / "log").read_text() == "asked\n"


SOURCE = """
from connectors.kit import Connector, ConnectorSettings, Finding

class Theirs(Connector):
    title, Settings, on_unsure = "Theirs", ConnectorSettings, "repeat"
    remembers = True

    def __init__(self, settings, http, memory):
        self.memory = memory

    def check(self):
        count = len(self.memory.read().get("token", ""))
        self.memory.renew(self.memory.read(), lambda _: {"token": "canary-" + "x" * (count + 1)})

    def deliver(self, call, known):
        return None

    def findings(self, fix):
        return [Finding("count", str(len(self.memory.read()["token"])), "")]
"""


def test_a_check_by_hand_gives_it_to_the_connector_and_no_page_shows_it(run, tmp_path, monkeypatch):
    install(tmp_path, monkeypatch, "forgetless", SOURCE)
    run("connection", "add", "desk", "--connector", "forgetless")

    counts = [run("connection", "check", "desk").stderr.strip() for _ in range(2)]

    assert counts == ["8", "16"]
    for command in (("export",), ("connection", "list", "--json")):
        assert "canary" not in run(*command).output
    file = tmp_path / "ringbridge.toml"
    file.write_text(run("export").stdout)
    assert run("apply", file).output == "Nothing to change.\n"
    assert run("connection", "check", "desk").stderr.strip() == "24"

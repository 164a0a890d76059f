"""A copy of the embedded store: whole whatever is written meanwhile, and enough to go on with."""

from __future__ import annotations

import json
import shutil
import sqlite3
import threading
from contextlib import closing

import pytest
from desk import Desk

from bridge.settings import Settings
from bridge.store import open_store

FILE = """
[[instance]]
name = "support"
id_instance = "7103111222"
api_url = "https://api.example.com"
api_token = "canary-api"
webhook_token = "canary-hook"
"""


@pytest.fixture
def file(tmp_path):
    (tmp_path / "ringbridge.toml").write_text(FILE)
    return tmp_path / "ringbridge.toml"


def test_with_the_key_a_copy_is_enough_to_go_on_with(run, file, tmp_path):
    run("apply", file)
    copied = run("backup", tmp_path / "copy.sqlite3")
    restored = tmp_path / "restored"
    restored.mkdir()
    shutil.copy(tmp_path / "copy.sqlite3", restored / "ringbridge.sqlite3")
    shutil.copy(tmp_path / "data" / "secret.key", restored / "secret.key")

    listed = run("instance", "list", "--json", RINGBRIDGE_DATA_DIR=str(restored))
    applied = run("apply", file, RINGBRIDGE_DATA_DIR=str(restored))

    assert (copied.exit_code, copied.stderr) == (0, "")
    assert f"keep {tmp_path / 'data' / 'secret.key'} too" in copied.stdout
    assert [one["name"] for one in json.loads(listed.stdout)] == ["support"]
    assert applied.output == "Nothing to change.\n"


def test_a_copy_is_for_its_owner_alone_and_nothing_else_is_left_beside_it(run, file, tmp_path):
    run("apply", file)
    (tmp_path / "there").mkdir()
    run("backup", tmp_path / "there" / "copy.sqlite3")

    assert [one.name for one in (tmp_path / "there").iterdir()] == ["copy.sqlite3"]
    assert (tmp_path / "there" / "copy.sqlite3").stat().st_mode & 0o777 == 0o600


def test_a_key_in_the_environment_is_the_one_to_keep(run, file, tmp_path):
    key = {"RINGBRIDGE_SECRET_KEY": "k" * 32}
    run("apply", file, **key)

    assert "keep RINGBRIDGE_SECRET_KEY too" in run("backup", tmp_path / "copy.sqlite3", **key).stdout


def test_a_copy_taken_while_others_write_is_consistent(run, tmp_path, now):
    run("migrate")
    store = open_store(Settings(data_dir=tmp_path / "data"))
    desk = Desk(store, now)
    enough, halt = threading.Event(), threading.Event()

    def ring():
        number = 0
        while not halt.is_set():
            desk.hear("offer", id_message=f"C{number}")
            number += 1
            if number == 20:
                enough.set()

    ringing = threading.Thread(target=ring)
    ringing.start()
    enough.wait(30)
    try:
        copies = [run("backup", tmp_path / f"{number}.sqlite3") for number in range(3)]
    finally:
        halt.set()
        ringing.join()

    assert [copied.exit_code for copied in copies] == [0, 0, 0]
    for number in range(3):
        with closing(sqlite3.connect(tmp_path / f"{number}.sqlite3")) as db:
            assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
            assert db.execute("PRAGMA foreign_key_check").fetchall() == []
            calls, owed = (db.execute(f"SELECT count(*) FROM {name}").fetchone()[0] for name in ("calls", "deliveries"))
            assert calls == owed >= 20
    store.close()


def test_what_is_there_is_never_replaced(run, file, tmp_path):
    run("apply", file)
    (tmp_path / "mine").write_text("mine")
    refused = run("backup", tmp_path / "mine")

    assert (refused.exit_code, refused.stderr.count("\n")) == (1, 1)
    assert "exists already" in refused.stderr
    assert (tmp_path / "mine").read_text() == "mine"


@pytest.mark.parametrize(
    ("folder", "environment", "said"),
    [
        ("", {}, "There is nothing to copy yet"),
        ("nowhere/", {}, "There is no directory "),
        (
            "",
            {"RINGBRIDGE_DATABASE_URL": "postgresql://u@127.0.0.1:1/x", "RINGBRIDGE_SECRET_KEY": "k" * 32},
            "use pg_dump.",
        ),
    ],
)
def test_what_cannot_be_copied_is_said_in_a_sentence(run, tmp_path, folder, environment, said):
    refused = run("backup", f"{tmp_path}/{folder}copy.sqlite3", **environment)

    assert (refused.exit_code, refused.stdout, refused.stderr.count("\n")) == (1, "", 1)
    assert said in refused.stderr
    assert not (tmp_path / "copy.sqlite3").exists()

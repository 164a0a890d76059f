"""The secret key is changed: what the old one sealed is sealed anew, and the old one can be dropped."""

from __future__ import annotations

import logging

import pytest
from desk import Desk
from sqlalchemy import select

from bridge import connections, instances, resealing
from bridge.cli import opened
from bridge.memory import StoredMemory
from bridge.settings import Settings
from bridge.store import tables
from bridge.store.secrets import SecretKeyError, Secrets

OLD, NEW = "an old text of 32 characters or more", "a new text of 32 characters or more"
FILE = """
[[instance]]
name = "support"
id_instance = "7103111222"
api_url = "https://api.example.com"
api_token = "canary-api"
webhook_token = "canary-hook"
"""
SAID = "The secrets of 1 row were sealed anew with the first key of RINGBRIDGE_SECRET_KEY.\n"


@pytest.fixture
def file(tmp_path):
    (tmp_path / "ringbridge.toml").write_text(FILE)
    return tmp_path / "ringbridge.toml"


@pytest.fixture
def sealed(store, now, monkeypatch):
    """A store whose secrets the old key has sealed: an instance, two connections, and one that was removed."""
    monkeypatch.setattr(store, "secrets", Secrets([OLD]))
    desk = Desk(store, now, ["all", "ring", "result"])
    with store.read() as db:
        last = connections.active(db, store.secrets)[-1]
    store.write(lambda db: connections.remove(db, last, desk.start))
    return store


def rows(store):
    """(version, what is sealed) of every instance and connection."""
    with store.read() as db:
        found = db.execute(select(tables.instances.c.version, tables.instances.c.secrets)).all()
        return [*found, *db.execute(select(tables.connections.c.version, tables.connections.c.settings)).all()]


def test_afterwards_the_new_key_alone_opens_everything_and_nobody_has_to_read_again(sealed):
    before = rows(sealed)
    both = Secrets([NEW, OLD])

    assert sealed.write(lambda db: resealing.seal_anew(db, both)) == 3
    once = rows(sealed)
    assert sealed.write(lambda db: resealing.seal_anew(db, both)) == 0

    assert rows(sealed) == once
    assert {version for version, _ in once} == {version for version, _ in before}
    with sealed.read() as db:
        [line] = instances.active(db, Secrets([NEW]))
        assert line.config.api_token == "t0ken-of-the-api"
        assert len(connections.active(db, Secrets([NEW]))) == 2
        with pytest.raises(SecretKeyError):
            instances.active(db, Secrets([OLD]))


def test_what_a_connection_remembers_is_sealed_anew_too_and_its_row_counts_once(sealed):
    StoredMemory(sealed, 1).renew({}, lambda _: {"token": "token-one"})

    assert sealed.write(lambda db: resealing.seal_anew(db, Secrets([NEW, OLD]))) == 3

    sealed.secrets = Secrets([NEW])
    assert StoredMemory(sealed, 1).read() == {"token": "token-one"}


def test_with_a_key_that_opens_nothing_nothing_is_changed(sealed):
    before = rows(sealed)

    with pytest.raises(SecretKeyError, match="instance support cannot be read with this key"):
        sealed.write(lambda db: resealing.seal_anew(db, Secrets([NEW, "k" * 32])))
    assert rows(sealed) == before


@pytest.mark.parametrize(
    ("command", "printed"),
    [("migrate", f"The schema is up to date.\n{SAID}"), ("apply", f"Nothing to change.\n{SAID}")],
)
def test_commands_that_see_to_it_say_so_once(run, file, command, printed):
    arguments = [command, file] if command == "apply" else [command]
    run("apply", file, RINGBRIDGE_SECRET_KEY=OLD)

    assert run(*arguments, RINGBRIDGE_SECRET_KEY=f"{NEW},{OLD}").output == printed
    assert SAID not in run(*arguments, RINGBRIDGE_SECRET_KEY=f"{NEW},{OLD}").output
    assert run("apply", file, RINGBRIDGE_SECRET_KEY=NEW).output == "Nothing to change.\n"


def test_a_rehearsal_seals_nothing(run, file):
    run("apply", file, RINGBRIDGE_SECRET_KEY=OLD)

    assert run("apply", file, "--dry-run", RINGBRIDGE_SECRET_KEY=f"{NEW},{OLD}").output == "Nothing to change.\n"
    assert run("apply", file, RINGBRIDGE_SECRET_KEY=OLD).output == "Nothing to change.\n"


def test_the_start_of_up_sees_to_it_too(run, file, tmp_path, caplog):
    run("apply", file, RINGBRIDGE_SECRET_KEY=OLD)
    caplog.set_level("INFO")
    logging.getLogger().addHandler(caplog.handler)  # the command has set logging up for itself

    service = opened.running(Settings(data_dir=tmp_path / "data", secret_key=f"{NEW},{OLD}"), embedded=True)
    service.store.close()

    assert [(record.message, record.count) for record in caplog.records if hasattr(record, "count")] == [
        ("secrets were sealed anew with the first key", 1)
    ]
    assert run("apply", file, RINGBRIDGE_SECRET_KEY=NEW).output == "Nothing to change.\n"


@pytest.mark.parametrize("command", [["up", "--port", "0"], ["migrate"], ["apply"]])
def test_two_wrong_keys_stop_the_start_in_a_sentence(run, file, command):
    run("apply", file, RINGBRIDGE_SECRET_KEY=OLD)
    command = [*command, file] if command == ["apply"] else command

    stopped = run(*command, RINGBRIDGE_SECRET_KEY=f"{NEW},{'k' * 32}")

    assert stopped.exit_code == 1
    assert stopped.stderr == (
        "Error: The secrets of instance support cannot be read with this key. "
        "Set RINGBRIDGE_SECRET_KEY to the key that they were stored with.\n"
    )

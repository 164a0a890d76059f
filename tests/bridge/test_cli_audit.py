"""Whatever is changed from the shell stands in the audit trail, by whom and without a secret."""

from __future__ import annotations

import getpass
import json

import pytest
from desk import CHAT

from bridge import audit
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
ADD = ("instance", "add", "support", "--id-instance", "7103111222", "--api-url", "https://api.example.com")


@pytest.fixture
def trail(tmp_path, monkeypatch):
    """What stands in it, the oldest first."""
    monkeypatch.setattr(getpass, "getuser", lambda: "ann")

    def trail():
        store = open_store(Settings(data_dir=tmp_path / "data"))
        with store.read() as db:
            rows = audit.listing(db, 50)[::-1]
        store.close()
        assert "canary" not in json.dumps(rows)
        assert {row["who"] for row in rows} <= {"shell:ann"}
        return [(row["what"], row["about"], row["detail"]) for row in rows]

    return trail


def test_an_instance_that_was_added_and_removed(run, trail):
    assert run(*ADD, stdin="canary-api\ncanary-hook\n").output == "instance support: added\n"
    assert run("instance", "remove", "support").exit_code == 0

    assert trail() == [
        ("instance.added", "support", {"id_instance": "7103111222"}),
        ("instance.removed", "support", {}),
    ]


def test_a_file_that_was_applied_is_one_line_and_only_where_it_changed_something(run, trail, tmp_path):
    (tmp_path / "r.toml").write_text(FILE)
    for arguments in (("--dry-run",), (), ()):
        assert run("apply", tmp_path / "r.toml", *arguments).exit_code == 0

    assert trail() == [("config.applied", "r.toml", {"changes": ["instance support: added"]})]


def test_an_erased_caller_is_in_the_trail_without_the_number(run, trail, tmp_path):
    run("migrate")
    store = open_store(Settings(data_dir=tmp_path / "data"))
    row = {"type": None, "verdict": "unread", "key": "k", "body": f'{{"from": "{CHAT}'}
    note = audit.table.metadata.tables["notifications"]
    moment = audit.datetime.fromisoformat("2026-11-20T14:03:12+00:00")
    store.write(lambda db: db.execute(note.insert(), {**row, "received_at": moment}) and None)
    store.close()

    assert run("caller", "erase", "+15551230042", "--yes").exit_code == 0
    assert run("caller", "erase", "+15551239999", "--yes").exit_code == 0  # nothing is kept of this one

    assert trail() == [("caller.erased", None, {"rows": {"notifications": 1}})]

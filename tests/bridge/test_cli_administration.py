"""Instances, connections and connectors from the command line."""

from __future__ import annotations

import json

import pytest
from desk import SECRET

INSTANCE = ("--id-instance", "7103111222", "--api-url", "https://api.example.com")
CONNECTION = ("--connector", "webhook", "--url", "https://crm.invalid/hook")
FILE = """
[[instance]]
name = "support"
id_instance = "7103111222"
api_url = "https://api.example.com"
api_token = "canary"
webhook_token = "canary"
"""


@pytest.fixture
def office(run):
    """One instance and one connection, added by hand."""
    assert run("instance", "add", "support", *INSTANCE, stdin="canary-api\ncanary-hook\n").exit_code == 0
    assert run("connection", "add", "sales", *CONNECTION, "--policy", "ring", stdin=f"{SECRET}\n").exit_code == 0
    return run


def listed(run, kind):
    return json.loads(run(kind, "list", "--json").stdout)


def test_what_was_added_is_listed_without_its_secrets(office):
    assert listed(office, "instance") == [
        {
            "name": "support",
            "id_instance": "7103111222",
            "intake": "webhook",
            "state": None,
            "last_notification_at": None,
            "reason": None,
            "state_at": None,
            "journal_until": None,
            "refused": 0,
            "notes": [],
        }
    ]
    assert listed(office, "connection") == [
        {
            "name": "sales", "connector": "webhook", "policy": "ring", "instances": ["support"],
            "state": "active", "paused_by": None, "reason": None,
        }
    ]  # fmt: skip


def test_an_account_that_is_polled_is_added_without_a_token_for_its_webhook(run):
    assert run("instance", "add", "polled", *INSTANCE, "--intake", "poll", stdin="canary-api\n").exit_code == 0
    [shown] = listed(run, "instance")
    assert (shown["intake"], shown["reason"]) == (
        "poll",
        "Nobody polls it: start `ringbridge up`, or `ringbridge poll`.",
    )


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("instance", "add", "support", *INSTANCE), "There is an instance support already"),
        (("connection", "add", "sales", *CONNECTION), "There is a connection sales already"),
        (("connection", "add", "x", "--connector", "nope"), "There is no connector named 'nope'. Known: apprise,"),
        (("connection", "add", "x", *CONNECTION), "Signing secret is missing"),
        (("connection", "pause", "nobody"), "There is no connection nobody"),
        (("connection", "check", "nobody"), "There is no connection nobody"),
        (("instance", "remove", "nobody"), "There is no instance nobody"),
        (("connector", "show", "nope"), "There is no connector named 'nope'."),
    ],
)
def test_a_refusal_is_one_sentence(office, arguments, sentence):
    refused = office(*arguments)

    assert refused.exit_code == 1
    assert refused.stderr.startswith(f"Error: {sentence}")
    assert refused.stderr.count("\n") == 1
    assert "canary" not in refused.output


def test_a_secret_is_never_an_option(run):
    assert "--secret" not in run("connection", "add", "--connector", "webhook", "--help").stdout
    assert run("connection", "add", "x", *CONNECTION, "--secret", SECRET).exit_code == 2


def test_pausing_and_resuming_show_in_the_list(office):
    office("connection", "pause", "sales")
    [paused] = listed(office, "connection")
    office("connection", "resume", "sales")
    [resumed] = listed(office, "connection")

    assert (paused["state"], paused["paused_by"]) == ("paused", "admin")
    assert (resumed["state"], resumed["paused_by"], resumed["reason"]) == ("active", None, None)


def test_a_name_may_be_used_again_after_removal(office):
    assert office("connection", "remove", "sales").output == "connection sales: removed\n"
    assert office("instance", "remove", "support").output == "instance support: removed\n"
    assert listed(office, "connection") == listed(office, "instance") == []

    added = office("connection", "add", "sales", *CONNECTION, stdin=f"{SECRET}\n")

    assert added.output == "connection sales: added\n"


def test_a_check_that_finds_something_says_so_and_exits_1(office):
    plain, for_scripts = office("connection", "check", "sales"), office("connection", "check", "sales", "--json")

    assert (plain.exit_code, for_scripts.exit_code) == (1, 1)
    assert plain.stderr.startswith("The name crm.invalid could not be resolved.")
    found = json.loads(for_scripts.stdout)
    assert found["ok"] is False
    assert found["findings"][0]["id"] == "check-retryable"


def test_connectors_and_their_settings_are_listed(run):
    names = [one["name"] for one in listed(run, "connector")]
    assert names == ["apprise", "bitrix24", "bitrix24_app", "hubspot", "webhook"]
    shown = json.loads(run("connector", "show", "webhook", "--json").stdout)
    assert [(one["name"], one["kind"]) for one in shown["settings"]] == [("url", "url"), ("secret", "secret")]


def test_a_rehearsal_says_what_would_change_and_changes_nothing(office, tmp_path):
    (tmp_path / "r.toml").write_text(FILE)

    rehearsed = office("apply", tmp_path / "r.toml", "--dry-run", "--prune")

    assert rehearsed.output == ("connection sales: removed\ninstance support: changed (api_token, webhook_tokens)\n")
    assert [one["name"] for one in listed(office, "connection")] == ["sales"]


def test_pruning_removes_what_is_not_in_the_file(office, tmp_path):
    (tmp_path / "r.toml").write_text(FILE)

    office("apply", tmp_path / "r.toml", "--prune")

    assert listed(office, "connection") == []
    assert [one["name"] for one in listed(office, "instance")] == ["support"]


def test_an_added_connection_may_have_its_own_language_zone_and_template(run):
    words = ("--language", "ru", "--timezone", "Europe/Moscow", "--template", "$label $caller")
    run("connection", "add", "sales", "--connector", "webhook", "--url", "https://a.example.com/", *words, stdin=SECRET)

    exported = run("export").stdout
    for line in ('language = "ru"', 'timezone = "Europe/Moscow"', 'template = "$label $caller"'):
        assert line in exported


def test_migrate_finds_out_that_the_key_is_not_the_one_that_sealed(run):
    run("connection", "add", "sales", *CONNECTION, stdin=f"{SECRET}\n")
    done = run("migrate", RINGBRIDGE_SECRET_KEY="another-key-of-at-least-32-characters")

    assert done.exit_code == 1
    assert "cannot be read with this key" in done.stderr

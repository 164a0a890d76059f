"""A file with a fault: one sentence that names it, exit code 1, and nothing changed."""

from __future__ import annotations

import pytest
from desk import SECRET

INSTANCE = {
    "name": '"support"',
    "id_instance": '"7103111222"',
    "api_url": '"https://api.example.com"',
    "api_token": '"canary-api"',
    "webhook_token": '"canary-hook"',
}
CONNECTION = {
    "name": '"sales"',
    "connector": '"webhook"',
    "settings": f'{{ url = "https://crm.example.com/hook", secret = "{SECRET}" }}',
}
ON_INSTANCE = "[[instance]] support: "
ON_CONNECTION = "[[connection]] sales: "


def table(kind, keys, changes) -> str:
    lines = [f"{key} = {value}" for key, value in {**keys, **changes}.items() if value is not None]
    return "\n".join([f"[[{kind}]]", *lines, ""])


@pytest.fixture
def configured(run, tmp_path):
    """A bridge with one instance and one connection; returns what `apply` says of another file."""

    def applied(text):
        (tmp_path / "ringbridge.toml").write_text(text, "utf-8")
        return run("apply", tmp_path / "ringbridge.toml")

    assert applied(table("instance", INSTANCE, {}) + table("connection", CONNECTION, {})).exit_code == 0
    return applied


def refused(run, configured, text, said) -> None:
    before = run("export").stdout
    done = configured(text)

    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr.startswith(f"Error: {said}")
    assert done.stderr.endswith(".\n")
    assert done.stderr.count("\n") == 1
    assert "canary" not in done.stderr
    assert SECRET not in done.stderr
    assert run("export").stdout == before


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"webhok_token": '"canary"'}, "webhok_token is not a known setting."),
        ({"id_instance": "7103111222"}, "id_instance: "),
        ({"lookups_per_second": '"1"'}, "lookups_per_second: "),
        ({"lookups_per_second": "true"}, "lookups_per_second: "),
        ({"lookups_per_second": "0"}, "lookups_per_second: "),
        ({"name_order": '"name"'}, "name_order: "),
        ({"name_order": '["name", "name"]'}, "name_order: names name more than once."),
        ({"timezone": '"Europe/Berlín"'}, "timezone: is no IANA time zone"),
        ({"timezone": "1"}, "timezone: "),
        ({"webhook_token": '"Bearer"'}, "webhook_token.0: is only the name of a scheme"),
        ({"webhook_token": '["canary", "basic"]'}, "webhook_token.1: is only the name of a scheme"),
        ({"webhook_token": '"canary\\nsecond"'}, "webhook_token.0: must be one line of printable characters."),
        ({"api_token": '"canary\\nsecond"'}, "api_token: must be printable characters without a space"),
        ({"api_token": "true"}, "api_token: "),
        ({"intake": '"push"'}, "intake: "),
        ({"hours": '["mon-fri 09:00-18:00"]'}, "hours is not a known setting."),
        ({"forward_url": '"https://canary.example.com"'}, "forward_url is not a known setting."),
        ({"forward_token": '"canary"'}, "forward_token is not a known setting."),
        ({"api_token": "{ env = 'RINGBRIDGE_NOT_SET' }"}, "the environment variable RINGBRIDGE_NOT_SET is not set."),
        ({"api_token": "{ file = 'not-there' }"}, "the file not-there cannot be read."),
    ],
)
def test_a_fault_in_an_instance_changes_nothing(run, configured, changes, said):
    place = "[[instance]] support, api_token: " if "{ " in str(changes.get("api_token")) else ON_INSTANCE
    refused(run, configured, table("instance", INSTANCE, {"timezone": '"Asia/Tokyo"', **changes}), f"{place}{said}")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"polcy": '"all"'}, "polcy is not a known setting."),
        ({"connector": '"webhok"'}, "There is no connector named 'webhok'."),
        ({"connector": "1"}, "connector: "),
        ({"policy": '"everything"'}, "policy: "),
        ({"instances": "[]"}, "instances: "),
        ({"instances": '["support", "support"]'}, "instances: names support more than once."),
        ({"instances": '["lobby"]'}, "instances names 'lobby', and there is no such instance."),
        ({"language": '"de"'}, "language: must be one of en, ru."),
        ({"timezone": '"Mars/Base"'}, "timezone: is no IANA time zone"),
        ({"template": '"$label by $who"'}, "template: "),
        ({"template": '"100 $"'}, "template: "),
        ({"template": '""'}, "template: "),
        ({"labels": '{ rings = "Ring" }'}, "labels.rings is not a known setting."),
        ({"labels": '{ ringing = "" }'}, "labels.ringing: "),
        ({"directions": '["incoming"]'}, "directions is not a known setting."),
        ({"alerts": "false"}, "alerts is not a known setting."),
        ({"after": '"1h"'}, "after is not a known setting."),
        ({"once_per": '"1d"'}, "once_per is not a known setting."),
        ({"daily_cap": "5"}, "daily_cap is not a known setting."),
        ({"during": '"hours"'}, "during is not a known setting."),
        ({"paused": "true"}, "paused is not a known setting."),
    ],
)
def test_a_fault_in_a_connection_changes_nothing(run, configured, changes, said):
    instance = table("instance", INSTANCE, {"timezone": '"Asia/Tokyo"'})  # sound, and yet not to be made so
    refused(run, configured, instance + table("connection", CONNECTION, changes), f"{ON_CONNECTION}{said}")


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ('{ url = "https://x.example", secret = "whsec_YWFhYQ==", ulr = "canary" }', "ulr is not a known setting."),
        ('{ url = "https://x.example" }', "secret is missing."),
        ('{ url = 3, secret = "whsec_YWFhYQ==" }', "url: "),
        ('{ url = "https://x.example", secret = true }', "secret: "),
        ('{ url = "https://x.example", secret = { env = "RINGBRIDGE_NOT_SET" } }', None),
    ],
)
def test_a_fault_in_the_settings_changes_nothing(run, configured, settings, said):
    place = "[[connection]] sales, settings: "
    said = f"{place}{said}" if said else "[[connection]] sales, settings, secret: the environment variable "
    refused(run, configured, table("connection", CONNECTION, {"settings": settings}), said)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ([("instance", {}), ("instance", {"id_instance": '"2"'})], "[[instance]] support: 2 tables have this name"),
        ([("connection", {}), ("connection", {})], "[[connection]] sales: 2 tables have this name"),
        ([("instance", {}), ("instance", {"name": '"two"'})], "[[instance]] support: id_instance 7103111222 stands "),
        ([("connexion", {})], "ringbridge.toml: 'connexion' is not known here"),
    ],
)
def test_a_fault_of_the_file_changes_nothing(run, configured, text, said):
    keys = {"instance": INSTANCE, "connection": CONNECTION, "connexion": CONNECTION}
    refused(run, configured, "".join(table(kind, keys[kind], changes) for kind, changes in text), said)

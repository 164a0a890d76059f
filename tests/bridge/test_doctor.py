"""`instance check`: what is wrong with an instance, in the order in which to mend it, and the mending."""

from __future__ import annotations

import json
import re
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from flask import Response
from sqlalchemy import select, update

from bridge import notifications
from bridge.doctor import findings, states
from bridge.greenapi.standin import Account, Fault, GreenApi
from bridge.greenapi.standin.loopback import Loopback
from bridge.reception import PATH
from bridge.settings import Settings
from bridge.store import open_store
from bridge.store.tables import instances

LINE = "7103111222"
API_TOKEN, WEBHOOK_TOKEN = "canary-token-of-the-api", "canary-token-of-the-webhook"
THEIRS = "https://crm.example.com/canary-secret-of-theirs"
OFF = {"incomingWebhook": "no", "incomingCallWebhook": "no", "stateWebhook": "no"}
FLAGS_OFF = ["incoming-call-webhook-off", "incoming-webhook-off", "state-webhook-off"]
UNREACHABLE = "http://127.0.0.1:9"
WAITING = json.dumps({"count": 3})


class Bridge:
    """What answers at our public address, and takes what is pushed."""

    def __init__(self):
        self.loopback = Loopback("bridge", None)
        self.loopback.app.add_url_rule("/healthz", view_func=lambda: "OK")
        self.loopback.app.add_url_rule(PATH, view_func=lambda: Response("OK"), methods=["POST"], endpoint="in")
        self.loopback.app.add_url_rule("/bare" + PATH, view_func=lambda: "OK", methods=["POST"], endpoint="bare")
        self.loopback.app.add_url_rule("/other/healthz", view_func=lambda: Response(status=404), endpoint="other")


@pytest.fixture
def public():
    bridge = Bridge()
    yield bridge.loopback.start()
    bridge.loopback.stop()


@pytest.fixture
def green_api():
    with GreenApi(pause=0.01) as green_api:
        yield green_api


@pytest.fixture
def clinic(run, green_api, public, tmp_path, monkeypatch, empty_sqlite):
    shutil.copytree(empty_sqlite, tmp_path / "data")  # to make the tables anew for each test takes longer than the test
    monkeypatch.setenv("RINGBRIDGE_ALLOWED_PRIVATE_NETWORKS", "127.0.0.0/8")
    monkeypatch.setenv("RINGBRIDGE_PUBLIC_URL", public)
    return Clinic(run, green_api, public, tmp_path)


class Clinic:
    """An instance here and at GREEN-API, broken as each test wants it."""

    def __init__(self, run, green_api, public, folder):
        self.run, self.green_api, self.public, self.folder = run, green_api, public, folder

    def admit(self, *, api_token=API_TOKEN, id_instance=LINE, intake="webhook", tokens=(WEBHOOK_TOKEN,), **account):
        """Describe the instance here, and have it at GREEN-API as `account` says; all is well by default."""
        url = "" if intake == "poll" else f"{self.public}{PATH}"
        known = {"id_instance": LINE, "api_token": API_TOKEN, "webhook_url": url, "webhook_token": WEBHOOK_TOKEN}
        self.green_api.account(Account(**{**known, **account}))
        lines = ["[[instance]]", 'name = "support"', f'id_instance = "{id_instance}"', f'intake = "{intake}"']
        lines += [f'api_url = "{self.green_api.url}"', f'api_token = "{api_token}"']
        if intake == "webhook":
            lines.append(f"webhook_token = {json.dumps(list(tokens))}")
        file = self.folder / "ringbridge.toml"
        file.write_text("\n".join(lines))
        assert self.run("apply", file).exit_code == 0

    def check(self, *more):
        """(exit code, ids of the findings)."""
        done = self.run("instance", "check", "support", "--json", *more)
        told = json.loads(done.stdout)
        assert set(told) == {"ok", "findings"}
        assert all(set(one) == {"id", "text", "next"} for one in told["findings"])
        assert told["ok"] is (done.exit_code == 0)
        for secret in (API_TOKEN, WEBHOOK_TOKEN, "canary"):
            assert secret not in done.output
        return done.exit_code, [one["id"] for one in told["findings"]]

    @property
    def changes(self):
        """How often the settings were changed at GREEN-API."""
        return sum(entry.get("method") == "setSettings" for entry in self.green_api.log.entries())

    def stored(self, **values):
        """Set columns of the instance; without any, the row."""
        store = open_store(Settings(data_dir=self.folder / "data"))
        if values:
            store.write(lambda db: db.execute(update(instances).values(**values)) and None)
        with store.read() as db:
            row = db.execute(select(instances)).one()
        store.close()
        return row


def at(method, **fault):
    return Fault(method=method, **fault)


BROKEN = {
    "everything off": (
        {"settings": OFF, "webhook_url": "", "webhook_token": ""}, None, 1, ["webhook-url-missing", *FLAGS_OFF],
    ),
    "a new instance": (
        {"settings": OFF, "webhook_url": "", "webhook_token": "", "state": "notAuthorized"}, None, 1,
        ["webhook-url-missing", *FLAGS_OFF, "instance-not-authorized"],
    ),
    "no calls": ({"settings": {"incomingCallWebhook": "no"}}, None, 1, ["incoming-call-webhook-off"]),
    "no messages": ({"settings": {"incomingWebhook": "no"}}, None, 1, ["incoming-webhook-off"]),
    "no states": ({"settings": {"stateWebhook": "no"}}, None, 1, ["state-webhook-off"]),
    "wrong token": ({"api_token": "canary-wrong"}, None, 1, ["api-token-refused"]),
    "wrong id": ({"id_instance": "1"}, None, 1, ["instance-unknown"]),
    "wrong address": ({}, at("getStateInstance", status=404), 1, ["api-url-wrong"]),
    "no service": ({}, at("getStateInstance", status=502, body="<html>"), 1, ["api-unreachable"]),
    "expired": ({"expired": True}, None, 1, ["instance-expired"]),
    "deleted": ({}, at("getStateInstance", status=400, body="Instance is deleted"), 1, ["instance-expired"]),
    "logged out": ({"state": "notAuthorized"}, None, 1, ["instance-not-authorized"]),
    "suspended": ({"state": "suspended"}, None, 1, ["instance-suspended"]),
    "suspended, as it was called": ({"state": "yellowCard"}, None, 1, ["instance-suspended"]),
    "banned": ({"state": "blocked"}, None, 1, ["instance-blocked"]),
    "half logged in": ({"state": "pendingPassword"}, None, 1, ["password-pending"]),
    "an unknown state": ({"state": "moonlit"}, None, 1, ["instance-state-unknown"]),
    "being created": ({"state": None}, None, 0, ["instance-being-created"]),
    "starting": ({"state": "starting"}, None, 0, ["instance-starting"]),
    "webhook elsewhere": ({"webhook_url": THEIRS}, None, 1, ["webhook-elsewhere"]),
    "webhook elsewhere and a flag off": (
        {"webhook_url": THEIRS, "settings": {"stateWebhook": "no"}}, None, 1,
        ["webhook-elsewhere", "state-webhook-off"],
    ),
    "wrong webhook token": ({"webhook_token": "canary-other"}, None, 1, ["webhook-token-differs"]),
    "no webhook token": ({"webhook_token": ""}, None, 1, ["webhook-token-differs"]),
    "another scheme": (
        {"webhook_token": "Basic canary", "tokens": ["Bearer canary"]}, None, 1, ["webhook-token-differs"],
    ),
    "an old webhook token": ({"tokens": ["canary-newer", WEBHOOK_TOKEN]}, None, 1, ["webhook-token-old"]),
    "webhook set while polling": (
        {"intake": "poll", "webhook_url": THEIRS}, None, 1, ["webhook-set-while-polling"],
    ),
    "quota used up": ({}, at("lastIncomingCalls", status=466), 1, ["quota-used-up"]),
    "no journal": ({}, at("lastIncomingCalls", status=404), 0, ["journal-unavailable"]),
    "settings that cannot be read": ({}, at("getSettings", status=500), 1, ["settings-unreadable"]),
    "asked too often": ({}, at("getSettings", status=429), 1, ["asked-too-often"]),
    "notifications that wait": ({}, at("getWebhooksCount", status=200, body=WAITING), 1, ["notifications-waiting"]),
}  # fmt: skip


@pytest.mark.parametrize("case", BROKEN)
def test_what_is_wrong_is_found_and_nothing_else(clinic, case):
    broken, fault, code, expected = BROKEN[case]
    clinic.admit(**broken)
    if fault:
        clinic.green_api.fault(fault)

    assert clinic.check() == (code, expected)
    assert clinic.changes == 0


WELL = {
    "pushed": {},
    "polled": {"intake": "poll"},
    "with a scheme there": {"webhook_token": f"Bearer {WEBHOOK_TOKEN}"},
    "with a scheme here": {"tokens": [f"bearer {WEBHOOK_TOKEN}"]},
    "with a password": {"tokens": ["canary:secret"], "webhook_token": "Basic Y2FuYXJ5OnNlY3JldA=="},
}


@pytest.mark.parametrize("case", WELL)
def test_nothing_is_found_where_all_is_well_and_fix_writes_nothing(clinic, case):
    clinic.admit(**WELL[case])

    assert clinic.check() == clinic.check("--fix") == (0, [])
    assert clinic.changes == 0
    plain = clinic.run("instance", "check", "support")
    assert plain.stdout.splitlines()[:2] == [
        "instance support: works",
        "Nothing has come from GREEN-API for it yet. Call the number to see it work.",
    ]
    assert "authorised again" in plain.stdout


def test_an_address_with_a_slash_at_its_end_is_ours_too(clinic):
    clinic.admit(webhook_url=f"{clinic.public}{PATH}/")

    assert clinic.check() == (0, [])


def test_an_address_that_does_not_answer_is_a_finding_and_stops_nothing(clinic, monkeypatch):
    clinic.admit(settings={"stateWebhook": "no"}, webhook_url=f"{UNREACHABLE}{PATH}")
    monkeypatch.setenv("RINGBRIDGE_PUBLIC_URL", UNREACHABLE)

    assert clinic.check() == (1, ["public-address-unreachable", "state-webhook-off"])
    assert clinic.check("--fix") == (1, ["settings-changed", "public-address-unreachable"])
    assert clinic.green_api.settings(LINE)["stateWebhook"] == "yes"


@pytest.mark.parametrize(("path", "found"), [("/bare", []), ("/other", ["public-address-unreachable"])])
def test_a_proxy_that_lets_in_nothing_but_the_webhook_is_as_good(clinic, monkeypatch, path, found):
    clinic.admit(webhook_url=f"{clinic.public}{path}{PATH}")
    monkeypatch.setenv("RINGBRIDGE_PUBLIC_URL", f"{clinic.public}{path}")

    assert clinic.check()[1] == found


def test_an_address_in_a_network_that_is_not_allowed_is_not_asked(clinic, monkeypatch):
    clinic.admit()
    monkeypatch.setenv("RINGBRIDGE_ALLOWED_PRIVATE_NETWORKS", "10.0.0.0/8")

    done = clinic.run("instance", "check", "support")

    assert "RINGBRIDGE_ALLOWED_PRIVATE_NETWORKS" in done.stderr
    assert [entry for entry in clinic.green_api.log.entries() if entry["what"] == "asked"] == []


def test_without_a_public_address_it_is_asked_for_and_the_rest_is_mended(clinic, monkeypatch):
    clinic.admit(settings=OFF, webhook_url="")
    monkeypatch.delenv("RINGBRIDGE_PUBLIC_URL")

    assert clinic.check() == (1, ["public-url-missing", *FLAGS_OFF])
    assert clinic.check("--fix") == (1, ["settings-changed", "public-url-missing"])
    assert clinic.green_api.settings(LINE)["webhookUrl"] == ""


MENDED = ["everything off", "no calls", "no messages", "no states", "wrong webhook token", "no webhook token",
          "an old webhook token", "another scheme"]  # fmt: skip


@pytest.mark.parametrize("case", MENDED)
def test_fix_mends_all_at_once_and_a_second_one_writes_nothing(clinic, case):
    broken, _, _, _ = BROKEN[case]
    clinic.admit(**broken)
    before = clinic.green_api.settings(LINE)

    assert clinic.check("--fix") == (0, ["settings-changed"])
    assert clinic.check("--fix") == (0, [])

    after = clinic.green_api.settings(LINE)
    assert clinic.changes == 1
    assert after["webhookUrl"] == f"{clinic.public}{PATH}"
    assert after["webhookUrlToken"] == broken.get("tokens", [WEBHOOK_TOKEN])[0]
    assert [after[name] for name in OFF] == ["yes"] * 3
    ours = {*OFF, "webhookUrl", "webhookUrlToken"}
    assert {k: v for k, v in before.items() if k not in ours} == {k: v for k, v in after.items() if k not in ours}


def test_fix_writes_only_what_differs(clinic):
    clinic.admit(settings={"stateWebhook": "no"})

    done = clinic.run("instance", "check", "support", "--fix")

    assert done.stdout.startswith("Changed at GREEN-API: stateWebhook. The instance restarts;")
    assert (done.exit_code, done.stderr) == (0, "")


@pytest.mark.parametrize("intake", ["webhook", "poll"])
def test_a_webhook_is_not_taken_away_from_somebody_else_unless_that_is_said(clinic, intake):
    clinic.admit(webhook_url=THEIRS, intake=intake, settings={"stateWebhook": "no"})
    before = clinic.green_api.settings(LINE)

    found = clinic.check("--fix")
    assert found == clinic.check()
    assert (found[0], clinic.changes, clinic.green_api.settings(LINE)) == (1, 0, before)
    plain = clinic.run("instance", "check", "support", "--fix")
    assert "leads to crm.example.com" in plain.stderr
    assert "--replace-webhook" in plain.stderr

    assert clinic.check("--fix", "--replace-webhook") == (0, ["settings-changed"])
    # Where nobody fetches, what the restart itself told is left waiting.
    left = ["notifications-waiting"] if intake == "poll" else []
    assert clinic.check("--fix", "--replace-webhook") == (0, left)
    assert clinic.changes == 1
    assert clinic.green_api.settings(LINE)["webhookUrl"] == ("" if intake == "poll" else f"{clinic.public}{PATH}")


def test_our_own_webhook_is_cleared_for_polling_without_asking(clinic):
    clinic.admit(intake="poll", webhook_url=f"{clinic.public}{PATH}")

    assert clinic.check() == (1, ["webhook-set-while-polling"])
    assert clinic.check("--fix") == (0, ["settings-changed"])
    assert clinic.green_api.settings(LINE)["webhookUrl"] == ""


def test_replacing_without_fixing_is_wrong_usage(clinic):
    clinic.admit()

    assert clinic.run("instance", "check", "support", "--replace-webhook").exit_code == 2


def test_a_restart_that_we_cause_is_noted_and_waited_for(run, public, tmp_path, monkeypatch):
    monkeypatch.setenv("RINGBRIDGE_ALLOWED_PRIVATE_NETWORKS", "127.0.0.0/8")
    monkeypatch.setenv("RINGBRIDGE_PUBLIC_URL", public)
    with GreenApi(restart_delay=3600) as green_api:
        clinic = Clinic(run, green_api, public, tmp_path)
        clinic.admit(settings=OFF)
        clinic.check("--fix")

        assert clinic.check("--fix") == (0, ["instance-starting"])
        assert clinic.changes == 1
    until = clinic.stored().restarting_until - datetime.now(UTC)
    assert timedelta(minutes=4) < until < timedelta(minutes=6)


@pytest.mark.parametrize("fault", [{"status": 500}, {"status": 200, "body": '{"saveSettings": false}'}])
def test_settings_that_cannot_be_saved_are_said_to_be_as_they_were(clinic, fault):
    clinic.admit(settings={"stateWebhook": "no"})
    clinic.green_api.fault(at("setSettings", **fault))

    assert clinic.check("--fix") == (1, ["settings-not-saved", "state-webhook-off"])


def test_what_was_refused_is_told_until_something_comes(clinic):
    clinic.admit(webhook_token="canary-other")
    now = datetime.now(UTC)
    clinic.stored(refused=3, refused_at=now - timedelta(hours=1), heard_at=now - timedelta(hours=2))

    assert clinic.check() == (1, ["webhook-token-differs", "notifications-refused"])
    clinic.check("--fix")
    assert clinic.check() == (0, ["notifications-refused"])
    clinic.stored(heard_at=now)
    assert clinic.check() == (0, [])


@pytest.mark.parametrize(
    ("heard", "found"), [(timedelta(minutes=1), (0, [])), (timedelta(hours=1), (1, ["notifications-waiting"]))]
)
def test_what_waits_is_only_told_where_nothing_comes(clinic, heard, found):
    clinic.admit()
    clinic.green_api.fault(BROKEN["notifications that wait"][1])
    clinic.stored(heard_at=datetime.now(UTC) - heard)

    assert clinic.check() == found
    assert "Last heard of 20" in clinic.run("instance", "check", "support").stdout


def test_a_quota_of_which_green_api_told_is_found_although_it_answers_as_ever(clinic):
    clinic.admit()
    store, now = open_store(Settings(data_dir=clinic.folder / "data")), datetime.now(UTC)
    body = b'{"typeWebhook": "quotaExceeded"}'
    store.write(lambda db: notifications.keep(db, "k", body, "alert", now, kind="quotaExceeded", instance_id=1))
    store.close()

    assert clinic.check() == (1, ["quota-used-up"])


def test_what_keeps_a_poller_from_working_is_told_where_nothing_else_says_it(clinic):
    clinic.admit(intake="poll")
    clinic.stored(poll_reason="The network is away.")
    assert clinic.check() == (1, ["polling-fails"])

    clinic.green_api.state(LINE, "notAuthorized")
    assert clinic.check()[1][0] == "instance-not-authorized"
    assert "polling-fails" not in clinic.check()[1]


def test_everything_that_may_be_found_is_explained_in_its_order():
    page = (Path(__file__).parents[2] / "docs" / "instances.md").read_text()
    listed = re.findall(r"^\| `([a-z-]+)` \|", page, re.MULTILINE)

    assert tuple(listed) == findings.ORDER
    constants = [one for module in (findings, states) for one in vars(module).values()]
    known = [one.id for one in [*constants, *states.STATES.values()] if isinstance(one, findings.Finding)]
    assert len(known) > 20
    assert set(known) <= set(findings.ORDER)

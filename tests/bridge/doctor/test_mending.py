"""`instance check --fix`: all that can be mended at once, and nothing of somebody else's unless that is said."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from ailments import BROKEN, OFF, THEIRS, at
from clinic import LINE, WEBHOOK_TOKEN, Clinic

from bridge.greenapi.standin import GreenApi
from bridge.reception import PATH

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

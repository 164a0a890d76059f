"""The address at which GREEN-API is to reach us: ours or not, reached or not, and what is said where there is none."""

from __future__ import annotations

import pytest
from ailments import FLAGS_OFF, OFF
from clinic import LINE

from bridge.reception import PATH

UNREACHABLE = "http://127.0.0.1:9"


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

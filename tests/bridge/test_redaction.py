"""What is cut out of logs and reasons, wherever it stands."""

from __future__ import annotations

import base64
import json
import logging
from urllib.parse import quote

import pytest

from bridge import redaction, secrecy
from bridge.redaction import redact, redacted, without_secrets
from bridge.settings import Settings
from connectors.kit import Registry


@pytest.fixture(autouse=True)
def _known(monkeypatch):
    monkeypatch.setattr(redaction, "_known", redaction._Known())


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("rings +15551230042 now", "rings +1555•••0042 now"),
        ("from=15551230042@c.us", "from=1555•••0042@c.us"),
        ("15551230042@s.whatsapp.net, 98765432101234@lid", "1555•••0042@s.whatsapp.net, 98765•••1234@lid"),
        ("15551230042-1600000000@g.us", "1555•••0042-160•••0000@g.us"),
        ("at +0200 and +1234567", "at +0200 and +1234567"),
        ("The Authorization header fits no webhook_token.", "The Authorization header fits no webhook_token."),
        ("call 7103111222-3EB0C1 took 15551230042 ns", "call 7103111222-3EB0C1 took 15551230042 ns"),
    ],
)
def test_phones_are_masked_and_other_numbers_are_not(text, masked):
    assert redacted(text) == masked


@pytest.mark.parametrize("shape", [str, lambda value: quote(value, safe=""), json.dumps, repr, ascii])
def test_a_registered_secret_is_cut_out_in_whatever_shape_it_appears(shape):
    secret = 'canary/with "quotes" & ünits'
    assert "canary" in redacted(shape(secret))
    redact([secret])

    assert "canary" not in redacted(f"before {shape(secret)} after")


def test_what_changes_by_itself_is_let_go_when_it_opens_nothing_any_more():
    for number in range(1, 6):
        redaction.redact_passing("connection 1", [f"canary-token-{number}"])
    redaction.redact_passing("connection 2", ["canary-token-1"])
    redact(["canary-token-3"])

    shown = [number for number in range(1, 6) if "canary" in redacted(f"canary-token-{number}")]

    assert shown == [2]


def test_a_registered_secret_is_cut_out_of_a_header_too():
    redact(["canary-0123456789"])

    assert redacted(base64.b64encode(b"canary-0123456789").decode()).startswith("…")


def test_what_is_short_is_left_alone():
    redact(["seven77", ""])

    assert redacted("seven77 and so on") == "seven77 and so on"


def test_of_two_secrets_the_longer_one_goes_first():
    redact(["canary-1", "canary-1-and-more"])

    assert redacted("canary-1-and-more") == "…"


def test_a_reason_for_people_keeps_its_phones():
    redact(["canary-0123456789"])

    assert without_secrets("+15551230042 canary-0123456789") == "+15551230042 …"


def test_the_secrets_of_the_environment_are_known():
    environment = Settings(
        secret_key="canary-first-key, canary-second-key",
        metrics_token="canary-metrics",
        database_url="postgresql://u:canary%2Fword@db/x",
        broker_url="redis://:canary-redis@mq/0",
    )
    secrecy.keep_environment(environment)

    for secret in ("first-key", "second-key", "metrics", "redis"):
        assert redacted(f"canary-{secret}") == "…"
    assert redacted("canary%2Fword") == redacted("canary/word") == "…"
    assert redacted("postgresql://u@db/x") == "postgresql://u@db/x"


def test_a_connections_secret_settings_are_known_and_what_its_address_hides():
    settings = {
        "url": "https://crm.example.com/hooks/canary-0123456789?key=canary-9876543210",
        "secret": "whsec_canaryAA",
    }
    secrecy.keep_settings(Registry(), "webhook", settings)

    assert "canary" not in redacted(f"{settings} canaryAA")
    assert redacted("https://crm.example.com/hooks/") == "https://crm.example.com/hooks/"


def test_where_a_connector_cannot_be_asked_every_setting_is_a_secret():
    secrecy.keep_settings(Registry(), "nowhere", {"anything": "canary-0123456789"})

    assert redacted("canary-0123456789") == "…"


def test_a_secret_that_is_planted_in_a_line_is_found(secret_lines):
    logging.getLogger("anybody").debug("a token", extra={"token": "canary-that-nobody-registered"})

    assert len(secret_lines) == 1
    secret_lines.clear()

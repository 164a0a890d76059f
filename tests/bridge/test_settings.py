"""The environment, and what is said of a variable that a process cannot start with."""

from __future__ import annotations

from ipaddress import ip_network

import pytest

from bridge import settings
from bridge.settings import SettingsError


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        *(
            (f"{name}_SECONDS", value)
            for name in ("RING", "NAME_WAIT", "OUTCOME")
            for value in ("soon", "-1", "inf", "nan", "1e9")
        ),
        ("RING_SECONDS", "0"),
        ("LOG_LEVEL", "LOUD"),
        ("LOG_FORMAT", "xml"),
        ("ALLOWED_PRIVATE_NETWORKS", "here"),
        ("ALLOWED_PRIVATE_NETWORKS", "10.0.0.0/8,10.0.0.0/99"),
        ("DATABASE_URL", "mysql://u:canary@db/x"),
        ("DATABASE_URL", "postgresql://u:canary@db:port/x"),
        ("DATABASE_URL", "postgresql://[u:canary"),
        ("DATABASE_URL", "sqlite:///"),
        ("BROKER_URL", "amqp://u:canary@mq"),
        ("PUBLIC_URL", "calls.example.com"),
        ("PUBLIC_URL", "http://calls.example.com"),
        ("PUBLIC_URL", "https://"),
        ("PUBLIC_URL", "https://u:canary@calls.example.com"),
        ("PUBLIC_URL", "https://calls.example.com:port"),
        ("PUBLIC_URL", "https://calls.example.com/?canary"),
    ],
)
def test_a_wrong_value_is_one_sentence_that_names_the_variable(monkeypatch, variable, value):
    monkeypatch.setenv(f"RINGBRIDGE_{variable}", value)

    with pytest.raises(SettingsError) as raised:
        settings.load()

    sentence = str(raised.value)
    assert sentence.startswith(f"RINGBRIDGE_{variable} cannot be used: ")
    assert sentence.endswith(".")
    assert "\n" not in sentence
    assert "canary" not in sentence


def test_without_any_variable_and_with_empty_ones_the_defaults_hold(monkeypatch):
    default = settings.load()
    monkeypatch.setenv("RINGBRIDGE_RING_SECONDS", "")
    monkeypatch.setenv("RINGBRIDGE_DATABASE_URL", "")

    assert settings.load() == default
    assert (default.ring_seconds, default.name_wait_seconds, default.outcome_seconds) == (45, 1.5, 180)
    assert (str(default.data_dir), default.log_level, default.log_format) == ("data", "INFO", "text")


def test_networks_are_listed_with_commas_and_levels_written_as_one_likes(monkeypatch):
    monkeypatch.setenv("RINGBRIDGE_ALLOWED_PRIVATE_NETWORKS", "10.2.3.4/16, fd00::/8 ,127.0.0.1,")
    monkeypatch.setenv("RINGBRIDGE_LOG_LEVEL", "debug")

    read = settings.load()
    assert read.allowed_private_networks == tuple(map(ip_network, ("10.2.0.0/16", "fd00::/8", "127.0.0.1/32")))
    assert read.log_level == "DEBUG"


def test_no_secret_is_shown_with_the_settings(monkeypatch):
    for name in ("DATABASE_URL", "BROKER_URL", "REDIS_URL", "SECRET_KEY"):
        scheme = "postgresql" if name == "DATABASE_URL" else "redis"
        monkeypatch.setenv(f"RINGBRIDGE_{name}", f"{scheme}://u:canary@host/1")

    assert "canary" not in repr(settings.load())


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("https://calls.example.com/", "https://calls.example.com"),
        ("https://example.com:8443/calls//", "https://example.com:8443/calls"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("http://localhost:8080/", "http://localhost:8080"),
        ("http://[::1]:8080", "http://[::1]:8080"),
    ],
)
def test_a_public_address_is_kept_without_its_last_slash(monkeypatch, given, kept):
    monkeypatch.setenv("RINGBRIDGE_PUBLIC_URL", given)

    assert settings.load().public_url == kept


def test_what_is_not_set_is_read_from_the_files_that_containers_mount(tmp_path, monkeypatch):
    monkeypatch.setattr(settings, "_SECRETS", tmp_path)
    (tmp_path / "ringbridge_secret_key").write_text("a-key-from-a-file\n")
    (tmp_path / "ringbridge_metrics_token").write_text("a-token-from-a-file")
    monkeypatch.setenv("RINGBRIDGE_METRICS_TOKEN", "a-token-from-the-environment")
    read = settings.load()

    assert read.secret_key.get_secret_value() == "a-key-from-a-file"
    assert read.metrics_token.get_secret_value() == "a-token-from-the-environment"

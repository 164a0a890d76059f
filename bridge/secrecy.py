"""Which values of the environment and the configuration are secrets, so that they can be kept out of every log."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import unquote, urlsplit

from pydantic import SecretStr

from bridge.redaction import redact
from bridge.settings import Settings
from connectors.kit import BrokenConnector, Registry, UnknownConnector, fields

_LOOKS_CHOSEN = 16  # characters: a part of an address that is as long is a secret rather than a name


def keep_environment(settings: Settings) -> None:
    """Show nobody the secrets of this environment."""
    for name in type(settings).model_fields:
        value = getattr(settings, name)
        if isinstance(value, SecretStr):
            redact(_of_setting(name, value.get_secret_value()))


def keep_tokens(tokens: Iterable[str]) -> None:
    """Show nobody these tokens, with or without the scheme before them or the user."""
    for token in tokens:
        redact([token, *token.split(None, 1)[1:], *token.split(":", 1)[1:]])


def keep_settings(registry: Registry, connector: str, settings: Mapping[str, Any]) -> None:
    """Show nobody what is secret among a connection's settings: all of it where its connector cannot be asked."""
    try:
        kinds = {field.name: field.kind for field in fields(registry.load(connector).Settings)}
    except (UnknownConnector, BrokenConnector, TypeError):
        kinds = {}
    for name, value in settings.items():
        kind = kinds.get(name, "secret")
        if isinstance(value, str) and kind == "secret":
            redact([value, value.removeprefix("whsec_")])
        elif isinstance(value, str) and kind == "url":
            redact(_of_address(value))


def is_secret(kind: str, value: object) -> bool:
    """Whether a setting of this kind must not be shown: a secret, or an address that holds one."""
    return kind == "secret" or (kind == "url" and isinstance(value, str) and any(_of_address(value)))


def _of_setting(name: str, value: str) -> Iterator[str]:
    if name == "secret_key":
        yield from (key.strip() for key in value.split(","))
    elif name.endswith("_url"):
        password = _password(value)
        yield from (password, unquote(password))
    else:
        yield value


def _password(address: str) -> str:
    try:
        return urlsplit(address).password or ""
    except ValueError:
        return ""


def _of_address(address: str) -> Iterator[str]:
    """The parts behind the host that may be a secret: some systems give out addresses that are one."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return
    for part in (*parts.path.split("/"), *(pair.partition("=")[2] for pair in parts.query.split("&"))):
        if len(part) >= _LOOKS_CHOSEN:
            yield part

"""What may be shown of the settings of instances and connections: all but secrets, of which only that they are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bridge import secrecy
from bridge.connections import ConnectionConfig
from bridge.instances import InstanceConfig
from bridge.listing import Shown
from connectors.kit import BrokenConnector, Registry, UnknownConnector, fields


def instance(config: InstanceConfig) -> Shown:
    """The settings of an account by the keys of the configuration file."""
    return {
        "api_url": config.api_url,
        "intake": config.intake,
        "lookups_per_second": config.lookups_per_second,
        "name_order": list(config.name_order),
        "timezone": config.timezone,
        "secrets": ["api_token", *(["webhook_token"] if config.webhook_tokens else [])],
    }


def connection(config: ConnectionConfig, registry: Registry) -> Shown:
    """The settings of a connection; where its connector does not load, each of them is taken for a secret."""
    kinds = _kinds(registry, config.connector)
    hidden = [key for key, value in config.settings.items() if _hides(kinds.get(key, "secret"), value)]
    return {
        "language": config.language,
        "timezone": config.timezone,
        "template": config.template,
        "labels": dict(config.labels),
        "settings": {key: value for key, value in config.settings.items() if key not in hidden},
        "secrets": sorted(key for key in hidden if config.settings[key] not in (None, "")),
    }


def without_blank_secrets(registry: Registry, connector: str, settings: Mapping[str, Any]) -> dict[str, Any]:
    """The same settings without secrets that are blank: those stay as they are."""
    kinds = _kinds(registry, connector)
    return {key: value for key, value in settings.items() if value != "" or kinds.get(key, "secret") != "secret"}


def _hides(kind: str, value: object) -> bool:
    if isinstance(value, list):
        return any(secrecy.is_secret(kind, one) for one in value)
    return secrecy.is_secret(kind, value)


def _kinds(registry: Registry, connector: str) -> dict[str, str]:
    try:
        return {one.name: one.kind for one in fields(registry.load(connector).Settings)}
    except (UnknownConnector, BrokenConnector, TypeError):
        return {}

"""What can be connected: the connectors that are installed, those that do not load included."""

from __future__ import annotations

import inspect

from bridge.listing import Shown
from connectors.kit import BrokenConnector, Connector, Registry, fields


def connectors(registry: Registry) -> list[Shown]:
    """By name; `about` is one line, and `reason` says why one cannot be connected."""
    return [_shown(registry, name) for name in registry.names()]


def _shown(registry: Registry, name: str) -> Shown:
    row = {"name": name, "package": registry.package(name), "title": name, "about": None, "policy": None}
    try:
        kind = registry.load(name)
        fields(kind.Settings)
    except BrokenConnector as error:
        return {**row, "reason": error.reason}
    except TypeError as error:  # no form can be drawn from its settings
        return {**row, "reason": str(error)}
    return {**row, "title": kind.title, "about": _about(kind), "policy": kind.policy.value, "reason": None}


def _about(kind: type[Connector]) -> str:
    """What its module says of itself."""
    module = inspect.getmodule(kind)
    return ((module.__doc__ if module else None) or "").strip().partition("\n")[0]

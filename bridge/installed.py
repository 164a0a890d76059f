"""What is installed to connect to, and what each wants to know: for commands, pages and programs."""

from __future__ import annotations

from dataclasses import asdict

from bridge.descriptions import ConfigError
from bridge.listing import Shown
from connectors.kit import BrokenConnector, Registry, UnknownConnector, fields


def listing(registry: Registry) -> list[Shown]:
    """Every connector by name; `reason` says why one does not load."""
    rows: list[Shown] = []
    for name in registry.names():
        row: Shown = {"name": name, "package": registry.package(name), "title": None, "policy": None, "reason": None}
        try:
            found = registry.load(name)
        except BrokenConnector as error:
            row["reason"] = error.reason
        else:
            row |= {"title": found.title, "policy": found.policy.value}
        rows.append(row)
    return rows


def show(registry: Registry, name: str) -> Shown:
    """One connector and its settings. Raises ConfigError where it is not there, or does not load."""
    try:
        found = registry.load(name)
    except (UnknownConnector, BrokenConnector) as error:
        raise ConfigError(str(error)) from None
    settings = [asdict(field) for field in fields(found.Settings)]
    return {"name": name, "title": found.title, "policy": found.policy.value, "settings": settings}

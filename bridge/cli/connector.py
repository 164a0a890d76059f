"""`ringbridge connector`: what can be connected."""

from __future__ import annotations

import json
from dataclasses import asdict

import click

from bridge.cli.shown import as_json, show
from bridge.descriptions import ConfigError
from connectors.kit import BrokenConnector, Registry, UnknownConnector, fields


@click.group()
def connector() -> None:
    """What can be connected."""


@connector.command("list")
@as_json
def list_(*, wants_json: bool) -> None:
    """List the connectors that are installed, those that do not load included."""
    registry, rows = Registry(), []
    for name in registry.names():
        row = {"name": name, "package": registry.package(name), "title": None, "policy": None, "reason": None}
        try:
            found = registry.load(name)
        except BrokenConnector as error:
            row["reason"] = error.reason
        else:
            row |= {"title": found.title, "policy": found.policy.value}
        rows.append(row)
    columns = ("name", "title", "policy", "package", "reason")
    show(rows, columns, wants_json=wants_json, empty="No connector is installed.")


@connector.command("show")
@click.argument("name")
@as_json
def show_(name: str, *, wants_json: bool) -> None:
    """Show a connector's settings."""
    try:
        found = Registry().load(name)
    except (UnknownConnector, BrokenConnector) as error:
        raise ConfigError(str(error)) from None
    settings = [asdict(field) for field in fields(found.Settings)]
    if wants_json:
        shown = {"name": name, "title": found.title, "policy": found.policy.value, "settings": settings}
        click.echo(json.dumps(shown, ensure_ascii=False, indent=2))
        return
    click.echo(f"{found.title}; hears {found.policy.value} unless told otherwise")
    show(
        settings,
        ("name", "title", "kind", "required", "default", "help"),
        wants_json=False,
        empty="It has no settings.",
    )

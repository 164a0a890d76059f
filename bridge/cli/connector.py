"""`ringbridge connector`: what can be connected, and the beginning of a new one."""

from __future__ import annotations

import json
from pathlib import Path
from shlex import quote

import click

from bridge import installed, scaffold
from bridge.cli.shown import as_json, show
from connectors.kit import Registry


@click.group()
def connector() -> None:
    """What can be connected."""


@connector.command("list")
@as_json
def list_(*, wants_json: bool) -> None:
    """List the connectors that are installed, those that do not load included."""
    rows = installed.listing(Registry())
    columns = ("name", "title", "policy", "package", "reason")
    show(rows, columns, wants_json=wants_json, empty="No connector is installed.")


@connector.command("show")
@click.argument("name")
@as_json
def show_(name: str, *, wants_json: bool) -> None:
    """Show a connector's settings."""
    found = installed.show(Registry(), name)
    if wants_json:
        click.echo(json.dumps(found, ensure_ascii=False, indent=2))
        return
    click.echo(f"{found['title']}; hears {found['policy']} unless told otherwise")
    show(
        found["settings"],
        ("name", "title", "kind", "required", "default", "help"),
        wants_json=False,
        empty="It has no settings.",
    )


@connector.command()
@click.argument("name")
@click.option("--into", type=click.Path(path_type=Path), help="The folder to make.  [default: ringbridge-NAME]")
def new(name: str, into: Path | None) -> None:
    """Write a connector to begin with, as a package of its own whose tests pass."""
    folder = scaffold.write(name, Registry().names(), into)
    click.echo(f"{folder}: written; it has no LICENSE yet, that choice is yours")
    click.echo(f"Its tests pass: cd {quote(str(folder))} && pip install -e . && pytest")

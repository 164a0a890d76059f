"""`ringbridge connection`: configured connectors."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from typing import Any

import click

from bridge import connections, deliveries, descriptions, listing
from bridge.cli import opened
from bridge.cli.options import drawn, given, secret
from bridge.cli.shown import as_json, show
from bridge.connections import Connection, Live
from bridge.descriptions import ConfigError
from bridge.store import Store
from connectors.kit import BrokenConnector, ConnectorError, Field, Finding, Http, Policy, Registry, UnknownConnector
from connectors.kit import fields as fields_of


@click.group()
def connection() -> None:
    """Configured connectors: who is told of calls."""


class _Add(click.Command):
    """A command whose options depend on the connector that it names: they are drawn from its settings model."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        fixed = len(self.params)
        try:
            self.params += [option for field in _settings(_named_connector(args)) if (option := drawn(field))]
            return super().parse_args(ctx, args)
        finally:
            ctx.meta["settings"] = [option.name for option in self.params[fixed:]]
            del self.params[fixed:]


_policy = click.Choice([policy.value for policy in Policy])


@connection.command(cls=_Add)
@click.argument("name")
@click.option("--connector", required=True, help="Which system; `ringbridge connector list` names them.")
@click.option(
    "--policy",
    type=_policy,
    help="What it hears.  [default: the connector's own]",
)
@click.option("--instance", "instances", multiple=True, help="Only this instance's calls; may be repeated.")
@click.pass_context
def add(ctx: click.Context, /, name: str, connector: str, **options: Any) -> None:  # noqa: ANN401
    """Add a connection. Secrets are asked for, or read from stdin, a line for each."""
    store = opened.current_store(opened.environment())
    with store.read() as db:
        if any(one.name == name for one in connections.active(db, store.secrets)):
            raise ConfigError(f"There is a connection {name} already; change it in a file, with `ringbridge apply`.")
    settings = given({key: options.pop(key) for key in ctx.meta["settings"]})
    settings |= {field.name: secret(field.title) for field in _settings(connector) if field.kind == "secret"}
    table = {"name": name, "connector": connector, "settings": settings, **given(options)}
    config = descriptions.connection(table, f"connection {name}", Registry())
    store.write(lambda db: connections.save(db, store.secrets, config, connections.next_position(db), None))
    click.echo(f"connection {name}: added")


@connection.command("list")
@as_json
def list_(*, wants_json: bool) -> None:
    """List the connections, and which of them are paused."""
    with opened.current_store(opened.environment()).read() as db:
        rows = listing.connections(db)
    names = ("name", "connector", "policy", "instances", "state", "paused_by", "reason")
    show(rows, names, wants_json=wants_json, empty="There is no connection yet: add one.")


@connection.command()
@click.argument("name")
@as_json
def check(name: str, *, wants_json: bool) -> None:
    """Ask the connected system whether the settings work. Changes nothing there."""
    read = opened.environment()
    store = opened.current_store(read)
    found = _findings(Live(store, Registry(), Http(read.allowed_private_networks)), _named(store, name))
    if wants_json:
        shown = [{"id": one.id, "text": one.text, "next": one.next} for one in found]
        click.echo(json.dumps({"ok": not found, "findings": shown}, ensure_ascii=False, indent=2))
    elif not found:
        click.echo(f"connection {name}: works")
    for one in [] if wants_json else found:
        click.echo(f"{one.text} {one.next}", err=True)
    if found:
        sys.exit(1)


@connection.command()
@click.argument("name")
def pause(name: str) -> None:
    """Tell a connection nothing until it is resumed. What it is owed is kept."""
    store = opened.current_store(opened.environment())
    paused = _named(store, name)
    store.write(lambda db: deliveries.pause_connection(db, paused.id, "admin", "Paused by hand."))
    click.echo(f"connection {name}: paused")


@connection.command()
@click.argument("name")
def resume(name: str) -> None:
    """Tell a connection again, and all that was held for it; ringing of that time is not told."""
    store = opened.current_store(opened.environment())
    resumed = _named(store, name)
    store.write(lambda db: deliveries.resume_connection(db, resumed.id, datetime.now(UTC)))
    click.echo(f"connection {name}: resumed")


@connection.command()
@click.argument("name")
def remove(name: str) -> None:
    """Forget a connection and its settings. What it was told stays on record, and the name may be used again."""
    store = opened.current_store(opened.environment())
    removed = _named(store, name)
    store.write(lambda db: deliveries.remove_connection(db, removed, datetime.now(UTC)))
    click.echo(f"connection {name}: removed")


def _findings(live: Live, checked: Connection) -> list[Finding]:
    try:
        live.connect(checked.id, checked.version).check()
    except BrokenConnector as error:
        return [Finding("connector-broken", str(error), "Mend or reinstall its package.")]
    except ConnectorError as error:
        kind = type(error).__name__.lower()
        return [Finding(f"check-{kind}", error.reason, "Mend that, and check again.")]
    return []


def _named(store: Store, name: str) -> Connection:
    with store.read() as db:
        for one in connections.active(db, store.secrets):
            if one.name == name:
                return one
    raise ConfigError(f"There is no connection {name}; `ringbridge connection list` shows those that there are.")


def _named_connector(args: list[str]) -> str | None:
    for position, argument in enumerate(args):
        if argument == "--connector" and position + 1 < len(args):
            return args[position + 1]
        if argument.startswith("--connector="):
            return argument.partition("=")[2]
    return None


def _settings(connector: str | None) -> list[Field]:
    if connector is None:
        return []
    try:
        return fields_of(Registry().load(connector).Settings)
    except (UnknownConnector, BrokenConnector) as error:
        raise ConfigError(str(error)) from None

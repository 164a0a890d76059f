"""`ringbridge connection`: configured connectors."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from typing import Any

import click

from bridge import connection_changes, connection_checks, listing, words
from bridge.cli import named, opened
from bridge.cli.options import drawn, given, secret, shell
from bridge.cli.shown import as_json, show
from bridge.connections import Live
from bridge.descriptions import ConfigError
from connectors.kit import BrokenConnector, Field, Http, Policy, Registry, UnknownConnector
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
@click.option("--language", type=click.Choice(words.languages()), help="Of what it is told.  [default: en]")
@click.option("--timezone", help="The IANA zone of the times that it is told.  [default: the instance's]")
@click.option("--template", help="Its summary line, over $label $caller $phone $instance $time $date.")
@click.pass_context
def add(ctx: click.Context, /, name: str, connector: str, **options: Any) -> None:  # noqa: ANN401
    """Add a connection. Secrets are asked for, or read from stdin, a line for each."""
    store = opened.current_store(opened.environment())
    with store.read() as db:
        connection_changes.check_free(db, store.secrets, name)  # before anybody types its secrets
    settings = given({key: options.pop(key) for key in ctx.meta["settings"]})
    settings |= {field.name: secret(field.title) for field in _settings(connector) if field.kind == "secret"}
    table = {"name": name, "connector": connector, "settings": settings, **given(options)}
    registry, now = Registry(), datetime.now(UTC)
    store.write(lambda db: connection_changes.add(db, store.secrets, registry, table, shell(), now))
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
@click.option("--fix", is_flag=True, help="Mend there what can be mended; without it nothing is changed there.")
@as_json
def check(name: str, *, fix: bool, wants_json: bool) -> None:
    """Ask the connected system whether the settings work, and what else is wrong there."""
    read = opened.environment()
    store = opened.current_store(read)
    live = Live(store, Registry(), Http(read.allowed_private_networks))
    checked = named.connection(store, name)
    if fix:
        found = connection_checks.mend(store, live, checked, shell(), datetime.now(UTC))
    else:
        found = connection_checks.check(live, checked)
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
    now = datetime.now(UTC)
    store.write(lambda db: connection_changes.pause(db, store.secrets, name, shell(), now))
    click.echo(f"connection {name}: paused")


@connection.command()
@click.argument("name")
def resume(name: str) -> None:
    """Tell a connection again, and all that was held for it; ringing of that time is not told."""
    store = opened.current_store(opened.environment())
    now = datetime.now(UTC)
    store.write(lambda db: connection_changes.resume(db, store.secrets, name, shell(), now))
    click.echo(f"connection {name}: resumed")


@connection.command()
@click.argument("name")
def remove(name: str) -> None:
    """Forget a connection and its settings. What it was told stays on record, and the name may be used again."""
    store = opened.current_store(opened.environment())
    now = datetime.now(UTC)
    store.write(lambda db: connection_changes.remove(db, store.secrets, name, shell(), now))
    click.echo(f"connection {name}: removed")


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

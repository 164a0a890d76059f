"""`ringbridge token`: bearer tokens of the API."""

from __future__ import annotations

from datetime import UTC, datetime

import click

from bridge import operators, tokens
from bridge.cli import opened
from bridge.cli.options import shell
from bridge.cli.shown import as_json, show
from bridge.operators import Role


@click.group()
def token() -> None:
    """Bearer tokens of the API, for programs."""


@token.command()
@click.argument("name")
@click.option(
    "--role", type=click.Choice(operators.ROLES), default="operator", show_default=True, help="What it may do."
)
def add(name: str, role: Role) -> None:
    """Make a token. It is printed once, on stdout alone, and cannot be read again."""
    store = opened.current_store(opened.environment())
    made = store.write(lambda db: tokens.add(db, datetime.now(UTC), shell(), name, role))
    click.echo(f"token {name}: added; keep it safe, it is not shown again", err=True)
    click.echo(made)


@token.command("list")
@as_json
def list_(*, wants_json: bool) -> None:
    """List the tokens, and when each was last used."""
    with opened.current_store(opened.environment()).read() as db:
        rows = tokens.listing(db)
    names = ("name", "role", "created_at", "used_at")
    show(rows, names, wants_json=wants_json, empty="There is no token yet: add one.")


@token.command()
@click.argument("name")
def remove(name: str) -> None:
    """Refuse a token from now on."""
    store = opened.current_store(opened.environment())
    store.write(lambda db: tokens.remove(db, datetime.now(UTC), shell(), name))
    click.echo(f"token {name}: removed")

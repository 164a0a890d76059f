"""`ringbridge user`: the people who may sign in to the pages."""

from __future__ import annotations

import sys
from datetime import UTC, datetime

import click

from bridge import operators, passwords
from bridge.cli import opened
from bridge.cli.options import secret, shell
from bridge.cli.shown import as_json, show
from bridge.descriptions import ConfigError
from bridge.operators import Role


@click.group()
def user() -> None:
    """The people who may sign in to the pages."""


@user.command()
@click.argument("name")
@click.option(
    "--role", type=click.Choice(operators.ROLES), default="operator", show_default=True, help="What they may do."
)
def add(name: str, role: Role) -> None:
    """Let somebody sign in. The password is asked for, or read from stdin."""
    store = opened.current_store(opened.environment())
    sealed = _sealed(operators.check_name(name))
    made = store.write(lambda db: operators.add(db, datetime.now(UTC), shell(), name, role, sealed))
    click.echo(f"user {made.name}: added as {role}")


@user.command("list")
@as_json
def list_(*, wants_json: bool) -> None:
    """List who may sign in, and when each was last seen."""
    with opened.current_store(opened.environment()).read() as db:
        rows = operators.listing(db)
    names = ("name", "role", "created_at", "seen_at")
    show(rows, names, wants_json=wants_json, empty="Nobody can sign in yet: add somebody.")


@user.command()
@click.argument("name")
def password(name: str) -> None:
    """Give somebody another password, asked for or read from stdin. They have to sign in again."""
    store = opened.current_store(opened.environment())
    with store.read() as db:
        known = operators.existing(db, name)
    sealed = _sealed(known.name)
    store.write(lambda db: operators.set_password(db, datetime.now(UTC), shell(), known.name, sealed))
    click.echo(f"user {known.name}: has another password")


@user.command()
@click.argument("name")
def remove(name: str) -> None:
    """Let somebody sign in no more, at once. What they did stays on record."""
    store = opened.current_store(opened.environment())
    store.write(lambda db: operators.remove(db, datetime.now(UTC), shell(), name))
    click.echo(f"user {name.strip().casefold()}: removed")


def _sealed(name: str) -> str:
    given = secret("Password")
    if sys.stdin.isatty() and secret("The same password again") != given:
        raise ConfigError("The two passwords differ; nothing was changed.")
    if fault := passwords.fault(given, name):
        raise ConfigError(fault)
    return passwords.seal(given)

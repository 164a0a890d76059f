"""`ringbridge apply` and `ringbridge migrate`: what a bridge is made of, and the tables it stands in."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click
from sqlalchemy import Connection as Db

from bridge import config_file
from bridge.cli import opened
from bridge.store import migrate as migrations
from bridge.store import open_store
from connectors.kit import Registry


class _Rehearsed(Exception):
    """Carries the changes out of a transaction that must not be committed."""

    def __init__(self, changes: list[str]) -> None:
        super().__init__()
        self.changes = changes


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--dry-run", is_flag=True, help="Print what would change, and change nothing.")
@click.option("--prune", is_flag=True, help="Remove the instances and connections that are not in FILE.")
def apply(file: Path, *, dry_run: bool, prune: bool) -> None:
    """Make instances and connections what FILE says. What is not in the file stays, unless --prune is given.

    All of it is done or nothing. A running bridge takes the change up within five seconds.
    """
    read = opened.environment()
    config = config_file.read(file, Registry())
    store = open_store(read)
    migrations.migrate(store)

    def make_so(db: Db) -> list[str]:
        changes = config_file.apply(db, store.secrets, config, datetime.now(UTC), prune=prune)
        if dry_run:
            raise _Rehearsed(changes)
        return changes

    try:
        changes = store.write(make_so)
    except _Rehearsed as rehearsed:
        changes = rehearsed.changes
    for change in changes:
        click.echo(change)
    if not changes:
        click.echo("Nothing to change.")


@click.command()
def migrate() -> None:
    """Bring the database schema up to date. Safe to run at any time, several times at once."""
    changed = migrations.migrate(open_store(opened.environment()))
    click.echo("The schema was brought up to date." if changed else "The schema is up to date.")

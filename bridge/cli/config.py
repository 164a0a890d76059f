"""`ringbridge apply` and `ringbridge migrate`: what a bridge is made of, and the tables it stands in."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click

from bridge import config_file
from bridge.cli import opened
from bridge.store import migrate as migrations
from bridge.store import open_store
from connectors.kit import Registry


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
def apply(file: Path) -> None:
    """Make instances and connections what FILE says. What is not in the file stays.

    All of it is done or nothing. A running bridge takes the change up within five seconds.
    """
    config = config_file.read(file, Registry())
    store = open_store(opened.environment())
    migrations.migrate(store)
    changes = store.write(lambda db: config_file.apply(db, store.secrets, config, datetime.now(UTC)))
    for change in changes:
        click.echo(change)
    if not changes:
        click.echo("Nothing to change.")


@click.command()
def migrate() -> None:
    """Bring the database schema up to date. Safe to run at any time, several times at once."""
    changed = migrations.migrate(open_store(opened.environment()))
    click.echo("The schema was brought up to date." if changed else "The schema is up to date.")

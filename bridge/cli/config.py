"""`ringbridge apply`, `export` and `migrate`: what a bridge is made of, and the tables it stands in."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click
from sqlalchemy import Connection as Db

from bridge import audit, config_export, config_file, connections, instances, resealing
from bridge.cli import opened
from bridge.cli.options import shell
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

    def make_so(db: Db) -> tuple[list[str], int]:
        changes = config_file.apply(db, store.secrets, config, datetime.now(UTC), prune=prune)
        if dry_run:
            raise _Rehearsed(changes)
        if changes:
            audit.record(db, datetime.now(UTC), shell(), "config.applied", about=file.name, changes=changes)
        return changes, resealing.seal_anew(db, store.secrets)

    try:
        changes, renewed = store.write(make_so)
    except _Rehearsed as rehearsed:
        changes, renewed = rehearsed.changes, 0
    for change in changes:
        click.echo(change)
    if not changes:
        click.echo("Nothing to change.")
    if renewed:
        click.echo(resealing.said(renewed))


@click.command()
def export() -> None:
    """Print the file that `apply` would take. Secrets are not in it; its head names the variables that hold them."""
    store = opened.current_store(opened.environment())
    with store.read() as db:
        text = config_export.export(db, store.secrets, Registry())
    click.echo(text, nl=False)


@click.command()
def migrate() -> None:
    """Bring the database schema up to date, and seal with the first secret key what an older one sealed.

    Safe to run at any time, several times at once.
    """
    store = open_store(opened.environment())
    changed = migrations.migrate(store)
    click.echo("The schema was brought up to date." if changed else "The schema is up to date.")
    if renewed := store.write(lambda db: resealing.seal_anew(db, store.secrets)):
        click.echo(resealing.said(renewed))
    with store.read() as db:  # a key that opens nothing is found out here, and not when the first call comes
        instances.active(db, store.secrets)
        connections.active(db, store.secrets)

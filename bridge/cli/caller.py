"""`ringbridge caller`: people who called."""

from __future__ import annotations

import sys
from datetime import UTC, datetime

import click

from bridge import audit, erasure
from bridge.cli import opened
from bridge.cli.options import shell
from bridge.erasure import Erased

_NOUNS = {
    "calls": ("call", "calls"),
    "deliveries": ("delivery", "deliveries"),
    "attempts": ("attempt", "attempts"),
    "story": ("line of story", "lines of story"),
    "notifications": ("notification", "notifications"),
    "callers": ("name from GREEN-API", "names from GREEN-API"),
    "people": ("person known to a connection", "people known to connections"),
    "follow_ups": ("note of who called back", "notes of who called back"),
}


@click.group()
def caller() -> None:
    """People who called."""


@caller.command()
@click.argument("phone")
@click.option("--yes", is_flag=True, help="Do not ask first.")
def erase(phone: str, *, yes: bool) -> None:
    """Take a person out of every table. PHONE is a number, however it is spelled, or the id of a chat.

    Records in connected systems stay: they are listed, to be deleted there.
    """
    who = erasure.somebody(phone)
    if who is None:
        raise click.BadParameter(
            "Write the number with its country code, such as +15551230042, or the id of a chat, such as 84920@lid.",
            param_hint="PHONE",
        )
    store = opened.current_store(opened.environment())
    if sys.stdin.isatty() and not yes:
        click.confirm(f"Everything about {who} will be deleted for good. Go on?", abort=True, err=True)
    now = datetime.now(UTC)
    erased = erasure.erase(store, who, now)
    if not erased.rows.total():
        click.echo(f"Nothing is kept about {who}.")
        return
    rows = {name: count for name, count in erased.rows.items() if count}
    # Who that was is what must not be kept, here least of all.
    store.write(lambda db: audit.record(db, now, shell(), "caller.erased", rows=rows))
    _tell(str(who), erased, on_sqlite=store.engine.dialect.name == "sqlite")


def _tell(who: str, erased: Erased, *, on_sqlite: bool) -> None:
    counts = [f"{count} {_NOUNS[name][count != 1]}" for name, count in erased.rows.items() if count]
    click.echo(f"Removed about {who}: {', '.join(counts)}.")
    if erased.records:
        click.echo("These records in connected systems are not ours to delete, and remain there:")
    for connection, record in sorted(erased.records):
        click.echo(f"  {connection}: {record}")
    for connection in sorted(erased.told_now):
        click.echo(f"The connection {connection} was being told of a call at this moment: look for a record there.")
    if not on_sqlite:
        click.echo("PostgreSQL overwrites what is left of deleted rows when it vacuums, by itself or by VACUUM.")
    click.echo("Backups from before still hold it.")

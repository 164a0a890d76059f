"""`ringbridge notification`: what GREEN-API sent, as far as it is kept."""

from __future__ import annotations

import sys
from datetime import UTC, datetime

import click

from bridge import listing, replay_orders, rereading
from bridge.cli import named, opened
from bridge.cli.options import shell
from bridge.cli.shown import LARGEST, as_json, at_most, show
from bridge.cli.since import since_option
from bridge.directory import Directory


@click.group()
def notification() -> None:
    """What GREEN-API sent of calls, and what could not be read."""


@notification.command("list")
@at_most
@since_option("Only those that came in")
@click.option("--instance", help="Only this instance's.")
@click.option("--unread", is_flag=True, help="Only what could not be read.")
@as_json
def list_(limit: int | None, since: datetime | None, instance: str | None, *, unread: bool, wants_json: bool) -> None:
    """List what was kept, the newest first. The bodies are in --json."""
    with opened.current_store(opened.environment()).read() as db:
        named.check_instance(db, instance)
        rows = listing.notifications(db, limit, since=since, instance=instance, unread=unread)
    names = ("id", "received_at", "instance", "type", "verdict", "call", "reason")
    chosen = since or instance or unread
    empty = "There is no such notification." if chosen else "No notification has been kept yet."
    show(rows, names, wants_json=wants_json, empty=empty)


@notification.command()
@click.argument("ids", metavar="[ID]...", nargs=-1, type=click.IntRange(1, LARGEST))
@click.option("--unread", is_flag=True, help="All that could not be read.")
def replay(ids: tuple[int, ...], *, unread: bool) -> None:
    """Read again what could not be read when it came, once an upgrade understands more.

    It counts as of the moment when it came: an outcome is told, ringing of then is not.
    """
    if bool(ids) == unread:
        raise click.UsageError("Name notifications by their ids, or take all that could not be read with --unread.")
    read = opened.environment()
    store = opened.current_store(read)
    with store.read() as db:
        chosen = rereading.unread(db) if unread else list(dict.fromkeys(ids))
    if not chosen:
        click.echo("Nothing is unread.")
        return
    snapshot, now, failed = Directory(store).current(), datetime.now(UTC), False
    for done in replay_orders.of_notifications(store, chosen, snapshot, read, shell(), now):
        click.echo(f"notification {done.notification_id}: {done.text}", err=done.result == "refused")
        failed = failed or done.result == "refused"
    if failed:
        sys.exit(1)

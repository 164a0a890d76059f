"""`ringbridge delivery`: what is and was owed to each connection."""

from __future__ import annotations

import click

from bridge import listing
from bridge.cli import opened
from bridge.cli.shown import as_json, at_most, show


@click.group()
def delivery() -> None:
    """What is and was owed to each connection."""


@delivery.command("list")
@at_most
@as_json
def list_(limit: int | None, *, wants_json: bool) -> None:
    """List deliveries, those of the newest call first."""
    with opened.current_store(opened.environment()).read() as db:
        rows = listing.deliveries(db, limit)
    names = ("id", "connection", "state", "owes", "told", "attempts", "due_at", "reason", "call")
    show(rows, names, wants_json=wants_json, empty="Nothing has been owed to anybody yet.")

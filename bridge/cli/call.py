"""`ringbridge call`: the calls that were written down."""

from __future__ import annotations

import click

from bridge import listing
from bridge.cli import opened
from bridge.cli.shown import as_json, at_most, show


@click.group()
def call() -> None:
    """The calls that were written down."""


@call.command("list")
@at_most
@as_json
def list_(limit: int | None, *, wants_json: bool) -> None:
    """List calls, the newest first, with what each connection was told."""
    with opened.current_store(opened.environment()).read() as db:
        rows = listing.recent_calls(db, limit)
    for row in rows:
        row["told"] = ", ".join(f"{one['connection']}: {one['state']}" for one in row["deliveries"])
    names = ("started_at", "instance", "caller", "phone", "status", "told", "id")
    if wants_json:
        for row in rows:
            del row["told"]
    show(rows, names, wants_json=wants_json, empty="No call has been written down yet.")

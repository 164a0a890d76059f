"""What `list` commands print: a table for people, or JSON and nothing else for scripts."""

from __future__ import annotations

import json
from collections.abc import Sequence

import click

from bridge.listing import Shown, columns

as_json = click.option("--json", "wants_json", is_flag=True, help="One JSON array, for scripts.")
at_most = click.option("--limit", type=click.IntRange(min=1), help="At most so many; all of them otherwise.")


def show(rows: Sequence[Shown], names: tuple[str, ...], *, wants_json: bool, empty: str) -> None:
    """Print the rows: all of each as JSON, or the named columns of it."""
    if wants_json:
        click.echo(json.dumps(rows, ensure_ascii=False, indent=2))
        return
    if not rows:
        click.echo(empty)
        return
    table = [tuple(name.replace("_", " ") for name in names), *columns(rows, names)]
    widths = [max(len(line[column]) for line in table) for column in range(len(names))]
    for line in table:
        click.echo("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())

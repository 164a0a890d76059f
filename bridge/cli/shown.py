"""What `list` commands print: a table for people, or JSON and nothing else for scripts."""

from __future__ import annotations

import json
from collections.abc import Sequence

import click

from bridge.listing import Shown, columns

LARGEST = 2**31 - 1
"""The largest number that both databases count with."""
as_json = click.option("--json", "wants_json", is_flag=True, help="One JSON array, for scripts.")
one_as_json = click.option("--json", "wants_json", is_flag=True, help="One JSON object, for scripts.")
at_most = click.option("--limit", type=click.IntRange(1, LARGEST), help="At most so many; all of them otherwise.")


def show(rows: Sequence[Shown], names: tuple[str, ...], *, wants_json: bool, empty: str) -> None:
    """Print the rows: all of each as JSON, or the named columns of it."""
    if wants_json:
        click.echo(json.dumps(rows, ensure_ascii=False, indent=2))
        return
    if not rows:
        click.echo(empty)
        return
    for line in aligned([tuple(name.replace("_", " ") for name in names), *columns(rows, names)]):
        click.echo(line)


def aligned(table: Sequence[tuple[str, ...]]) -> list[str]:
    """Each row as a line, its cells under those of the others."""
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    return ["  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in table]

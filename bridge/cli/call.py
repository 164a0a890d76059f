"""`ringbridge call`: the calls that were written down, and what became of each."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import click

from bridge import listing, standings, stories
from bridge.cli import named, opened, story_page
from bridge.cli.shown import as_json, at_most, one_as_json, show
from bridge.cli.since import since_option
from bridge.descriptions import ConfigError
from connectors.kit import CallStatus


@click.group()
def call() -> None:
    """The calls that were written down."""


@call.command("list")
@at_most
@since_option("Only calls that came in")
@click.option(
    "--status",
    "statuses",
    type=click.Choice([status.value for status in CallStatus]),
    multiple=True,
    help="Only calls that stand so; may be repeated.",
)
@click.option("--instance", help="Only this instance's calls.")
@as_json
def list_(
    limit: int | None,
    since: datetime | None,
    statuses: tuple[str, ...],
    instance: str | None,
    *,
    wants_json: bool,
) -> None:
    """List calls, the newest first, with what each connection was told."""
    with opened.current_store(opened.environment()).read() as db:
        named.check_instance(db, instance)
        rows = listing.recent_calls(db, limit, since=since, statuses=statuses, instance=instance)
    for row in rows:
        row["told"] = ", ".join(f"{one['connection']}: {one['state']}" for one in row["deliveries"])
    names = ("started_at", "instance", "caller", "phone", "status", "told", "id")
    if wants_json:
        for row in rows:
            del row["told"]
    chosen = since or statuses or instance
    empty = "There is no such call." if chosen else "No call has been written down yet."
    show(rows, names, wants_json=wants_json, empty=empty)


@call.command("show")
@click.argument("given", metavar="ID")
@one_as_json
def show_one(given: str, *, wants_json: bool) -> None:
    """Tell the whole story of a call: what was heard, who was told what, and what is left to do.

    ID is what `call list` prints, or GREEN-API's idMessage where only one call has it. Times are UTC.
    """
    now = datetime.now(UTC)
    with opened.current_store(opened.environment()).read() as db:
        key = _only(stories.ids(db, given), given)
        shown = stories.of_call(db, key, now)
        stand = standings.of_call(db, key, now)
    if wants_json:
        click.echo(json.dumps(shown, ensure_ascii=False, indent=2))
        return
    for line in story_page.lines(shown, stand):
        click.echo(line)


def _only(ids: list[str], given: str) -> str:
    if not ids:
        raise ConfigError(f"There is no call {given}; `ringbridge call list` shows those that there are.")
    if len(ids) > 1:
        raise ConfigError(f"Several calls have the idMessage {given}; name one of them: {', '.join(ids)}.")
    return ids[0]

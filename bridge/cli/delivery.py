"""`ringbridge delivery`: what is and was owed to each connection."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import get_args

import click

from bridge import listing, replay_orders, replays
from bridge.cli import named, opened
from bridge.cli.options import shell
from bridge.cli.shown import LARGEST, as_json, at_most, show
from bridge.cli.since import since_option
from bridge.deliveries import State
from bridge.replays import Choice, Replay

_STATES: tuple[State, ...] = get_args(State)
_AT_REST = [state for state in _STATES if state != "due"]
_EVERY = 1000  # deliveries between two signs of progress

_of_connection = click.option("--connection", help="Only what is owed to this connection.")
_of_calls_since = since_option("Only about calls that came in")


@click.group()
def delivery() -> None:
    """What is and was owed to each connection."""


@delivery.command("list")
@at_most
@_of_calls_since
@click.option("--state", "states", type=click.Choice(_STATES), multiple=True, help="Only these; may be repeated.")
@_of_connection
@as_json
def list_(
    limit: int | None, since: datetime | None, states: tuple[str, ...], connection: str | None, *, wants_json: bool
) -> None:
    """List deliveries, those of the newest call first."""
    with opened.current_store(opened.environment()).read() as db:
        named.check_connection(db, connection)
        rows = listing.deliveries(db, limit, since=since, states=states, connection=connection)
    names = ("id", "connection", "state", "owes", "told", "attempts", "due_at", "reason", "call")
    chosen = since or states or connection
    empty = "There is no such delivery." if chosen else "Nothing has been owed to anybody yet."
    show(rows, names, wants_json=wants_json, empty=empty)


@delivery.command()
@click.argument("ids", metavar="[ID]...", nargs=-1, type=click.IntRange(1, LARGEST))
@_of_calls_since
@click.option("--state", "states", type=click.Choice(_AT_REST), multiple=True, help="[default: failed and held]")
@_of_connection
@click.option("--again", is_flag=True, help="Also what was, or perhaps was, told: once more.")
def replay(
    ids: tuple[int, ...],
    since: datetime | None,
    states: tuple[State, ...],
    connection: str | None,
    *,
    again: bool,
) -> None:
    """Have failed and held deliveries told again, by their ids or all that fit the options.

    A running bridge takes them up at once, another one when it starts. Ringing is never replayed.
    """
    chosen = bool(since or states or connection)
    if bool(ids) == chosen:
        raise click.UsageError("Name deliveries by their ids, or choose them with --connection, --state or --since.")
    store, now, who = opened.current_store(opened.environment()), datetime.now(UTC), shell()
    if ids:
        _say_each(replay_orders.of_ids(store, list(dict.fromkeys(ids)), who, now, again=again))
        return
    with store.read() as db:
        named.check_connection(db, connection)
    which = states or (*replays.REPLAYABLE, *(("delivered",) if again else ()))
    _count(_watched(replay_orders.of_choice(store, Choice(which, connection, since), who, now, again=again)))


def _say_each(replayed: Iterable[Replay]) -> None:
    failed = False
    for one in replayed:
        if one.hindrance is None:
            click.echo(f"delivery {one.delivery_id}: replayed, {one.connection} is told again")
        else:
            click.echo(f"delivery {one.delivery_id}: {one.text}", err=True)
            failed = True
    if failed:
        sys.exit(1)


def _watched(replayed: Iterable[Replay]) -> Iterator[Replay]:
    """Show on a terminal that the work goes on."""
    for number, one in enumerate(replayed, start=1):
        if number % _EVERY == 0 and sys.stderr.isatty():
            click.echo(f"{number} deliveries looked at", err=True)
        yield one


def _count(replayed: Iterable[Replay]) -> None:
    tally = replay_orders.tallied(replayed)
    hindered = tally.not_replayed(again="--again")
    if tally.done or not hindered:
        click.echo(tally.replayed())
    if hindered:
        click.echo(hindered, err=True)
        if not tally.done:
            sys.exit(1)

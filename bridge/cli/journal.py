"""`ringbridge journal`: GREEN-API's own list of calls."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta

import click

from bridge import journal as journals
from bridge.cli import named, opened
from bridge.greenapi import rates
from bridge.greenapi.client import Client, JournalEntry
from bridge.instances import Instance
from bridge.journal import Reconciliation, Verdict
from bridge.service import Service, open_service
from connectors.kit import ConnectorError

_LONGEST = 366 * 1440  # a year; nobody's journal reaches back further


@click.group()
def journal() -> None:
    """GREEN-API's own list of calls, against which ours is reconciled by itself."""


@journal.command("import")
@click.option("--instance", "name", required=True, help="Whose journal.")
@click.option("--minutes", required=True, type=click.IntRange(1, _LONGEST), help="How far back; 1440 is a day.")
@click.option("--tell", is_flag=True, help="Tell every connection that hears outcomes, as if they had come today.")
def import_(name: str, minutes: int, *, tell: bool) -> None:
    """Write down the calls of an instance that we do not know, from before it was added, too. Tells nobody by itself.

    Calls that we know are left alone. GREEN-API lists the last ten thousand at most, the newest two minutes late.
    """
    read = opened.environment()
    opened.current_store(read).close()
    service = open_service(read)
    now = datetime.now(UTC)
    since = now - timedelta(minutes=minutes)
    instance = named.instance(service.store, name)
    entries = _listed(service, instance, journals.minutes(since, now))
    run = Reconciliation(instance, service.directory.current(), read, now, since, tell=tell)
    found = Counter[Verdict]()
    with click.progressbar(run.run(service.store, entries), length=len(entries), label="Calls") as progress:
        for brought in progress:
            found[brought.verdict] += 1
    click.echo(_summary(found))


def _listed(service: Service, instance: Instance, minutes: int) -> list[JournalEntry]:
    if service.buckets.take(rates.of(instance.config.id_instance, "lastIncomingCalls"), 1):
        raise click.ClickException("The journal has been read this very moment; try again in a few seconds.")
    try:
        return Client(service.http, instance.config).journal(minutes)
    except ConnectorError as error:
        raise click.ClickException(error.reason) from None


def _summary(found: Counter[Verdict]) -> str:
    said = [f"{found['new']} new", f"{found['settled']} given their outcome", f"{found['known']} known already"]
    if found["own"]:
        said.append(f"{found['own']} of our own account left out")
    if found["open"]:
        said.append(f"{found['open']} still open here, and left so: --tell gives them their outcome")
    return f"{', '.join(said)}."

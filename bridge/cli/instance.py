"""`ringbridge instance`: GREEN-API accounts."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from typing import Any

import click

from bridge import buckets, instance_changes, instances, listing
from bridge.buckets import Buckets
from bridge.cli import named, opened
from bridge.cli.options import given, secret, shell
from bridge.cli.shown import as_json, one_as_json, show
from bridge.descriptions import ConfigError
from bridge.doctor import Doctor, Report
from connectors.kit import Http


@click.group()
def instance() -> None:
    """GREEN-API accounts."""


@instance.command()
@click.argument("name")
@click.option("--id-instance", required=True, help='"idInstance" in GREEN-API\'s console.')
@click.option("--api-url", required=True, help='"apiUrl" there.')
@click.option(
    "--intake",
    type=click.Choice(["webhook", "poll"]),
    help="GREEN-API pushes to our webhook, or we poll its queue.  [default: webhook]",
)
@click.option("--lookups-per-second", type=float, help="How often getContactInfo may be asked.  [default: 1]")
@click.option(
    "--name-order",
    multiple=True,
    help="Where a caller's name is taken from, the best first; may be repeated.  [default: contact_name name crm]",
)
@click.option("--timezone", help="The IANA zone in which its calls are told.  [default: UTC]")
def add(name: str, **options: Any) -> None:  # noqa: ANN401  as many as there are options
    """Add an account. Its API token ("apiTokenInstance") and the token of its webhook are asked for, in this order.

    One that is polled has no webhook, and needs no token for it.
    """
    store = opened.current_store(opened.environment())
    with store.read() as db:
        if any(one.name == name for one in instances.active(db, store.secrets)):
            raise ConfigError(f"There is an instance {name} already; change it in a file, with `ringbridge apply`.")
    tokens = {"api_token": secret("API token")}
    if options["intake"] != "poll":
        tokens["webhook_token"] = secret("Webhook token")
    table, now = {"name": name, **given(options), **tokens}, datetime.now(UTC)
    store.write(lambda db: instance_changes.add(db, store.secrets, table, shell(), now))
    click.echo(f"instance {name}: added")


@instance.command("list")
@as_json
def list_(*, wants_json: bool) -> None:
    """List the accounts, when each was last heard of, and what is wrong with it."""
    with opened.current_store(opened.environment()).read() as db:
        rows = listing.instances(db, datetime.now(UTC))
    names = ("name", "id_instance", "intake", "state", "last_notification_at", "notes")
    show(rows, names, wants_json=wants_json, empty="There is no instance yet: add one.")


@instance.command()
@click.argument("name")
@click.option("--fix", is_flag=True, help="Mend its settings at GREEN-API. That restarts the instance.")
@click.option("--replace-webhook", is_flag=True, help="With --fix: take webhookUrl away from whoever has it.")
@one_as_json
def check(name: str, *, fix: bool, replace_webhook: bool, wants_json: bool) -> None:
    """Say what keeps calls from arriving, in the order in which to mend it. Exit code 1 if something is wrong.

    Nothing is changed without --fix.
    """
    if replace_webhook and not fix:
        raise click.UsageError("--replace-webhook needs --fix.")
    read = opened.environment()
    store = opened.current_store(read)
    doctor = Doctor(
        store=store,
        http=Http(read.allowed_private_networks),
        buckets=Buckets(buckets.connect(read.shared_redis)),
        public_url=read.public_url,
        now=lambda: datetime.now(UTC),
    )
    examined = named.instance(store, name)
    if fix:
        report = instance_changes.mend(doctor, examined, shell(), replace_webhook=replace_webhook)
    else:
        report = doctor.examine(examined)
    if wants_json:
        shown = [{"id": one.id, "text": one.text, "next": one.next} for one in report.findings]
        click.echo(json.dumps({"ok": report.ok, "findings": shown}, ensure_ascii=False, indent=2))
    else:
        _tell(name, report)
    if not report.ok:
        sys.exit(1)


@instance.command()
@click.argument("name")
def remove(name: str) -> None:
    """Forget an account and its tokens. Its calls stay, and the name may be used again."""
    store = opened.current_store(opened.environment())
    now = datetime.now(UTC)
    store.write(lambda db: instance_changes.remove(db, store.secrets, name, shell(), now))
    click.echo(f"instance {name}: removed")


def _tell(name: str, report: Report) -> None:
    """What is wrong goes to stderr; what passes by itself, and what is good to know, to stdout."""
    if not report.findings:
        click.echo(f"instance {name}: works")
    for one in report.findings:
        click.echo(f"{one.text} {one.next}", err=not one.waits)
    for note in report.notes:
        click.echo(note)

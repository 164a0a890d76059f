"""`ringbridge instance`: GREEN-API accounts."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import click

from bridge import config_file, descriptions, instances, listing
from bridge.cli import opened
from bridge.cli.options import given, secret
from bridge.cli.shown import as_json, show
from bridge.config_file import Config
from bridge.descriptions import ConfigError
from bridge.instances import Instance
from bridge.store import Store


@click.group()
def instance() -> None:
    """GREEN-API accounts."""


@instance.command()
@click.argument("name")
@click.option("--id-instance", required=True, help='"idInstance" in GREEN-API\'s console.')
@click.option("--api-url", required=True, help='"apiUrl" there.')
@click.option("--lookups-per-second", type=float, help="How often getContactInfo may be asked.  [default: 1]")
@click.option("--timezone", help="The IANA zone in which its calls are told.  [default: UTC]")
def add(name: str, **options: Any) -> None:  # noqa: ANN401  as many as there are options
    """Add an account. Its API token ("apiTokenInstance") and the token of its webhook are asked for, in this order."""
    store = opened.current_store(opened.environment())
    with store.read() as db:
        if any(one.name == name for one in instances.active(db, store.secrets)):
            raise ConfigError(f"There is an instance {name} already; change it in a file, with `ringbridge apply`.")
    tokens = {"api_token": secret("API token"), "webhook_token": secret("Webhook token")}
    described = descriptions.instance({"name": name, **given(options), **tokens}, f"instance {name}")
    config = Config([described], [])
    for change in store.write(lambda db: config_file.apply(db, store.secrets, config, datetime.now(UTC))):
        click.echo(change)


@instance.command("list")
@as_json
def list_(*, wants_json: bool) -> None:
    """List the accounts, and when each was last heard of."""
    with opened.current_store(opened.environment()).read() as db:
        rows = listing.instances(db)
    names = ("name", "id_instance", "intake", "state", "last_notification_at")
    show(rows, names, wants_json=wants_json, empty="There is no instance yet: add one.")


@instance.command()
@click.argument("name")
def remove(name: str) -> None:
    """Forget an account and its tokens. Its calls stay, and the name may be used again."""
    store = opened.current_store(opened.environment())
    store.write(lambda db: instances.remove(db, _named(store, name), datetime.now(UTC)))
    click.echo(f"instance {name}: removed")


def _named(store: Store, name: str) -> Instance:
    with store.read() as db:
        for one in instances.active(db, store.secrets):
            if one.name == name:
                return one
    raise ConfigError(f"There is no instance {name}; `ringbridge instance list` shows those that there are.")

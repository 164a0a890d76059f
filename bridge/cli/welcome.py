"""Where the first administrator begins: one address with a one-time code, on stdout and in no log."""

from __future__ import annotations

import click

from bridge import invitations
from bridge.service import Service


def first_one(service: Service, host: str, port: int) -> None:
    """Print the address, unless somebody can sign in already. Each start prints a new code, and the old one is void."""
    code = service.store.write(lambda db: invitations.invite(db, service.now()))
    if code is None:
        return
    shown = "127.0.0.1" if host in ("0.0.0.0", "::") else host  # noqa: S104  where it listens, not where to go
    site = service.settings.public_url or f"http://{f'[{shown}]' if ':' in shown else shown}:{port}"
    click.echo(f"Nobody can sign in yet. Set the administrator's password here: {site}/start?code={code}")

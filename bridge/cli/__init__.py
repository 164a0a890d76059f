"""The commands that need no worker. `tasks.main` adds those that do."""

from __future__ import annotations

import click

from bridge.cli import call, config, connection, connector, delivery, instance, web

COMMANDS: list[click.Command] = [
    config.apply,
    config.migrate,
    instance.instance,
    connection.connection,
    connector.connector,
    call.call,
    delivery.delivery,
    web.web,
]

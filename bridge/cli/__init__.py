"""The commands that need no worker. `tasks.main` adds those that do."""

from __future__ import annotations

import click

from bridge.cli import (
    backup,
    call,
    caller,
    config,
    connection,
    connector,
    delivery,
    instance,
    journal,
    notification,
    poll,
    token,
    user,
    web,
)

COMMANDS: list[click.Command] = [
    config.apply,
    config.export,
    config.migrate,
    backup.backup,
    instance.instance,
    connection.connection,
    connector.connector,
    call.call,
    caller.caller,
    delivery.delivery,
    notification.notification,
    journal.journal,
    user.user,
    token.token,
    web.web,
    poll.poll,
]

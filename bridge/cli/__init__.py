"""The commands that need no worker, by the place of each. `tasks.main` adds those that do."""

from __future__ import annotations

COMMANDS = {
    "apply": "bridge.cli.config:apply",
    "export": "bridge.cli.config:export",
    "migrate": "bridge.cli.config:migrate",
    "backup": "bridge.cli.backup:backup",
    "instance": "bridge.cli.instance:instance",
    "connection": "bridge.cli.connection:connection",
    "connector": "bridge.cli.connector:connector",
    "call": "bridge.cli.call:call",
    "caller": "bridge.cli.caller:caller",
    "delivery": "bridge.cli.delivery:delivery",
    "notification": "bridge.cli.notification:notification",
    "journal": "bridge.cli.journal:journal",
    "user": "bridge.cli.user:user",
    "token": "bridge.cli.token:token",
    "web": "bridge.cli.web:web",
    "poll": "bridge.cli.poll:poll",
}

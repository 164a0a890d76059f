"""The commands that need no worker. `tasks.main` adds those that do."""

from __future__ import annotations

import click

from bridge.cli import call, config, delivery, web

COMMANDS: list[click.Command] = [config.apply, config.migrate, call.call, delivery.delivery, web.web]

"""The command `ringbridge`: all of `bridge.cli`, and what starts workers."""

from __future__ import annotations

import click

from bridge.cli import COMMANDS
from bridge.cli.commands import Commands

_OURS = {
    "up": "tasks.up:up",
    "worker": "tasks.roles:worker",
    "beat": "tasks.roles:beat",
    "demo": "tasks.demo.command:demo",
}


@click.group(cls=Commands, places=COMMANDS | _OURS, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="ringbridge")
def main() -> None:
    """Connect WhatsApp calls to the tools that helpdesks live in."""


if __name__ == "__main__":
    main()

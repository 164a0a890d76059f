"""Options that several commands share: where to listen, and settings of a connector. Secrets are never arguments."""

from __future__ import annotations

import getpass
import socket
import sys
from typing import Any

import click

from connectors.kit import Field

_NUMBERS: dict[str, click.ParamType[Any, Any]] = {"integer": click.INT, "number": click.FLOAT}


def _resolvable(_context: click.Context, _option: click.Parameter, value: str) -> str:
    try:
        socket.getaddrinfo(value, None)
    except (OSError, UnicodeError):
        raise click.BadParameter("This is no address of this machine.") from None
    return value


host = click.option(
    "--host", default="127.0.0.1", show_default=True, callback=_resolvable, help="The address to listen at."
)
port = click.option("--port", default=8080, show_default=True, type=click.IntRange(0, 65535), help="The port.")


def drawn(field: Field) -> click.Option | None:
    """The option for one setting; None for a secret."""
    flag = f"--{field.name.replace('_', '-')}"
    if field.kind == "secret":
        return None
    if field.kind == "switch":
        return click.Option([f"{flag}/--no-{flag[2:]}", field.name], default=None, help=_help(field))
    kind = click.Choice(list(field.choices)) if field.choices else _NUMBERS.get(field.kind, click.STRING)
    return click.Option(
        [flag, field.name], type=kind, multiple=field.kind == "list", required=field.required, help=_help(field)
    )


def secret(title: str) -> str:
    """Ask for a secret on a terminal, without showing it; else read one line from stdin."""
    if sys.stdin.isatty():
        return str(click.prompt(title, hide_input=True))
    line = sys.stdin.readline().rstrip("\r\n")
    if not line:
        raise click.ClickException(f"{title} is missing: it is read from stdin, a line for each secret, in order.")
    return line


def _help(field: Field) -> str:
    default = "" if field.required or field.default is None else f"  [default: {field.default}]"
    return f"{field.title}. {field.help}{default}"


def given(values: dict[str, Any]) -> dict[str, Any]:
    """The options that were really given, as a table of the file would have them."""
    return {
        name: list(value) if isinstance(value, tuple) else value
        for name, value in values.items()
        if value is not None and value != ()
    }


def shell() -> str:
    """Who gave this command, for the audit trail."""
    try:
        return f"shell:{getpass.getuser()}"
    except (OSError, KeyError):  # a container's user may have no name
        return "shell"

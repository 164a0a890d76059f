"""The group of all commands: it imports a command when somebody asks for it, since most of a start is imports."""

from __future__ import annotations

import gc
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from typing import Any

import click

from bridge.cli.faults import told_in_one_sentence


class Commands(click.Group):
    """Commands by name, each at a place such as `bridge.cli.call:call`. Expected faults are one sentence."""

    def __init__(self, *given: Any, places: Mapping[str, str], **named: Any) -> None:  # noqa: ANN401  as click has them
        super().__init__(*given, **named)
        self._places = places

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  click's own signature
        return sorted(self._places)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in self._places:
            return None
        module, _, name = self._places[cmd_name].partition(":")
        with _nothing_collected():
            command: click.Command = getattr(import_module(module), name)
        return command

    def invoke(self, ctx: click.Context) -> Any:  # noqa: ANN401
        with told_in_one_sentence():
            return super().invoke(ctx)


@contextmanager
def _nothing_collected() -> Iterator[None]:
    """No search for garbage: what is imported stays until the process ends, and is not looked through again later."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
    gc.freeze()

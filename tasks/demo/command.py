"""`ringbridge demo`: the main job at work, before anything is configured."""

from __future__ import annotations

import sys

import click

from tasks.demo.run import DemoFailed, run_demo


@click.command()
@click.option("--calls", default=12, show_default=True, type=click.IntRange(1, 10_000), help="How many to ring.")
@click.option("--exit", "leave", is_flag=True, help="Leave after the count instead of going on.")
@click.option("--sabotage", is_flag=True, help="Lose one note and write one twice: the count must show it.")
def demo(calls: int, *, leave: bool, sabotage: bool) -> None:
    """Show the bridge at work, between a GREEN-API and a CRM of our own. Needs and changes nothing else."""
    try:
        clean = run_demo(calls, leave=leave, sabotage=sabotage)
    except DemoFailed as error:
        raise click.ClickException(str(error)) from None
    if not clean:
        sys.exit(1)

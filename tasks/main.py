"""The command `ringbridge`: all of `bridge.cli`, and what starts workers."""

from __future__ import annotations

import sys

import click

from bridge.cli import COMMANDS, opened
from bridge.cli.faults import Commands
from bridge.cli.web import host, port
from bridge.queue import NOTES, RING
from bridge.service import THREADS
from bridge.settings import Settings
from tasks.demo.run import DemoFailed
from tasks.demo.run import demo as run_demo
from tasks.up import run_up
from tasks.work import run_beat, run_worker


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="ringbridge")
def main() -> None:
    """Connect WhatsApp calls to the tools that helpdesks live in."""


@main.command()
@host
@port
def up(host: str, port: int) -> None:
    """Run everything in one process: intake, worker and sweep, over SQLite in the data directory."""
    run_up(opened.environment(), host, port)


@main.command()
@click.option("--queues", default=f"{RING},{NOTES}", show_default=True, help="Which queues to work on.")
@click.option("--threads", default=THREADS, show_default=True, type=click.IntRange(1, 256), help="How many at once.")
def worker(queues: str, threads: int) -> None:
    """Work on queues as a process of its own. Needs a broker (RINGBRIDGE_BROKER_URL)."""
    chosen = [name.strip() for name in queues.split(",") if name.strip()]
    strange = [name for name in chosen if name not in (RING, NOTES)]
    if strange or not chosen:
        raise click.BadParameter(f"The queues are {RING} and {NOTES}.", param_hint="--queues")
    run_worker(opened.running(_with_broker(), threads=threads), chosen, threads)


@main.command()
def beat() -> None:
    """Have the workers sweep for what is due, four times a second. Needs a broker (RINGBRIDGE_BROKER_URL)."""
    run_beat(opened.running(_with_broker()))


@main.command()
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


def _with_broker() -> Settings:
    read = opened.environment()
    if read.broker_url is None:
        raise click.ClickException(
            "RINGBRIDGE_BROKER_URL is not set. Processes of their own need one; `ringbridge up` does not."
        )
    return read


for command in COMMANDS:
    main.add_command(command)

if __name__ == "__main__":
    main()

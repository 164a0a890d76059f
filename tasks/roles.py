"""`ringbridge worker` and `ringbridge beat`: what `ringbridge up` does in threads, as processes of their own."""

from __future__ import annotations

import click

from bridge.cli import opened
from bridge.queue import NOTES, RING
from bridge.service import THREADS
from bridge.settings import Settings
from tasks.work import run_beat, run_worker


@click.command()
@click.option("--queues", default=f"{RING},{NOTES}", show_default=True, help="Which queues to work on.")
@click.option("--threads", default=THREADS, show_default=True, type=click.IntRange(1, 256), help="How many at once.")
def worker(queues: str, threads: int) -> None:
    """Work on queues as a process of its own. Needs a broker (RINGBRIDGE_BROKER_URL)."""
    chosen = [name.strip() for name in queues.split(",") if name.strip()]
    strange = [name for name in chosen if name not in (RING, NOTES)]
    if strange or not chosen:
        raise click.BadParameter(f"The queues are {RING} and {NOTES}.", param_hint="--queues")
    run_worker(opened.running(_with_broker(), threads=threads), chosen, threads)


@click.command()
def beat() -> None:
    """Have the workers sweep for what is due, four times a second. Needs a broker (RINGBRIDGE_BROKER_URL)."""
    run_beat(opened.running(_with_broker()))


def _with_broker() -> Settings:
    read = opened.environment()
    if read.broker_url is None:
        raise click.ClickException(
            "RINGBRIDGE_BROKER_URL is not set. Processes of their own need one; `ringbridge up` does not."
        )
    return read

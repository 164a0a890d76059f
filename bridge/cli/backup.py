"""`ringbridge backup`: a copy of the embedded store, made while a bridge is at work."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from bridge.cli import opened
from bridge.descriptions import ConfigError
from bridge.settings import Settings
from bridge.store import migrate, open_store, upkeep


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
def backup(file: Path) -> None:
    """Write a consistent copy of the embedded store to FILE, which must not exist. A bridge may be at work meanwhile.

    The secret key is not in it; keep that too.
    """
    read = opened.environment()
    store = open_store(read)
    source = upkeep.file_of(store)
    if source is None:
        raise ConfigError("This copies the embedded store; PostgreSQL has a tool of its own for that: use pg_dump.")
    _refuse_to_overwrite(file)
    if not file.absolute().parent.is_dir():
        raise ConfigError(f"There is no directory {file.absolute().parent}; make it first.")
    if migrate.current(store) is None:
        raise ConfigError("There is nothing to copy yet: the store is empty.")
    length, hidden = source.stat().st_size, not sys.stderr.isatty()
    with click.progressbar(length=length, label="Copying", file=sys.stderr, hidden=hidden) as bar:

        def show(written: int, whole: int) -> None:
            bar.length = max(whole, written)
            bar.update(written - bar.pos)

        try:
            upkeep.copy(store, source, file.absolute(), show)
        except FileExistsError:
            _refuse_to_overwrite(file)
        bar.update(max(0, bar.length - bar.pos) if bar.length else 0)
    click.echo(f"{file}: {_size(file.stat().st_size)}, readable by its owner alone.")
    click.echo(f"The secret key is not in it, and without that no token in it can be read: keep {_key(read)} too.")


def _refuse_to_overwrite(file: Path) -> None:
    if file.exists() or file.is_symlink():
        raise ConfigError(f"{file} exists already, and a backup never replaces anything; choose another name.")


def _key(read: Settings) -> str:
    return "RINGBRIDGE_SECRET_KEY" if read.secret_key else str(read.data_dir / "secret.key")


def _size(count: int) -> str:
    return f"{count / 1_000_000:.1f} MB" if count >= 100_000 else f"{count / 1000:.0f} kB"

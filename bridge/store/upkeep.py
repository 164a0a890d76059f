"""What is done to the embedded database as a file: remains wiped out, a copy made while others write."""

from __future__ import annotations

import os
import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import cast

from bridge.store import Store, StoreUnavailable

_BLOCK = 1 << 20
_TRIES = 50
_STEPS = 100_000  # of SQLite's machine, some hundredths of a second


def file_of(store: Store) -> Path | None:
    """Where the embedded database is; None for PostgreSQL."""
    url = store.engine.url
    return Path(str(url.database)) if url.get_backend_name() == "sqlite" else None


def wipe(store: Store, texts: Iterable[str]) -> None:
    """See to it that these texts, removed from every row, are not in the embedded database's files any more.

    What is deleted is overwritten as it goes (`secure_delete`), but the log beside the file keeps pages as they were,
    and a page that was divided may keep what moved out of it. Raises StoreUnavailable if others would not let us.
    """
    file = file_of(store)
    if file is None:
        return
    with _driver(store) as driver:
        _empty_the_log(driver)
        if any(_holds(file, text.encode()) for text in texts):
            driver.execute("VACUUM")  # writes every page anew
            _empty_the_log(driver)


def copy(store: Store, source: Path, target: Path, progress: Callable[[int, int], None]) -> None:
    """Write a consistent copy of the embedded database to `target`, which must not exist, while others go on writing.

    `VACUUM INTO` and not SQLite's backup in steps: that begins anew whenever another process writes, and it would take
    along what is left of deleted rows. `progress` is given the bytes written and about how many there will be. Under
    its name the copy appears whole and on the disk. Raises StoreUnavailable, FileExistsError, OSError.
    """
    descriptor, draft_name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")  # its mode is 0600
    os.close(descriptor)
    draft = Path(draft_name)
    try:
        with _driver(store) as driver:
            driver.set_progress_handler(lambda: progress(draft.stat().st_size, source.stat().st_size), _STEPS)
            try:
                driver.execute("VACUUM INTO ?", (draft_name,))
            finally:
                driver.set_progress_handler(None, 0)
        _sync(draft)
        _give_name(draft, target)
        _sync(target.parent)
    finally:
        draft.unlink(missing_ok=True)


def _give_name(draft: Path, target: Path) -> None:
    """Rename without ever replacing what is there."""
    try:
        os.link(draft, target)
    except FileExistsError:
        raise
    except OSError:  # a file system without hard links, as sticks and shares have
        if target.exists():
            raise FileExistsError from None
        draft.rename(target)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _empty_the_log(driver: sqlite3.Connection) -> None:
    for _ in range(_TRIES):  # each waits for those who read and write, and not for another that empties the log
        [busy, _, _] = driver.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        if not busy:
            return
        time.sleep(0.1)
    raise StoreUnavailable("The rows are gone, but their remains could not be wiped out: the store is too busy.")


@contextmanager
def _driver(store: Store) -> Iterator[sqlite3.Connection]:
    """SQLite itself, outside of any transaction."""
    pooled = store.engine.raw_connection()
    try:
        yield cast("sqlite3.Connection", pooled.driver_connection)
    except sqlite3.OperationalError as error:
        raise StoreUnavailable(f"The store cannot be written: {error}") from error
    finally:
        pooled.close()


def _holds(file: Path, text: bytes) -> bool:
    tail = b""
    with file.open("rb") as opened:
        while block := opened.read(_BLOCK):
            if text in tail + block:
                return True
            tail = block[-len(text) :]
    return False

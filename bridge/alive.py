"""A sign of life for whoever supervises a process from beside it: a file that is touched while the process works.

`python -m bridge.alive` exits 0 where RINGBRIDGE_ALIVE_FILE has been touched lately, and 1 otherwise. It is asked every
few seconds for as long as a container runs, so it needs the standard library alone.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

VARIABLE = "RINGBRIDGE_ALIVE_FILE"
STALE = 10.0  # seconds


def touch(file: Path | None) -> None:
    """Say that this process is at work now. Does nothing where nobody asked to be told."""
    if file is not None:
        file.touch()


def withdraw(file: Path | None) -> None:
    """Say that this process is at work no longer, without waiting for the last sign to grow old."""
    if file is not None:
        file.unlink(missing_ok=True)


def is_fresh(file: Path) -> bool:
    """Whether the process that touches this file has done so in the last seconds."""
    try:
        return time.time() - file.stat().st_mtime < STALE
    except OSError:
        return False


def main() -> int:
    named = os.environ.get(VARIABLE)
    if not named:
        print(f"{VARIABLE} is not set: name the file that the process touches.", file=sys.stderr)  # noqa: T201
        return 2
    if not is_fresh(Path(named)):
        print(f"The process has not been at work for {STALE:g} s or more.", file=sys.stderr)  # noqa: T201
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

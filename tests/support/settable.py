"""Runs a command of ours under a clock that a file sets: `python settable.py FILE up --port 8080`.

The file holds the seconds by which this process's clock is ahead of the machine's; it is looked at whenever the time is
asked for. Clocks that nobody can set, such as that of a request's time limit, are left as they are.
"""

from __future__ import annotations

import sys
import time
from datetime import UTC, datetime
from pathlib import Path

_file = Path(sys.argv.pop(1))
_true_time = time.time


def _ahead() -> float:
    return float(_file.read_text() or 0)


def _time() -> float:
    return _true_time() + _ahead()


time.time = _time  # before anything is imported that keeps it

from bridge import memory, service  # noqa: E402
from tasks.main import main  # noqa: E402


def _now(*_: object) -> datetime:
    return datetime.fromtimestamp(_time(), UTC)


service.Service.now = _now  # type: ignore[method-assign]
memory.utc_now = _now

main()

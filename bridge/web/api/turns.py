"""Checks take seconds, and the threads that do them are those that GREEN-API's notifications come by: few at once."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from bridge.web.api.problems import Problem

_AT_ONCE = threading.BoundedSemaphore(2)


@contextmanager
def turn() -> Iterator[None]:
    """Raises Problem where as many as may are at it already."""
    if not _AT_ONCE.acquire(blocking=False):
        raise Problem(429, "Two checks are being made at this moment.", "Ask again in some seconds.")
    try:
        yield
    finally:
        _AT_ONCE.release()

"""The memory of a connection that is on trial."""

from __future__ import annotations

import threading
from collections.abc import Callable

from connectors.kit.memory import Remembered


class Notebook:
    """A Memory for threads of one process. It holds what it is given, and nothing of it outlives the test."""

    def __init__(self, remembered: Remembered | None = None) -> None:
        self._turn = threading.Lock()
        self._remembered = dict(remembered or {})

    def read(self) -> Remembered:
        return dict(self._remembered)

    def renew(self, seen: Remembered, fn: Callable[[Remembered], Remembered]) -> Remembered:
        with self._turn:
            if self._remembered == seen:
                self._remembered = dict(fn(self.read()))
            return self.read()

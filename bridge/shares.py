"""How many of a process's threads one connection may hold: a slow system delays nobody but itself."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

ERRANDS = 0
"""No connection's id: whoever asks GREEN-API for much at once, and for nothing that somebody waits for."""


class Shares:
    """Counts the threads that each connection holds. Thread-safe."""

    def __init__(self, threads: int) -> None:
        self._threads = threads
        self._held: Counter[int] = Counter()
        self._lock = threading.Lock()

    def most(self, connections: int) -> int:
        """How many threads one of so many connections may hold: two that hang leave a third to all the others."""
        return self._threads if connections == 1 else max(1, self._threads // 3)

    def busy(self, most: int) -> frozenset[int]:
        """The connections that hold all that they may."""
        with self._lock:
            return frozenset(one for one, held in self._held.items() if held >= most)

    def enter(self, connection_id: int, most: int) -> bool:
        """Hold one more; False if that would be too many."""
        with self._lock:
            if self._held[connection_id] >= most:
                return False
            self._held[connection_id] += 1
            return True

    def leave(self, connection_id: int, most: int) -> bool:
        """Hold one less; True if the connection held all that it may, so that others of it may be waiting."""
        with self._lock:
            self._held[connection_id] -= 1
            return self._held[connection_id] + 1 >= most

    @contextmanager
    def held(self, connection_id: int, most: int) -> Iterator[bool]:
        """Hold one more for a while; False if that would be too many."""
        entered = self.enter(connection_id, most)
        try:
            yield entered
        finally:
            if entered:
                self.leave(connection_id, most)

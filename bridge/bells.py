"""Rings for those who must not wait for it: a broker that is ill takes seconds to say so."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from queue import Full, Queue

log = logging.getLogger(__name__)

_MOST = 1000  # waiting; the sweep finds what more would be


class Bells:
    """One thread that rings, begun with the first bell: servers fork before that."""

    def __init__(self) -> None:
        self._waiting: Queue[Callable[[], None]] = Queue(_MOST)
        self._beginning = threading.Lock()
        self._has_begun = False

    def ring(self, bell: Callable[[], None]) -> None:
        """Have it rung, and return at once. Where too many wait it is not: what is due stands in the store."""
        if not self._has_begun:
            self._begin()
        try:
            self._waiting.put_nowait(bell)
        except Full:
            return

    def _begin(self) -> None:
        with self._beginning:
            if not self._has_begun:
                threading.Thread(target=self._ring, name="bells", daemon=True).start()
                self._has_begun = True

    def _ring(self) -> None:
        while True:
            bell = self._waiting.get()
            try:
                bell()
            except Exception:
                log.exception("a bell failed unexpectedly; the sweep finds what it was for")

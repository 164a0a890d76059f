"""When open boards ask again: each in a turn of its own, so that all together cost the intake little, however many."""

from __future__ import annotations

from collections.abc import Callable

_SOONEST, _LATEST = 0.6, 5.0  # seconds; the first as in pulse.js
_BETWEEN = 1 / 60
"""Seconds from one board's turn to the next one's: up to 36 boards ask as soon as they may."""


class Pace:
    """One process's. Turns are given out ahead; those of boards that were closed meanwhile pass unused."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._last = float("-inf")

    def asked(self) -> float:
        """Seconds until the turn of a board that has just asked."""
        now = self._clock()
        # Not guarded: threads that are given the same turn do no harm.
        self._last = min(max(self._last + _BETWEEN, now + _SOONEST), now + _LATEST)
        return self._last - now

    @property
    def seconds(self) -> float:
        """From one question of a board to its next."""
        return max(self._last - self._clock(), _SOONEST)

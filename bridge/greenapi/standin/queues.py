"""What waits to be pushed or fetched, for one account: first in, first out, for a day at most.

Source: https://green-api.com/en/docs/api/receiving/technology-http-api/
"""

from __future__ import annotations

import itertools
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

KEPT = 24 * 3600.0  # seconds


@dataclass(frozen=True, slots=True)
class Queued:
    """A notification with the number under which it is deleted; `note` is what the log says of it."""

    receipt_id: int
    body: bytes
    note: dict[str, object] = field(repr=False)
    queued_at: float = 0.0


class Queue:
    """Its head stays until it is deleted, whoever looks at it. Thread-safe."""

    def __init__(self, clock: Callable[[], float], gone: Callable[[int], None]) -> None:
        """`gone` is told how many have left."""
        self._clock = clock
        self._gone = gone
        self._waiting: deque[Queued] = deque()
        self._numbers = itertools.count(1)
        self._changed = threading.Condition()

    def __len__(self) -> int:
        with self._changed:
            self._expire()
            return len(self._waiting)

    def put(self, body: bytes, note: dict[str, object]) -> None:
        """Queue a notification behind the others."""
        with self._changed:
            self._waiting.append(Queued(next(self._numbers), body, note, self._clock()))
            self._changed.notify_all()

    def head(self, seconds: float | None, *, wanted: Callable[[], bool], ended: Callable[[], bool]) -> Queued | None:
        """The head, waited for so many seconds (None: for ever). None where nothing came, or was `wanted`, in time."""

        def ready() -> bool:
            self._expire()
            return ended() or (wanted() and bool(self._waiting))

        with self._changed:
            found = self._changed.wait_for(ready, seconds)
            return self._waiting[0] if found and not ended() else None

    def delete(self, receipt_id: int) -> bool:
        """Whether it was the head, which then is gone."""
        with self._changed:
            if not self._waiting or self._waiting[0].receipt_id != receipt_id:
                return False
            self._waiting.popleft()
            self._changed.notify_all()
        self._gone(1)
        return True

    def clear(self) -> None:
        """Drop everything."""
        with self._changed:
            dropped = len(self._waiting)
            self._waiting.clear()
        self._gone(dropped)

    def wake(self) -> None:
        """Have everybody who waits look again: the settings have changed, or it is the end."""
        with self._changed:
            self._changed.notify_all()

    def _expire(self) -> None:
        now = self._clock()
        while self._waiting and self._waiting[0].queued_at + KEPT <= now:
            self._waiting.popleft()
            self._gone(1)

"""How often each method may be asked, counted where the requests arrive.

Source: https://green-api.com/en/docs/api/ratelimiter/
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable

PER_SECOND = {"receivenotification": 100.0, "deletenotification": 100.0}
"""Methods that may be asked more than once a second."""
_WINDOW = 0.95  # of a second: requests that leave a second apart may arrive a little closer


class Limits:
    """One count for each account and method. `clock` shows seconds; where it was set back, the counts begin anew."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._asked: dict[tuple[str, str], deque[float]] = {}
        self._lock = threading.Lock()

    def is_over(self, id_instance: str, method: str, per_second: float) -> bool:
        """Whether this request is one too many; if it is not, it counts."""
        window = max(1.0, 1 / per_second) * _WINDOW
        with self._lock:
            now = self._clock()
            asked = self._asked.setdefault((id_instance, method), deque())
            while asked and not now - window < asked[0] <= now:
                asked.popleft()
            if len(asked) >= max(1.0, per_second):
                return True
            asked.append(now)
            return False

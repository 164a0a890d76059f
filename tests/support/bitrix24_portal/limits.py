"""What a portal allows: a bucket that leaks, and the time that each method may take."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable

from bitrix24_portal.wire import Refused

OPERATING_LIMIT = 480.0  # seconds in ten minutes
TEN_MINUTES = 600.0
MINUTE = 60.0


class Bucket:
    """Each request adds one, `per_second` run out; what does not fit in is refused and adds nothing (a guess)."""

    def __init__(self, clock: Callable[[], float], per_second: float = 2.0, size: int = 50) -> None:
        self.per_second, self.size = per_second, size
        self._clock, self._level, self._at = clock, 0.0, clock()

    def pour(self) -> None:
        """Raises Refused where the bucket would run over."""
        now = self._clock()
        self._level = max(0.0, self._level - max(0.0, now - self._at) * self.per_second)
        self._at = max(self._at, now)
        if self._level + 1 > self.size:
            raise Refused(503, "QUERY_LIMIT_EXCEEDED", "Too many requests")
        self._level += 1


class OperatingTime:
    """The time that each method has taken, in buckets of a minute. `costs` says what one call takes."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self.costs: dict[str, float] = {}
        self._clock = clock
        self._spent: dict[str, dict[float, float]] = defaultdict(dict)

    def spend(self, method: str) -> None:
        """Raises Refused where the method has used its time up: the call after the one that went over."""
        name, now = method.lower(), self._clock()
        if self.operating(name) > OPERATING_LIMIT:
            raise Refused(429, "OPERATION_TIME_LIMIT", "Method is blocked due to operation time limit.")
        spent, minute = self._spent[name], now // MINUTE * MINUTE
        spent[minute] = spent.get(minute, 0.0) + self.costs.get(name, 0.0)

    def operating(self, method: str) -> float:
        return sum(self._recent(method.lower()).values())

    def resets_at(self, method: str) -> int:
        recent = self._recent(method.lower())
        return int(min(recent, default=self._clock()) + TEN_MINUTES)

    def _recent(self, name: str) -> dict[float, float]:
        since = self._clock() - TEN_MINUTES
        return {minute: spent for minute, spent in self._spent[name].items() if minute > since}

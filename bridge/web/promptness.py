"""How soon a ringing call is told, as a histogram.

Workers carry the calls and have no port to be asked at, so it is read from the attempts that they write down: at each
scrape those that were added since the one before, by their ids. Nothing is written for it, and nobody waits for it.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable

from prometheus_client import Histogram
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from bridge import firsts
from bridge.service import Service

_SECONDS = (0.05, 0.1, 0.25, 0.5, 1, 1.5, 2, 3, 5, 10, 20, 45)


class Promptness(Collector):
    """Counts from the first scrape on. Raises StoreUnavailable, and goes on from where it was at the next scrape."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._read_until: int | None = None
        self._one_at_a_time = threading.Lock()
        self._histogram = Histogram(
            "ringbridge_ring_to_request_seconds",
            "From a ringing call's notification to the first attempt at telling the connection, by whichever process.",
            ["connection"],
            buckets=_SECONDS,
            registry=None,
        )

    def collect(self) -> Iterable[Metric]:
        with self._one_at_a_time:
            with self._service.store.read() as db:
                if self._read_until is None:
                    self._read_until = firsts.last(db)
                found, self._read_until = firsts.since(db, self._read_until, self._service.now())
            for first in found:
                self._histogram.labels(first.connection).observe(first.seconds)
            return self._histogram.collect()

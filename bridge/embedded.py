"""Queues in the memory of one process, for `up`: kombu's own, woken by events where it would look again and again.

Nothing is kept: what is due stands in the store, and a start puts it on the queue again.
"""

from __future__ import annotations

import threading
from queue import Empty
from time import monotonic
from typing import Any

from kombu import Connection
from kombu.transport import memory, virtual

_LONGEST_NAP = 1.0  # seconds, for a caller that gives no timeout

_something_happened = threading.Event()  # one for the process, as kombu's queues in memory are


class QoS(virtual.QoS):
    """An acknowledged message makes room for the next one: without waking, a full window would stay shut."""

    def ack(self, delivery_tag: str) -> None:
        super().ack(delivery_tag)
        _something_happened.set()

    def reject(self, delivery_tag: str, requeue: bool = False) -> None:  # noqa: FBT001, FBT002  kombu's signature
        super().reject(delivery_tag, requeue)
        _something_happened.set()


class Channel(memory.Channel):
    """Wakes the consumer when a message arrives."""

    QoS = QoS

    def _put(self, queue: str, message: dict[str, Any], **kwargs: Any) -> None:  # noqa: ANN401
        super()._put(queue, message, **kwargs)
        _something_happened.set()


class Transport(memory.Transport):
    """Named in Celery's configuration as `bridge.embedded:Transport`."""

    Channel = Channel
    global_state = virtual.BrokerState()
    driver_type = "embedded"

    def drain_events(  # type: ignore[override]  # the two base classes differ
        self,
        connection: Connection,  # noqa: ARG002
        timeout: float | None = None,
    ) -> None:
        """Hand over one message, waiting for it up to `timeout` seconds. Raises TimeoutError."""
        deadline = monotonic() + (_LONGEST_NAP if timeout is None else timeout)
        while True:
            _something_happened.clear()  # before looking: what happens while we look must not be slept through
            try:
                self.cycle.get(self._deliver, timeout=timeout)  # type: ignore[union-attr]  # the base class has set it
            except Empty:
                left = deadline - monotonic()
                if left <= 0:
                    raise TimeoutError from None
                _something_happened.wait(left)
            else:
                return

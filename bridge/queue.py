"""The doorbell: the one module that knows task names. A message carries an id and nothing else.

Losing every message costs seconds: what is due stands in the store, and the sweep finds it.
"""

from __future__ import annotations

import logging
import time
from typing import Any

from celery import Celery
from kombu.exceptions import OperationalError

from bridge.settings import Settings

log = logging.getLogger(__name__)

DELIVER = "ringbridge.deliver"
IDENTIFY = "ringbridge.identify"
SWEEP = "ringbridge.sweep"

RING = "ring"
"""What an operator waits for while a phone rings. The rest goes to NOTES."""
NOTES = "notes"

SWEEP_EVERY = 0.25  # seconds: no popup waits longer than this for a lost message or a name that did not come
_DEAF_FOR = 2.0
_EMBEDDED = "memory://localhost/"
_EMBEDDED_TRANSPORT = "bridge.embedded:Transport"


def celery_app(settings: Settings) -> Celery:
    """The Celery application, without tasks: enough to put messages on the queue."""
    broker = settings.broker_url.get_secret_value() if settings.broker_url else _EMBEDDED
    app = Celery("ringbridge", broker=broker, set_as_current=False)
    app.conf.update(
        task_serializer="json",
        accept_content=["json"],
        task_ignore_result=True,
        result_backend=None,
        task_default_queue=NOTES,
        # Late, so that a message outlives a worker that dies; but never given back for an error, and never looped
        # over by a task that kills its process: the lease in the store gives that one try a minute.
        task_acks_late=True,
        task_acks_on_failure=True,
        task_acks_on_timeout=True,
        task_reject_on_worker_lost=False,
        worker_prefetch_multiplier=1,
        worker_cancel_long_running_tasks_on_connection_loss=True,
        broker_connection_retry=True,
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,
        broker_connection_timeout=4,
        broker_transport_options=_transport_options(broker),
        worker_soft_shutdown_timeout=20,
        worker_send_task_events=False,
        task_send_sent_event=False,
        worker_enable_remote_control=False,
        worker_hijack_root_logger=False,
        worker_redirect_stdouts=False,
        beat_schedule={"sweep": {"task": SWEEP, "schedule": SWEEP_EVERY, "options": {"queue": RING, "expires": 2}}},
    )
    if broker == _EMBEDDED:
        app.conf.broker_transport = _EMBEDDED_TRANSPORT
    else:
        app.conf.worker_disable_prefetch = True
    return app


def _transport_options(broker: str) -> dict[str, Any]:
    if broker == _EMBEDDED:
        return {}
    return {
        "visibility_timeout": 600,
        "unacked_restore_interval": 10,
        "unacked_restore_throttle": 1,
        # Without a timeout a connection that is dead but not closed is waited on for ever, and no error is logged.
        "socket_timeout": 5,
        "socket_connect_timeout": 3,
        "socket_keepalive": True,
        "health_check_interval": 10,
        "retry_on_timeout": True,
        "global_keyprefix": "ringbridge:",
        "client_name": "ringbridge",
    }


class Queue:
    """Puts ids on the queue. An unreachable broker is a warning: the rows are due, and the sweep will find them."""

    def __init__(self, app: Celery) -> None:
        self.app = app
        self._deaf_until = 0.0

    def deliver(self, delivery_id: int, *, ringing: bool) -> None:
        """Have this delivery told."""
        self._send(DELIVER, (delivery_id,), RING if ringing else NOTES)

    def identify(self, call_id: int) -> None:
        """Have the caller of this call looked up."""
        self._send(IDENTIFY, (call_id,), RING)

    def sweep(self) -> None:
        """Have somebody look for what is due."""
        self._send(SWEEP, (), RING)

    def _send(self, task: str, ids: tuple[int, ...], queue: str) -> None:
        if time.monotonic() < self._deaf_until:
            return  # it did not answer a moment ago, and waiting for it would hold a thread of the intake
        try:
            self.app.send_task(task, ids, queue=queue, ignore_result=True, retry=False)
        except (OperationalError, OSError) as error:
            self._deaf_until = time.monotonic() + _DEAF_FOR
            log.warning(
                "the broker cannot be reached; the sweep will find what is due",
                extra={"error": type(error).__name__},
            )

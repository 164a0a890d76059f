"""The doorbell: the one module that knows task names. A message carries an id and nothing else.

Losing every message costs seconds: what is due stands in the store, and the sweep finds it.
"""

from __future__ import annotations

import logging
import threading
import time
from typing import Any

import kombu
from celery import Celery
from kombu.exceptions import OperationalError

from bridge.settings import Settings

log = logging.getLogger(__name__)

DELIVER = "ringbridge.deliver"
IDENTIFY = "ringbridge.identify"
FIND = "ringbridge.find"
PROBE = "ringbridge.probe"
RECONCILE = "ringbridge.reconcile"
READ_CONTACTS = "ringbridge.read_contacts"
SWEEP = "ringbridge.sweep"
ECHO = "ringbridge.echo"

RING = "ring"
"""What an operator waits for while a phone rings. The rest goes to NOTES."""
NOTES = "notes"

SWEEP_EVERY = 0.25  # seconds: no popup waits longer than this for a lost message or a name that did not come
_WORTHLESS_AFTER = 2  # seconds: by then another sweep has been asked for
_ECHO_EXPIRES = 60  # what a worker that was killed had not heard yet is for nobody
_DEAF_FOR = 2.0
_LOOK_AGAIN = {"interval_start": 2, "interval_step": 1, "interval_max": 3}  # seconds; kombu adds the first to the last
_EMBEDDED = "memory://localhost/"
_EMBEDDED_TRANSPORT = "bridge.embedded:Transport"


class _Connection(kombu.Connection):
    """Looks every five seconds whether a broker that went away is back; kombu would come to look twice a minute."""

    def ensure_connection(self, *given: Any, **named: Any) -> Any:  # noqa: ANN401  as kombu has them
        return super().ensure_connection(*given, **{**_LOOK_AGAIN, **named})


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
        worker_cancel_long_running_tasks_on_connection_loss=False,  # threads cannot be: each try is a traceback
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
        beat_schedule={
            "sweep": {"task": SWEEP, "schedule": SWEEP_EVERY, "options": {"queue": RING, "expires": _WORTHLESS_AFTER}}
        },
    )
    app.amqp.Connection = _Connection
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
        # A worker finds one after one or two health checks and a second, and then a command on another like it times
        # out: together that is no longer than it takes to call it deaf.
        "socket_timeout": 3,
        "socket_connect_timeout": 3,
        "socket_keepalive": True,
        "health_check_interval": 3,
        "retry_on_timeout": True,
        "max_retries": 0,  # a first message would be tried for six seconds, and hold a thread of the intake
        "global_keyprefix": "ringbridge:",
        "client_name": "ringbridge",
    }


class Queue:
    """Puts ids on the queue. An unreachable broker is a warning: the rows are due, and the sweep will find them."""

    def __init__(self, app: Celery) -> None:
        self.app = app
        self._deaf_until = 0.0
        self._is_away = False

    def deliver(self, delivery_id: int, *, ringing: bool) -> None:
        """Have this delivery told."""
        self._send(DELIVER, (delivery_id,), RING if ringing else NOTES)

    def identify(self, call_id: int) -> None:
        """Have GREEN-API asked who is calling."""
        self._send(IDENTIFY, (call_id,), RING)

    def identify_in(self, seconds: float, call_id: int) -> None:
        """The same, so much later; if this process ends meanwhile, the sweep sees to it."""
        timer = threading.Timer(seconds, self.identify, (call_id,))
        timer.daemon = True
        timer.start()

    def find(self, person_id: int) -> None:
        """Have a connected system asked who is calling."""
        self._send(FIND, (person_id,), RING)

    def probe(self, connection_id: int) -> None:
        """Have a paused connection checked."""
        self._send(PROBE, (connection_id,), NOTES)

    def reconcile(self, instance_id: int) -> None:
        """Have an instance's journal read."""
        self._send(RECONCILE, (instance_id,), NOTES)

    def read_contacts(self, instance_id: int) -> None:
        """Have an instance's address book read."""
        self._send(READ_CONTACTS, (instance_id,), NOTES)

    def sweep(self) -> None:
        """Have somebody look for what is due."""
        self._send(SWEEP, (), RING, expires=_WORTHLESS_AFTER)

    def echo(self, queue: str) -> bool:
        """Have the worker that reads this queue hear itself; False if the broker did not take the message."""
        return self._send(ECHO, (), queue, expires=_ECHO_EXPIRES)

    def _send(self, task: str, ids: tuple[int, ...], queue: str, expires: float | None = None) -> bool:
        if time.monotonic() < self._deaf_until:
            return False  # it did not answer a moment ago, and waiting for it would hold a thread of the intake
        try:
            self.app.send_task(task, ids, queue=queue, ignore_result=True, retry=False, expires=expires)
        except (OperationalError, OSError) as error:
            self._deaf_until = time.monotonic() + _DEAF_FOR
            if not self._is_away:  # said once: what is due stands in the store, and outages may be long
                self._is_away = True
                said = {"error": type(error).__name__}
                log.warning("the broker cannot be reached; what is due waits in the store", extra=said)
            return False
        if self._is_away:
            self._is_away = False
            log.info("the broker is back")
        return True

"""Notifications on their way to webhooks: one after another for each account, each until it is taken.

Source: GREEN-API docs "Webhook Endpoint technology".
"""

from __future__ import annotations

import heapq
import itertools
import threading
import time
from collections.abc import Callable, Mapping
from functools import partial
from queue import SimpleQueue

import requests

from bridge.greenapi.standin.loopback import Log
from bridge.greenapi.standin.rings import Account, Notification

_TIMEOUT = 180  # seconds, as GREEN-API's own
_Queued = tuple[Notification, bytes]


class Pusher:
    """A thread and a queue for each account, and one thread for what happens later.

    Only a 200 takes a notification out of its queue. After anything else it is sent again, `pause` seconds
    later, and those behind it wait.
    """

    def __init__(self, accounts: Mapping[str, Account], *, pause: float, log: Log) -> None:
        self._accounts = accounts
        self._pause = pause
        self._log = log
        self._queues: dict[str, SimpleQueue[_Queued | None]] = {}
        self._threads: list[threading.Thread] = []
        self._running = False
        self._stopping = threading.Event()
        self._later: list[tuple[float, int, Notification]] = []
        self._order = itertools.count()
        self._owed = 0
        self._changed = threading.Condition()

    def start(self) -> None:
        """Begin to push. A pusher is started once."""
        with self._changed:
            self._running = True
            self._run(self._wait_for_events)
            for id_instance in self._queues:
                self._run(partial(self._push_in_order, id_instance))

    def stop(self) -> None:
        """End; what is queued is never sent."""
        with self._changed:
            self._stopping.set()
            self._changed.notify_all()
        for queue in self._queues.values():
            queue.put(None)
        until = time.monotonic() + 1  # a push that hangs is left behind
        for thread in self._threads:
            thread.join(timeout=max(0.0, until - time.monotonic()))

    def serve(self, id_instance: str) -> None:
        """Give an account its queue, unless it has one."""
        with self._changed:
            if id_instance in self._queues:
                return
            self._queues[id_instance] = SimpleQueue()
            if self._running:
                self._run(partial(self._push_in_order, id_instance))

    def owe(self, notification: Notification, after: float = 0.0) -> None:
        """Queue a notification, now or later."""
        with self._changed:
            self._owed += 1 + notification.ring.duplicate
            if after <= 0:
                self._queue(notification)
                return
            heapq.heappush(self._later, (time.monotonic() + after, next(self._order), notification))
            self._changed.notify_all()

    def idle(self, timeout: float = 0.0) -> bool:
        """Whether everything owed has been taken, or is within so many seconds."""
        with self._changed:
            return self._changed.wait_for(lambda: self._owed == 0, timeout)

    def _run(self, work: Callable[[], None]) -> None:
        thread = threading.Thread(target=work, name="pusher", daemon=True)
        self._threads.append(thread)
        thread.start()

    def _wait_for_events(self) -> None:
        with self._changed:
            while not self._stopping.is_set():
                wait = self._later[0][0] - time.monotonic() if self._later else None
                if wait is None or wait > 0:
                    self._changed.wait(wait)
                else:
                    self._queue(heapq.heappop(self._later)[2])

    def _queue(self, notification: Notification) -> None:
        id_instance = notification.ring.id_instance
        queued = (notification, notification.body(self._accounts[id_instance]))
        for _ in range(1 + notification.ring.duplicate):
            self._note("queued", notification)
            self._queues[id_instance].put(queued)

    def _push_in_order(self, id_instance: str) -> None:
        with requests.Session() as session:
            session.trust_env = False  # a ~/.netrc would replace the Authorization header
            while (queued := self._queues[id_instance].get()) is not None:
                while not self._push(session, *queued):
                    if self._stopping.wait(self._pause):
                        return
                with self._changed:
                    self._owed -= 1
                    self._changed.notify_all()

    def _push(self, session: requests.Session, notification: Notification, body: bytes) -> bool:
        account = self._accounts[notification.ring.id_instance]
        url, headers = account.webhook_url, {"Content-Type": "application/json; charset=utf-8"}
        if account.authorization is not None:
            headers["Authorization"] = account.authorization
        sent_at = time.time()
        try:
            answer = session.post(url, body, headers=headers, timeout=_TIMEOUT, allow_redirects=False)
        except requests.RequestException:
            self._note("pushed", notification, answer=None, sent_at=sent_at)
            return False
        self._note("pushed", notification, answer=answer.status_code, sent_at=sent_at)
        return answer.status_code == 200

    def _note(self, what: str, notification: Notification, **more: object) -> None:
        ring = notification.ring
        self._log.add(
            what=what,
            id_instance=ring.id_instance,
            id_message=ring.id_message,
            status=notification.status,
            chat_id=ring.chat_id,
            **more,
        )

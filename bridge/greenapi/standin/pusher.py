"""Notifications on their way: queued when they happen, and pushed one after another where there is a webhook.

Source: GREEN-API docs "Webhook Endpoint technology".
"""

from __future__ import annotations

import contextlib
import heapq
import itertools
import threading
import time
from collections.abc import Callable, Mapping
from functools import partial

import requests

from bridge.greenapi.standin.lives import Life
from bridge.greenapi.standin.loopback import Log
from bridge.greenapi.standin.queues import Queued
from bridge.greenapi.standin.rings import Notification, Other

_TIMEOUT = 180  # seconds, as GREEN-API's own
Event = Notification | Other


class Pusher:
    """A thread for each account, and one thread for what happens later.

    Only a 200 takes a notification out of its queue. After anything else it is sent again, `pause` seconds
    later, and those behind it wait. Without a `webhookUrl` they wait to be fetched. `happens` is called with each
    event at its moment.
    """

    def __init__(
        self,
        lives: Mapping[str, Life],
        *,
        pause: float,
        log: Log,
        happens: Callable[[Event], None],
        needs_messages: bool,
        clock: Callable[[], float],
    ) -> None:
        self._lives = lives
        self._pause = pause
        self._log = log
        self._happens = happens
        self._needs_messages = needs_messages
        self._clock = clock
        self._served: set[str] = set()
        self._threads: list[threading.Thread] = []
        self._running = False
        self._stopping = threading.Event()
        self._later: list[tuple[float, int, Event]] = []
        self._order = itertools.count()
        self._owed = 0
        self._changed = threading.Condition()

    def start(self) -> None:
        """Begin to push. A pusher is started once."""
        with self._changed:
            self._running = True
            self._run(self._wait_for_events)
            for id_instance in self._served:
                self._run(partial(self._push_in_order, id_instance))

    def stop(self) -> None:
        """End; what is queued is never sent."""
        with self._changed:
            self._stopping.set()
            self._changed.notify_all()
        for life in self._lives.values():
            life.queue.wake()
        until = time.monotonic() + 1  # a push that hangs is left behind
        for thread in self._threads:
            thread.join(timeout=max(0.0, until - time.monotonic()))

    def serve(self, id_instance: str) -> None:
        """Push for this account too, from now on."""
        with self._changed:
            if id_instance in self._served:
                return
            self._served.add(id_instance)
            if self._running:
                self._run(partial(self._push_in_order, id_instance))

    def owe(self, event: Event, after: float = 0.0) -> None:
        """Let something happen, now or later."""
        with self._changed:
            self._owed += event.copies
            if after > 0:
                heapq.heappush(self._later, (time.monotonic() + after, next(self._order), event))
                self._changed.notify_all()
                return
        self._queue(event)

    def idle(self, timeout: float = 0.0) -> bool:
        """Whether everything owed has been taken, or is within so many seconds."""
        with self._changed:
            return self._changed.wait_for(lambda: self._owed == 0, timeout)

    def gone(self, count: int) -> None:
        """So many have left their queue."""
        with self._changed:
            self._owed -= count
            self._changed.notify_all()

    def _run(self, work: Callable[[], None]) -> None:
        thread = threading.Thread(target=work, name="pusher", daemon=True)
        self._threads.append(thread)
        thread.start()

    def _wait_for_events(self) -> None:
        while not self._stopping.is_set():
            with self._changed:
                wait = self._later[0][0] - time.monotonic() if self._later else None
                if wait is None or wait > 0:
                    self._changed.wait(wait)
                    continue
                event = heapq.heappop(self._later)[2]
            self._queue(event)

    def _queue(self, event: Event) -> None:
        life = self._lives[event.id_instance]
        self._happens(event)
        if not event.is_told or not life.sends(event, needs_messages=self._needs_messages):
            self.gone(event.copies)
            return
        body = event.body(life.account, self._clock())
        for _ in range(event.copies):
            self._log.add(what="queued", id_instance=event.id_instance, **event.note)
            life.queue.put(body, event.note)

    def _push_in_order(self, id_instance: str) -> None:
        life = self._lives[id_instance]
        with requests.Session() as session:
            session.trust_env = False  # a ~/.netrc would replace the Authorization header
            while not self._stopping.is_set():
                queued = life.queue.head(None, wanted=lambda: bool(life.webhook_url), ended=self._stopping.is_set)
                if queued is not None and not self._push(session, life, queued) and self._stopping.wait(self._pause):
                    return

    def _push(self, session: requests.Session, life: Life, queued: Queued) -> bool:
        headers = {"Content-Type": "application/json; charset=utf-8"}
        if life.authorization is not None:
            headers["Authorization"] = life.authorization
        sent_at, code = time.time(), None
        with contextlib.suppress(requests.RequestException):
            url = life.webhook_url
            code = session.post(url, queued.body, headers=headers, timeout=_TIMEOUT, allow_redirects=False).status_code
        note = {"id_instance": life.account.id_instance, **queued.note}
        self._log.add(what="pushed", answer=code, sent_at=sent_at, **note)
        if code == 200:
            life.queue.delete(queued.receipt_id)
        return code == 200

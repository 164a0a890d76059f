"""Which instances this process polls: it takes what nobody does, keeps its leases, and follows the configuration."""

from __future__ import annotations

import logging
import secrets
import socket
import threading
from types import TracebackType

from bridge import alive, polling
from bridge.instances import Instance
from bridge.poller import Poller
from bridge.polling import Held
from bridge.service import Service
from bridge.store import StoreUnavailable
from bridge.store.secrets import SecretKeyError
from connectors.kit.watchdog import clock

log = logging.getLogger(__name__)

MOST = 200
"""Instances, each with a thread; more of them need more processes."""

EVERY = 2.0  # seconds: a lease of 10 must outlast a write that waits, and a change is taken up within 5
_MORE_AT_ONCE = 100  # so that processes that start together share
_PATIENCE = 8.0  # seconds for what is under way when told to stop


def new_holder() -> str:
    """A name that no other process has had: containers are fond of the same host name and process id."""
    return f"poll@{socket.gethostname()}:{secrets.token_hex(8)}"


class Pollers:
    """Polls what is to be polled, in threads of this process. Use it as a context manager."""

    def __init__(self, service: Service, holder: str, every: float = EVERY) -> None:
        """`every` is the number of seconds after which it looks again for what is to be polled."""
        self._service = service
        self._every = every
        self._holder = holder
        self._running: dict[int, Poller] = {}
        self._stopping = threading.Event()
        self._is_store_away = False
        self._thread = threading.Thread(target=self._run, name="pollers", daemon=True)

    def __enter__(self) -> Pollers:
        self._thread.start()
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        deadline = clock() + _PATIENCE
        self._stopping.set()
        self._stop_all()
        self._thread.join(_PATIENCE)
        self._stop_all()  # one may have begun meanwhile
        # Whoever is still waiting for an answer keeps its lease until that ends: nobody else is to ask meanwhile.
        ended = [id_ for id_, one in self._running.items() if one.ended(max(0.0, deadline - clock()))]
        self._release(ended)

    def _stop_all(self) -> None:
        for poller in list(self._running.values()):
            poller.stop()

    def _run(self) -> None:
        while True:
            alive.touch(self._service.settings.alive_file)
            try:
                self._follow()
                self._is_store_away = False
            except (StoreUnavailable, SecretKeyError) as error:
                if not self._is_store_away:
                    log.warning("what is polled could not be looked up or renewed", extra={"reason": str(error)})
                self._is_store_away = True
            except Exception:
                # Without this thread every lease runs out, and nobody polls.
                log.exception("following what is to be polled failed; it goes on")
            if self._stopping.wait(self._every):
                return

    def _follow(self) -> None:
        wanted = {
            one.id: one for one in self._service.directory.current().by_id.values() if one.config.intake == "poll"
        }
        for id_, poller in self._running.items():
            if poller.instance != wanted.get(id_):
                poller.stop()
        gone = [id_ for id_, poller in self._running.items() if poller.ended()]
        for id_ in gone:
            del self._running[id_]
        self._release([id_ for id_ in gone if id_ not in wanted])
        if wanted or self._running:
            self._hold(wanted)

    def _hold(self, wanted: dict[int, Instance]) -> None:
        """Renew what is ours, and begin with what is now."""
        running = set(self._running)
        limit = min(MOST, len(running) + _MORE_AT_ONCE)
        asked_at, now = clock(), self._service.now()
        ids = running | set(wanted)
        held = self._service.store.write(lambda db: polling.hold(db, self._holder, ids, limit, now))
        begun = [self._made(wanted[one.instance_id], one) for one in held if one.instance_id not in running]
        for one in held:
            self._running[one.instance_id].lease.renew(asked_at)
        for id_ in running - {one.instance_id for one in held}:
            self._give_up(id_)
        for poller in begun:
            poller.start()
        if begun:
            log.info("polling", extra={"count": len(self._running)})

    def _made(self, instance: Instance, held: Held) -> Poller:
        made = self._running[instance.id] = Poller(self._service, self._holder, instance, held.reason)
        return made

    def _give_up(self, instance_id: int) -> None:
        """Stop where the lease ran out. A row that was locked for a moment is still ours, and is renewed later."""
        if not self._running[instance_id].lease.covers(0.0):
            self._running[instance_id].stop()

    def _release(self, instance_ids: list[int]) -> None:
        if not instance_ids:
            return
        try:
            self._service.store.write(lambda db: polling.release(db, self._holder, instance_ids))
        except StoreUnavailable as error:
            log.warning("leases could not be given back; they run out", extra={"reason": str(error)})

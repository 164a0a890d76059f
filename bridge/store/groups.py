"""Group commit: one thread writes for all the others, so that many transactions share one fsync.

SQLite lets one transaction write at a time, and waiting for that turn is a sleeping poll without fairness. A single
writer that commits whatever has gathered is both faster and steadier than a commit for each request.
"""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable
from concurrent.futures import Future
from queue import Empty, SimpleQueue
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine

from bridge.store.errors import StoreUnavailable

log = logging.getLogger(__name__)
T = TypeVar("T")

_LARGEST_GROUP = 256
_LONGEST_QUEUE = 2048
_PATIENCE = 30.0  # seconds; GREEN-API waits 180 for an answer

_Item = tuple[Callable[[Connection], Any], "Future[Any]"]


class GroupWriter:
    """Runs functions one after the other in shared transactions, each in a savepoint of its own."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._queue: SimpleQueue[_Item | None] = SimpleQueue()
        self._starting = threading.Lock()
        self._pid: int | None = None  # threads do not survive a fork: each process starts its own

    def write(self, fn: Callable[[Connection], T]) -> T:
        """Run `fn`, and return what it returned once that is on the disk. Raises what it raised.

        Raises StoreUnavailable where nothing could be committed in time.
        """
        if self._pid != os.getpid():
            self._start()
        if self._queue.qsize() > _LONGEST_QUEUE:
            raise StoreUnavailable("The store is too busy; this will be tried again.")
        done: Future[T] = Future()
        self._queue.put((fn, done))
        try:
            return done.result(_PATIENCE)
        except TimeoutError:
            raise StoreUnavailable("The store did not commit in time; this will be tried again.") from None

    def close(self) -> None:
        """Let the writer's thread and its connection go; another write starts anew."""
        with self._starting:
            if self._pid == os.getpid():
                self._queue.put(None)
            self._pid = None

    __del__ = close

    def _start(self) -> None:
        with self._starting:
            if self._pid == os.getpid():
                return
            self._queue = SimpleQueue()
            # The thread knows the queue and not this object, so that it ends when nobody can write any more.
            writer = threading.Thread(target=_serve, args=(self._engine, self._queue), name="store-writer", daemon=True)
            writer.start()
            self._pid = os.getpid()


def _serve(engine: Engine, queue: SimpleQueue[_Item | None]) -> None:
    try:
        while group := _gathered(queue):
            _commit_on_one_connection(engine, queue, group)
    except BaseException:
        # Without its writer this process can keep no promise. Whoever supervises it starts another.
        log.critical("the store's writer died", exc_info=True)
        os._exit(70)


def _gathered(queue: SimpleQueue[_Item | None]) -> list[_Item]:
    """All that waits, or else the next that comes; empty when the writer is to end."""
    group: list[_Item] = []
    try:
        while len(group) < _LARGEST_GROUP:
            item = queue.get_nowait() if group else queue.get()
            if item is None:
                if group:
                    queue.put(None)  # first what came before
                break
            group.append(item)
    except Empty:
        pass
    return group


def _commit_on_one_connection(engine: Engine, queue: SimpleQueue[_Item | None], group: list[_Item]) -> None:
    """Commit this group and those after it, until something goes wrong or the writer is to end."""
    try:
        with engine.connect() as db:
            while _commit(db, group):
                group = _gathered(queue)
                if not group:
                    queue.put(None)
                    return
    except Exception as error:  # noqa: BLE001  there was no connection to be had, or it could not even be closed
        for _, done in group:
            if not done.done():
                done.set_exception(error)


def _commit(db: Connection, group: list[_Item]) -> bool:
    """Commit the group and tell everybody; False if that failed, and the connection is not to be used again."""
    try:
        with db.begin():
            results = [(group[0][0](db), None)] if len(group) == 1 else [_in_savepoint(db, fn) for fn, _ in group]
    except Exception as error:  # noqa: BLE001  whatever it was, nothing was stored, and each caller must know
        for _, done in group:
            done.set_exception(error)
        return False
    for (_, done), (result, failure) in zip(group, results, strict=True):
        if failure is None:
            done.set_result(result)
        else:
            done.set_exception(failure)
    return True


def _in_savepoint(db: Connection, fn: Callable[[Connection], Any]) -> tuple[Any, Exception | None]:
    try:
        with db.begin_nested():
            return fn(db), None
    except Exception as error:
        # A full disk makes SQLite roll the whole transaction back by itself. What came before is gone then, and
        # what came after would be committed piece by piece: give up on the group.
        if not db.connection.dbapi_connection.in_transaction:  # type: ignore[union-attr]
            raise
        return None, error

"""What is heard in passing: that an instance lives, who wrote to it, and what was refused in its name.

Every message of every chat comes by here, so nothing is done with it but to remember it in this process. A thread of
its own writes it down a little later. What is lost with the process costs nothing but a name that is asked for again.
"""

from __future__ import annotations

import logging
import os
import threading
import time
import weakref
from collections import Counter, defaultdict
from datetime import UTC, datetime, timedelta
from functools import partial

from sqlalchemy import ColumnElement, or_, select, update
from sqlalchemy import Connection as Db

from bridge import introductions
from bridge.greenapi.senders import Sender
from bridge.introductions import Introduction
from bridge.store import Store, StoreUnavailable
from bridge.store.tables import instances

log = logging.getLogger(__name__)

_EVERY = 5.0  # seconds
_ONCE_A_MINUTE = timedelta(minutes=1)
_MOST_SENDERS = 2000  # that wait to be written down; whoever comes after them is met again
_MOST_MET = 20_000  # whose words are remembered so as not to be looked at again

_Said = tuple[str, Sender]
"""An idInstance, and who wrote there."""


class Heard:
    """One for each process. Thread-safe: the hot path does single operations on dictionaries, and takes no lock."""

    def __init__(self, store: Store | None = None) -> None:
        """Without a store nothing is written down unless `flush` is called."""
        self._store = store
        self._pid: int | None = None  # threads do not survive a fork: each process starts its own
        self._starting = threading.Lock()
        self._at: dict[str, float] = {}
        self._noted: dict[str, datetime] = {}
        self._refused: Counter[str] = Counter()
        self._met: dict[_Said, None] = {}
        self._new: dict[_Said, None] = {}

    def notification(self, id_instance: str, sender: Sender | None) -> None:
        """Something authentic came from an instance of ours."""
        self._at[id_instance] = time.time()
        if sender is not None and (said := (id_instance, sender)) not in self._met and len(self._new) < _MOST_SENDERS:
            self._met[said] = self._new[said] = None
        if self._pid != os.getpid():
            self._start()

    def refused(self, id_instance: str) -> None:
        """A notification that names an instance of ours was answered 401."""
        self._refused[id_instance] += 1
        if self._pid != os.getpid():
            self._start()

    def flush(self, store: Store, now: datetime) -> None:
        """Write down what has gathered. Raises StoreUnavailable; what was not written then is lost."""
        if len(self._met) > _MOST_MET:
            self._met = {}
        new, self._new = self._new, {}
        refused, self._refused = self._refused, Counter()
        heard = {
            one: at
            for one, seconds in list(self._at.items())
            if (at := datetime.fromtimestamp(seconds, UTC)) - self._noted.get(one, _LONG_AGO) >= _ONCE_A_MINUTE
        }
        if heard or refused:
            store.write(partial(_note, heard=heard, refused=refused, now=now))
            self._noted |= heard
        for id_instance, said in _introduced(new).items():
            for start in range(0, len(said), introductions.AT_ONCE):
                portion = said[start : start + introductions.AT_ONCE]
                store.write(partial(_learn, id_instance=id_instance, said=portion, now=now))

    def _start(self) -> None:
        with self._starting:
            if self._pid == os.getpid():
                return
            self._pid = os.getpid()
            if self._store is not None:
                writer = threading.Thread(target=_write_down, args=(weakref.ref(self),), name="heard", daemon=True)
                writer.start()

    def _flush_quietly(self) -> None:
        if self._store is None:
            return
        try:
            self.flush(self._store, datetime.now(UTC))
        except StoreUnavailable as error:
            log.info("what was heard in passing could not be written down", extra={"reason": str(error)})
        except Exception:
            log.exception("what was heard in passing could not be written down; it goes on")


_LONG_AGO = datetime.fromtimestamp(0, UTC)


def _write_down(found: weakref.ref[Heard]) -> None:
    """Until nobody hears anything any more."""
    while (heard := found()) is not None:
        heard._flush_quietly()
        del heard
        time.sleep(_EVERY)


def _introduced(new: dict[_Said, None]) -> dict[str, list[Introduction]]:
    said: defaultdict[str, list[Introduction]] = defaultdict(list)
    for id_instance, sender in list(new):  # somebody may be adding to it this moment
        if (one := introductions.by_sender(sender)) is not None:
            said[id_instance].append(one)
    return said


def _note(db: Db, heard: dict[str, datetime], refused: Counter[str], now: datetime) -> None:
    for id_instance, at in sorted(heard.items()):
        newer = or_(instances.c.heard_at.is_(None), instances.c.heard_at < at)
        db.execute(update(instances).where(*_active(id_instance), newer).values(heard_at=at))
    for id_instance, count in sorted(refused.items()):
        values = {"refused": instances.c.refused + count, "refused_at": now}
        db.execute(update(instances).where(*_active(id_instance)).values(values))


def _learn(db: Db, id_instance: str, said: list[Introduction], now: datetime) -> int:
    instance_id = db.execute(select(instances.c.id).where(*_active(id_instance))).scalar()
    return 0 if instance_id is None else introductions.learn(db, instance_id, said, now)


def _active(id_instance: str) -> tuple[ColumnElement[bool], ...]:
    return (instances.c.id_instance == id_instance, instances.c.removed_at.is_(None))

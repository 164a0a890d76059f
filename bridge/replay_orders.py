"""Replays that somebody ordered: what came of them, counted and in words, and a line in the audit trail for each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any, TypeVar

from bridge import audit, replays, rereading
from bridge.directory import Snapshot
from bridge.listing import stamp
from bridge.replays import Choice, Hindrance, Replay
from bridge.rereading import Reread
from bridge.settings import Settings
from bridge.store import Store

T = TypeVar("T")

_WHY_NOT: dict[Hindrance, str] = {
    "unknown": "not there any more",
    "due": "due already",
    "skipped": "skipped, with nothing to tell",
    "removed": "of connections that were removed",
    "ringing": "only ringing, which is never replayed",
    "paused": "of connections that are paused and must be resumed first",
    "uncertain": "told or not, which nobody knows and {again} tells in any case",
    "delivered": "delivered, which {again} tells once more",
}


@dataclass(slots=True)
class Tally:
    """How many were replayed, and why the others were not. `looked_at` counts both."""

    done: int = 0
    hindered: dict[Hindrance, Counter[str]] = field(default_factory=dict)

    @property
    def looked_at(self) -> int:
        """All that was judged."""
        return self.done + sum(names.total() for names in self.hindered.values())

    def count(self, one: Replay) -> None:
        """Add one more."""
        if one.hindrance is None:
            self.done += 1
        else:
            self.hindered.setdefault(one.hindrance, Counter())[one.connection] += 1

    def replayed(self) -> str:
        """What was replayed, in a sentence."""
        if self.done:
            return f"{self.done} {'delivery' if self.done == 1 else 'deliveries'} replayed."
        return "Nothing to replay."

    def not_replayed(self, again: str) -> str | None:
        """What was not and why, in a sentence; `again` is how it is said that even so it should be."""
        if not self.hindered:
            return None
        return f"Not replayed: {'; '.join(_why_not(why, names, again) for why, names in self.hindered.items())}."


def of_ids(store: Store, ids: Sequence[int], who: str, now: datetime, *, again: bool) -> Iterator[Replay]:
    """Replay the deliveries of these ids, as `replays.of_ids` does."""
    replayed = replays.of_ids(store, ids, now, again=again)
    # The first of them say which those were; a row of the trail stays short.
    detail = {"ids": list(ids[:20]), "again": again}
    return _recorded(store, replayed, lambda one: one.hindrance is None, who, now, "delivery.replayed", detail)


def of_choice(
    store: Store, choice: Choice, who: str, now: datetime, *, again: bool, most: int | None = None
) -> Iterator[Replay]:
    """Replay all that fits, as `replays.of_choice` does, or the oldest `most` of it."""
    replayed = replays.of_choice(store, choice, now, again=again, most=most)
    detail = {
        "states": list(choice.states),
        "connection": choice.connection,
        "since": stamp(choice.since),
        "again": again,
    }
    return _recorded(store, replayed, lambda one: one.hindrance is None, who, now, "delivery.replayed", detail)


def tallied(replayed: Iterable[Replay]) -> Tally:
    """Replay them, and count."""
    tally = Tally()
    for one in replayed:
        tally.count(one)
    return tally


def of_notifications(
    store: Store, ids: Sequence[int], snapshot: Snapshot, settings: Settings, who: str, now: datetime
) -> Iterator[Reread]:
    """Read these notifications again, each in a transaction of its own."""

    def reread() -> Iterator[Reread]:
        for one in ids:
            again = partial(rereading.reread, notification_id=one, snapshot=snapshot, settings=settings, now=now)
            yield store.write(again)

    detail = {"ids": list(ids[:20])}
    return _recorded(store, reread(), lambda one: one.result == "read", who, now, "notification.replayed", detail)


def _recorded(
    store: Store,
    work: Iterable[T],
    counts: Callable[[T], bool],
    who: str,
    now: datetime,
    what: str,
    detail: dict[str, Any],
) -> Iterator[T]:
    """The same, and at its end, or where it breaks off, one line that says how many it was."""
    done = seen = 0
    try:
        for one in work:
            seen += 1
            done += counts(one)
            yield one
    finally:
        if done:
            store.write(lambda db: audit.record(db, now, who, what, **detail, replayed=done, looked_at=seen))


def _why_not(why: Hindrance, names: Counter[str], again: str) -> str:
    whose = f" ({', '.join(sorted(names))})" if why in ("paused", "removed") else ""
    return f"{names.total()} {_WHY_NOT[why].format(again=again)}{whose}"

"""The journal: GREEN-API's own list of calls, against which ours is reconciled.

It lists completed calls, up to two minutes late. What only it knows is written down finished and told as late; what we
still take for ringing gets its outcome. What it does not list proves nothing.

Source: https://green-api.com/en/docs/api/journals/LastIncomingCalls/
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from math import ceil
from typing import Literal

from sqlalchemy import Connection as Db

from bridge import calls, intake, notifications
from bridge.calls import CallRow
from bridge.directory import Snapshot
from bridge.greenapi.client import JournalEntry
from bridge.greenapi.events import CallEvent, meaning
from bridge.instances import Instance
from bridge.intake import Accepted
from bridge.settings import Settings
from bridge.store import Store
from bridge.text import clean
from connectors.kit import CallStatus

Verdict = Literal["new", "settled", "known", "own", "open"]
"""What an entry was: a call that we did not know, the outcome of one that we took for open, one that needs nothing,
one that our own account made, or an open one that nobody is to be told of."""

LAG = timedelta(minutes=2)
"""How long a call may take to appear."""
_AT_ONCE = 100  # entries a transaction: on SQLite the intake waits for it
_NOTHING = Accepted("repeat")


@dataclass(frozen=True, slots=True)
class Brought:
    """What came of one entry, and what to ring for because of it."""

    verdict: Verdict
    accepted: Accepted


def minutes(since: datetime, now: datetime) -> int:
    """How much to ask for, so that nothing that ended after `since` is missed, rounded up.

    It reaches further back: a call from just before must not be taken for its neighbour.
    """
    return max(1, ceil((now - since + calls.NEAR) / timedelta(minutes=1)))


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """One reading of an instance's journal. What ended before `since` brings nothing.

    Without `tell`, nobody hears of what it brings, and what is open stays so.
    """

    instance: Instance
    snapshot: Snapshot
    settings: Settings
    now: datetime
    since: datetime
    tell: bool = True

    def run(self, store: Store, entries: Sequence[JournalEntry]) -> Iterator[Brought]:
        """Write down what these entries bring, a portion in each transaction. Raises StoreUnavailable."""
        events = [event for event in map(self._event, entries) if event is not None]
        # A call that is listed under its own id is not the one that another entry is about.
        own = {event.call_key for event in events}
        for start in range(0, len(events), _AT_ONCE):
            portion = events[start : start + _AT_ONCE]
            with store.read() as db:
                settled = calls.settled_among(db, [event.call_key for event in portion])
            rest = [event for event in portion if event.call_key not in settled]
            yield from (Brought("known", _NOTHING) for event in portion if event.call_key in settled)
            if rest:
                brought, taken = store.write(partial(self._reconcile, events=rest, taken=frozenset(own)))
                own |= taken
                yield from brought

    def _event(self, entry: JournalEntry) -> CallEvent | None:
        """An entry as if it had been a notification; None for one that may ring still, although none such is listed."""
        word, status = meaning(entry.status_word)
        if status is CallStatus.RINGING:
            if self.now - entry.at < timedelta(seconds=self.settings.outcome_seconds):
                return None
            word, status = "", CallStatus.UNKNOWN
        return CallEvent(
            id_instance=self.instance.config.id_instance,
            chat_id=entry.chat_id,
            from_ourselves=False,  # the chat of a call of our own is the other party's: its id has to tell
            id_message=entry.id_message,
            status=status,
            word=word,
            raw_status=clean(word) or None if status is CallStatus.UNKNOWN else None,
            at=entry.at,
            video=entry.video,
        )

    def _reconcile(
        self, db: Db, events: Sequence[CallEvent], taken: frozenset[str]
    ) -> tuple[list[Brought], frozenset[str]]:
        """What came of each, and the calls that were found for entries under other ids, which are `taken` now."""
        brought = []
        for event in events:
            neighbour = None
            known = calls.by_key(db, event.call_key)
            if known is None:
                neighbour = calls.neighbour(db, self.instance.id, event, self.now, taken)
                if neighbour and self._may_be_another(event, neighbour):
                    brought.append(Brought("known", _NOTHING))
                    continue
                taken |= {neighbour.key} if neighbour else set()
            brought.append(self._bring(db, event, known or neighbour))
        return brought, taken

    def _may_be_another(self, event: CallEvent, neighbour: CallRow) -> bool:
        """Whether the neighbour still rings and the entry is young: the same person's next call looks just like that.

        Its own notifications may be on their way. The next reading asks for the entry again, and by then each call
        has its outcome or is given up.
        """
        return neighbour.status is CallStatus.RINGING and self.now - calls.event_time(event, self.now) < LAG

    def _bring(self, db: Db, event: CallEvent, call: CallRow | None) -> Brought:
        ended_before = calls.event_time(event, self.now) < self.since
        if ended_before or (call is not None and event.status.rank <= call.status.rank):
            return Brought("known", _NOTHING)
        if call is None:
            if notifications.own_among(db, event.keys()):
                return Brought("own", _NOTHING)
            written = intake.bring(db, event, self.snapshot, self.settings, self.now, tell=self.tell)
            return Brought("new", written)
        if not self.tell:
            return Brought("open", _NOTHING)
        return Brought("settled", intake.settle(db, call, event, self.snapshot, self.settings, self.now))

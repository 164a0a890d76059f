"""The board as all who look at it share it: looked up a few times a second at most, however many they are."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from gzip import compress
from hashlib import sha256

from bridge import board
from bridge.board import Board
from bridge.service import Service
from bridge.store import StoreUnavailable
from bridge.web.pace import Pace

_SOONER = 0.4  # seconds that a look is shared for less than boards rest: with few boards, 0.2 s
_LONGER = 2.0  # seconds, while somebody looks again; a board that is older is not shown as if it were of now
_WAIT = 0.5  # seconds that a thread may wait for the first look of all


@dataclass(frozen=True, slots=True)
class Fragment:
    """One board as HTML in one language, as it is and by gzip. `etag` changes with the language and every character.

    `at` is when the store was last asked, and said that this is how things stand.
    """

    board: Board
    html: bytes
    zipped: bytes
    etag: str
    at: float


@dataclass(frozen=True, slots=True)
class _Look:
    board: Board
    at: float


def fragment(shown: Board, language: str, html: str, at: float) -> Fragment:
    """A rendered board and the mark by which browsers know it again."""
    body = html.encode()
    # Weak: what is the same by gzip has the same mark.
    etag = f'W/"{language}.{sha256(body).hexdigest()[:32]}"'
    return Fragment(shown, body, compress(body, 4, mtime=0), etag, at)


class Live:
    """One process's board. Nobody waits here for long: threads belong to the intake."""

    def __init__(self, service: Service, clock: Callable[[], float] = time.monotonic) -> None:
        self._service, self._clock = service, clock
        self.pace = Pace(clock)
        self._at_work = threading.Lock()  # held by whoever looks or renders; the others are shown what there was
        self._look: _Look | None = None
        self._changed_at = float("-inf")
        self._fragments: dict[str, Fragment] = {}

    def fragment(self, language: str, render: Callable[[Board], str]) -> Fragment:
        """The board in this language, rendered only when it has changed. Raises StoreUnavailable."""
        kept = self.known(language)
        if kept:
            return kept
        if not self._at_work.acquire(timeout=_WAIT):
            raise StoreUnavailable("The store is slow to say how the calls stand.")
        try:
            return self._current(language, render)
        finally:
            self._at_work.release()

    def known(self, language: str) -> Fragment | None:
        """The board in this language where it costs nothing: it is of now, or somebody is just looking again."""
        kept = self._fragments.get(language)
        good_for = self._shared_for + (_LONGER if self._at_work.locked() else 0.0)
        return kept if kept and self._age(kept) < good_for else None

    def changed(self) -> None:
        """Somebody here has just changed something: whoever asks next is not to see the board of before."""
        self._changed_at = self._clock()

    @property
    def _shared_for(self) -> float:
        return self.pace.seconds - _SOONER

    def _age(self, seen: Fragment | _Look) -> float:
        """Seconds since the store was asked; for ever if something was changed after that."""
        return self._clock() - seen.at if seen.at > self._changed_at else float("inf")

    def _current(self, language: str, render: Callable[[Board], str]) -> Fragment:
        look = self._look
        if look is None or self._age(look) >= self._shared_for:
            look = self._look = self._looked_up(look)
        kept = self._fragments.get(language)
        if kept and kept.board is look.board:
            kept = replace(kept, at=look.at)
        else:
            kept = fragment(look.board, language, render(look.board), look.at)
        self._fragments[language] = kept
        return kept

    def _looked_up(self, before: _Look | None) -> _Look:
        began = self._clock()
        service = self._service
        with service.store.read() as db:
            seen = board.snapshot(db, service.now(), service.settings.ring_seconds)
        return _Look(before.board if before and before.board == seen else seen, began)

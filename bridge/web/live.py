"""The board as all who look at it share it: looked up a few times a second at most, however many they are."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from gzip import compress
from hashlib import sha256

from bridge import board
from bridge.board import Board
from bridge.service import Service
from bridge.store import StoreUnavailable
from bridge.web.pace import Pace

_LOOKS = 3  # at most, in the time after which boards ask again
_STALE_AFTER = 2.0  # seconds; a board that is older is not shown as if it were of now
_WAIT = 0.5  # seconds that a thread may wait for the first look of all


@dataclass(frozen=True, slots=True)
class Fragment:
    """One board as HTML in one language, as it is and by gzip. `etag` changes with the language and every character."""

    board: Board
    html: bytes
    zipped: bytes
    etag: str


@dataclass(frozen=True, slots=True)
class _Look:
    board: Board
    at: float


def fragment(shown: Board, language: str, html: str) -> Fragment:
    """A rendered board and the mark by which browsers know it again."""
    body = html.encode()
    # Weak: what is the same by gzip has the same mark.
    return Fragment(shown, body, compress(body, 4, mtime=0), f'W/"{language}.{sha256(body).hexdigest()[:32]}"')


class Live:
    """One process's board. Nobody waits here for long: threads belong to the intake."""

    def __init__(self, service: Service, clock: Callable[[], float] = time.monotonic) -> None:
        self._service, self._clock = service, clock
        self.pace = Pace(clock)
        self._looking, self._rendering = threading.Lock(), threading.Lock()
        self._look: _Look | None = None
        self._changed_at = float("-inf")
        self._fragments: dict[str, Fragment] = {}

    def fragment(self, language: str, render: Callable[[Board], str]) -> Fragment:
        """The board in this language, rendered only when it has changed. Raises StoreUnavailable."""
        shown = self._board()
        with self._rendering:  # what several are waiting for is rendered once
            kept = self._fragments.get(language)
            if kept is None or kept.board is not shown:
                kept = self._fragments[language] = fragment(shown, language, render(shown))
        return kept

    def known(self, language: str) -> Fragment | None:
        """The board in this language where it costs nothing: it is of now, or somebody is just looking again."""
        kept, look = self._fragments.get(language), self._look
        if kept is None or look is None or kept.board is not look.board:
            return None
        good_for = _STALE_AFTER if self._looking.locked() else self._shared_for
        return kept if self._age(look) < good_for else None

    def changed(self) -> None:
        """Somebody here has just changed something: whoever asks next is not to see the board of before."""
        self._changed_at = self._clock()

    @property
    def _shared_for(self) -> float:
        return self.pace.seconds / _LOOKS

    def _board(self) -> Board:
        look = self._look
        age = self._age(look)
        if look and age < self._shared_for:
            return look.board
        may_be_shown = look is not None and age < _STALE_AFTER
        if not self._looking.acquire(timeout=0 if may_be_shown else _WAIT):
            if look and may_be_shown:
                return look.board
            raise StoreUnavailable("The store is slow to say how the calls stand.")
        try:
            look = self._look
            return look.board if look and self._age(look) < self._shared_for else self._looked_up(look)
        finally:
            self._looking.release()

    def _age(self, look: _Look | None) -> float:
        """Seconds since it began; for ever if something was changed after that."""
        return self._clock() - look.at if look and look.at > self._changed_at else float("inf")

    def _looked_up(self, before: _Look | None) -> Board:
        began = self._clock()
        service = self._service
        with service.store.read() as db:
            seen = board.snapshot(db, service.now(), service.settings.ring_seconds)
        if before and before.board == seen:
            seen = before.board
        self._look = _Look(seen, began)
        return seen

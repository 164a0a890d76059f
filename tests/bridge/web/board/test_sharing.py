"""One look at the store is shared by all boards, and nobody is shown an old one as new."""

from __future__ import annotations

import pytest

from bridge.board import Board
from bridge.store import StoreUnavailable
from bridge.web.live import Live


def test_a_board_in_another_language_is_another_board(desk, service):
    live = Live(service, lambda: 100.0)
    english, russian = live.fragment("en", lambda board: "same"), live.fragment("ru", lambda board: "same")

    assert english.etag != russian.etag
    assert (live.known("en"), live.known("ru"), live.known("de")) == (english, russian, None)


class Slow:
    """A store that lets somebody in only when told to."""

    def __init__(self, service):
        self.service, self.looks = service, 0

    def __getattr__(self, name):
        return getattr(self.service, name)

    @property
    def store(self):
        self.looks += 1
        return self.service.store


def test_the_board_is_looked_up_a_few_times_a_second_however_many_ask(desk, service):
    moment = [100.0]
    counted = Slow(service)
    live = Live(counted, lambda: moment[0])
    rendered = []

    def render(board):
        rendered.append(board)
        return f"{len(board.ringing)} ringing"

    for _ in range(10):
        live.fragment("en", render)
    moment[0] += 0.25
    first = live.fragment("en", render)
    live.fragment("ru", render)
    assert counted.looks == 2
    assert len(rendered) == 2  # each language once: nothing has changed meanwhile

    desk.hear("offer")
    moment[0] += 0.25
    second = live.fragment("en", render)
    assert (first.html, second.html) == (b"0 ringing", b"1 ringing")
    assert live.known("en") == second
    assert live.known("ru") is None
    live.changed()
    assert live.known("en") is None


def test_nobody_waits_behind_a_slow_store_and_nobody_is_shown_an_old_board_as_new(desk, service):
    moment = [100.0]
    live = Live(service, lambda: moment[0])
    kept = live.fragment("en", lambda board: "kept")
    with live._at_work:
        moment[0] += 1.0
        assert live.fragment("en", lambda board: "new") == kept
        assert live.known("en") == kept
        moment[0] += 1.5
        assert live.known("en") is None
        with pytest.raises(StoreUnavailable):
            live.fragment("en", lambda board: "new")
    assert isinstance(live.fragment("en", lambda board: "new").board, Board)

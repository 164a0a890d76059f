"""Few boards ask as often as they can; many share what the intake can spare."""

from __future__ import annotations

import heapq
import itertools

import pytest

from bridge.web.pace import Pace


class Hall:
    """Boards that ask whenever it is their turn; time is a number."""

    def __init__(self, boards):
        self.now = 0.0
        self.pace = Pace(lambda: self.now)
        self._turns = [(0.0, board) for board in range(boards)]

    def watch(self, seconds):
        """The moments of all questions within the next so many seconds."""
        end, asked = self.now + seconds, []
        while self._turns[0][0] < end:
            self.now, board = heapq.heappop(self._turns)
            asked.append(self.now)
            heapq.heappush(self._turns, (self.now + self.pace.asked(), board))
        self.now = end
        return asked

    def leave(self, boards):
        self._turns = self._turns[boards:]


@pytest.mark.parametrize(("boards", "every"), [(1, 0.6), (30, 0.6), (200, 200 / 60), (1000, 5.0)])
def test_the_more_boards_the_later_each_asks_again(boards, every):
    hall = Hall(boards)
    hall.watch(20)

    assert len(hall.watch(60)) == pytest.approx(boards * 60 / every, rel=0.02)
    assert hall.pace.seconds == pytest.approx(every, rel=0.1)


def test_boards_that_came_at_once_ask_one_after_the_other():
    hall = Hall(200)
    hall.watch(20)
    asked = hall.watch(10)

    assert min(later - sooner for sooner, later in itertools.pairwise(asked)) > 0.01


def test_when_most_have_gone_the_rest_ask_as_often_as_they_can():
    hall = Hall(200)
    hall.watch(20)
    hall.leave(190)
    hall.watch(20)

    assert len(hall.watch(6)) == pytest.approx(100, abs=10)

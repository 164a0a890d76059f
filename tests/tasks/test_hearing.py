"""Whether a worker hears itself: what counts as deaf, and what does not."""

from __future__ import annotations

from tasks.hearing import DEAF_AFTER, EVERY, Hearing


class Ticks:
    now = 100.0
    stands_still = 0.0

    def __call__(self):
        return self.now

    def sleep(self, seconds):
        self.now += seconds + self.stands_still


def hearing():
    clock = Ticks()
    return Hearing("echo.worker@host:1", 16, clock, clock.sleep), clock


def test_a_worker_that_hears_itself_is_not_deaf():
    ours, clock = hearing()
    ours.asked()
    clock.now += DEAF_AFTER
    ours.heard()
    ours.asked()
    clock.now += DEAF_AFTER
    assert not ours.is_deaf


def test_one_that_does_not_hear_itself_is_deaf_however_often_it_asks():
    ours, clock = hearing()
    ours.asked()
    clock.now += DEAF_AFTER
    ours.asked()
    assert not ours.is_deaf
    clock.now += 1
    assert ours.is_deaf


def test_a_broker_that_is_away_or_threads_that_are_busy_excuse_it():
    ours, clock = hearing()
    ours.asked()
    clock.now += DEAF_AFTER
    ours.excuse()
    clock.now += DEAF_AFTER
    assert not ours.is_deaf


def test_a_worker_that_stood_still_itself_is_not_deaf_and_one_that_looked_all_the_while_is():
    ours, clock = hearing()
    ours.asked()
    clock.stands_still = DEAF_AFTER
    ours.rest()
    assert not ours.is_deaf

    clock.stands_still = 1.0  # a busy machine
    for _ in range(round(DEAF_AFTER / EVERY)):
        ours.asked()
        ours.rest()
    assert ours.is_deaf

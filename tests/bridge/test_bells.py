"""Bells that are rung aside: whoever has others to answer does not wait for a broker."""

from __future__ import annotations

import threading

from desk import Desk
from office import office
from road import until

from bridge import bells
from bridge.bells import Bells
from bridge.deliveries import Doorbell
from bridge.intake import Accepted


def test_bells_are_rung_in_their_order_and_nobody_waits_for_them():
    rung, may_go_on = [], threading.Event()
    ours = Bells()
    ours.ring(may_go_on.wait)
    for number in range(10):
        ours.ring(lambda number=number: rung.append(number))
    assert rung == []  # and we are here

    may_go_on.set()
    until(lambda: len(rung) == 10, what="the bells")
    assert rung == list(range(10))


def test_more_bells_than_can_wait_are_left_to_the_sweep(monkeypatch):
    monkeypatch.setattr(bells, "_MOST", 3)
    rung, first, may_go_on = [], threading.Event(), threading.Event()
    ours = Bells()
    ours.ring(lambda: (first.set(), may_go_on.wait()))
    assert first.wait(10)
    for number in range(5):
        ours.ring(lambda number=number: rung.append(number))
    may_go_on.set()

    until(lambda: len(rung) == 3, what="as many as may wait")
    ours.ring(lambda: rung.append("later"))
    until(lambda: rung[3:] == ["later"], what="the next one")


def test_a_bell_that_fails_is_logged_and_the_next_is_rung(caplog):
    rung, ours = [], Bells()
    ours.ring(lambda: 1 / 0)
    ours.ring(lambda: rung.append("next"))

    until(lambda: rung == ["next"], what="the bell after")
    assert "the sweep finds what it was for" in caplog.text


class HalfOpen:
    """Stands where the queue does, before a broker that does not answer."""

    def __init__(self):
        self.delivered, self.answers = [], threading.Event()

    def deliver(self, delivery_id, *, ringing):
        self.answers.wait()
        self.delivered.append((delivery_id, ringing))


def test_a_broker_that_does_not_answer_holds_up_nobody_whom_the_intake_answers(store, now):
    service = office(store, Desk(store, now).moment, broker_url="redis://127.0.0.1:1/0")
    queue = HalfOpen()
    object.__setattr__(service, "queue", queue)
    for number in range(3):
        service.ring_soon(Accepted("call", due=[Doorbell(number, ringing=True)]))
    assert queue.delivered == []

    queue.answers.set()
    until(lambda: queue.delivered == [(0, True), (1, True), (2, True)], what="the bells")

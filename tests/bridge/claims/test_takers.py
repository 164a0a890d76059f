"""One worker carries a delivery, and of one person's calls one is told at a time."""

from __future__ import annotations

import threading
from datetime import timedelta

from bridge import claims
from bridge.deliveries import Doorbell


def test_a_delivery_is_claimed_by_one_worker_only(desk):
    desk.hear("offer")
    barrier, claims = threading.Barrier(16), []

    def work():
        barrier.wait()
        claims.append(desk.claim())

    threads = [threading.Thread(target=work) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len([claim for claim in claims if claim]) == 1


def test_two_calls_of_one_person_are_told_one_after_the_other(desk):
    desk.hear("offer", id_message="C1")
    desk.hear("offer", id_message="C2")
    barrier, claims = threading.Barrier(2), []

    def work(delivery_id):
        barrier.wait()
        claims.append(desk.claim(delivery_id))

    threads = [threading.Thread(target=work, args=(number,)) for number in (1, 2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    [claim] = [claim for claim in claims if claim]
    waiting = 3 - claim.delivery_id
    assert desk.settle(claim) == [Doorbell(waiting, ringing=True)]
    assert desk.claim(waiting) is not None


def test_of_two_calls_of_one_person_the_second_waits_for_whoever_is_about_to_take_the_first(desk):
    desk.hear("offer", id_message="C1")
    desk.hear("offer", id_message="C2")
    took_the_first, asked_for_the_second, second = threading.Event(), threading.Event(), []

    def take_the_first(db):
        claim = claims.claim(db, 1, "worker", desk.moment(), lease=timedelta(seconds=60), ring_seconds=45)
        took_the_first.set()
        asked_for_the_second.wait(0.5)  # nothing is committed: nobody else can see that it is taken
        return claim

    def take_the_second():
        took_the_first.wait(10)
        second.append(desk.claim(2))
        asked_for_the_second.set()

    thread = threading.Thread(target=take_the_second)
    thread.start()
    first = desk.store.write(take_the_first)
    thread.join()

    assert first is not None
    assert second == [None]


def test_one_connection_waits_for_no_other(desk):
    desk.connect("another", "all")
    desk.hear("offer")

    assert desk.claim(1) is not None
    assert desk.claim(2) is not None

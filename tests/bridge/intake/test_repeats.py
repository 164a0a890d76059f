"""The same notification again, or at once from many: one call, and nothing owed twice."""

from __future__ import annotations

import threading


def test_a_repeat_changes_nothing(desk):
    desk.hear("offer")
    desk.hear("hangUp", 5)
    before = desk.calls(), desk.states(), desk.verdicts()

    assert desk.hear("offer", 60, stamped=0).verdict == "repeat"
    assert desk.hear("hungUp", 60, stamped=5).verdict == "repeat"
    assert (desk.calls(), desk.states(), desk.verdicts()) == before


def test_the_same_notification_at_once_from_many_makes_one_call(desk):
    verdicts = []
    barrier = threading.Barrier(10)

    def hear():
        barrier.wait()
        verdicts.append(desk.hear("offer").verdict)

    threads = [threading.Thread(target=hear) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(verdicts) == ["call"] + ["repeat"] * 9
    assert len(desk.calls()) == 1
    assert len(desk.states()) == 2


def test_an_outcome_at_once_from_many_without_an_offer_makes_one_call(desk):
    barrier = threading.Barrier(10)

    def hear():
        barrier.wait()
        desk.hear("declined")

    threads = [threading.Thread(target=hear) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert [call.status for call in desk.calls()] == ["missed"]

"""An outcome under another id, or under none, finds the call that it ends, and no other."""

from __future__ import annotations

import pytest


def test_an_outcome_under_another_id_finds_the_call_that_rings_in_its_chat(desk):
    desk.hear("offer", 0, id_message="C1")
    desk.hear("offer", 10, id_message="C2")
    desk.hear("pickUp", 20, id_message="X")

    assert [call.status for call in desk.calls()] == ["ringing", "answered"]


@pytest.mark.parametrize(
    ("offered", "ended", "found"), [(0, 180, True), (0, 180.5, False), (180, 0, True), (180.5, 0, False)]
)
def test_an_outcome_under_another_id_belongs_to_an_offer_of_the_same_three_minutes(desk, offered, ended, found):
    desk.hear("offer", 200, at=desk.moment(offered).timestamp(), id_message="C1")
    desk.hear("pickUp", 201, at=desk.moment(ended).timestamp(), id_message="X")

    assert [call.status for call in desk.calls()] == (["answered"] if found else ["ringing", "answered"])


def test_an_outcome_under_another_id_is_of_no_other_chat_and_of_no_call_that_is_over(desk):
    desk.hear("offer", 0, id_message="C1", chat="15551230043@c.us")
    desk.hear("offer", 0, id_message="C2")
    desk.hear("busy", 1, id_message="C2")
    desk.hear("pickUp", 2, id_message="X")

    assert [call.status for call in desk.calls()] == ["ringing", "unknown", "answered"]


def test_an_outcome_under_another_id_that_is_sent_again_does_not_end_the_next_call(desk):
    desk.hear("offer", 0, id_message="C1")
    desk.hear("declined", 5, id_message="X")
    desk.hear("offer", 20, id_message="C2")

    assert desk.hear("declined", 65, stamped=5, id_message="X").verdict == "repeat"
    assert [call.status for call in desk.calls()] == ["missed", "ringing"]


def test_an_outcome_without_an_id_finds_its_call_and_is_a_repeat_when_it_comes_again(desk):
    desk.hear("offer", 0, id_message=None)
    desk.hear("hangUp", 5, id_message=None)
    assert desk.hear("hungUp", 65, stamped=5, id_message=None).verdict == "repeat"

    assert [call.status for call in desk.calls()] == ["dropped"]


def test_an_outcome_under_another_id_that_comes_too_long_after_is_a_call_of_its_own(desk):
    desk.hear("offer", 0, id_message="C1")
    desk.hear("pickUp", 181, id_message="X")

    assert [call.status for call in desk.calls()] == ["ringing", "answered"]

"""Which outcome of a call stands: the first real one, however it comes, and silence while there is none."""

from __future__ import annotations

import pytest
from obligations import owed, story


def test_an_outcome_without_an_offer_is_a_complete_call(desk):
    desk.hear("declined", 3, stamped=2)

    [call] = desk.calls()
    assert (call.status, call.started_at, call.outcome_at) == ("missed", desk.moment(2), desk.moment(2))
    assert owed(desk) == {"result-2": "missed", "all-3": "missed"}


def test_an_offer_after_its_outcome_changes_nothing(desk):
    desk.hear("declined", 3)
    before = desk.calls(), desk.states()

    desk.hear("offer", 4, stamped=0)

    assert (desk.calls(), desk.states()) == before


def test_the_first_real_outcome_stands_and_another_is_kept_as_late(desk):
    desk.hear("offer")
    desk.hear("pickUp", 5)
    desk.hear("declined", 6)

    assert [call.status for call in desk.calls()] == ["answered"]
    assert desk.verdicts() == ["call", "call", "late_outcome"]


@pytest.mark.parametrize("first", ["pickUp", "hungUp", "declined"])
@pytest.mark.parametrize("later", ["teleported", "offer", None])
def test_no_outcome_gives_way_to_one_that_we_do_not_know_or_to_ringing(desk, first, later):
    desk.hear(first, 5)
    before = desk.calls(), desk.states()

    assert desk.hear(later, 6).due == ()
    assert (desk.calls(), desk.states()) == before


def test_a_real_outcome_replaces_an_unknown_one(desk):
    desk.hear("offer")
    desk.hear("teleported", 5)
    assert desk.calls()[0].raw_status == "teleported"
    desk.hear("pickUp", 6)

    [call] = desk.calls()
    assert (call.status, call.raw_status) == ("answered", None)


def test_silence_makes_a_call_unknown_and_a_late_outcome_still_counts(desk):
    desk.hear("offer")
    assert desk.silence(179) == []
    desk.silence(181)
    assert (desk.calls()[0].status, desk.calls()[0].outcome_at) == ("unknown", desk.moment(181))
    assert owed(desk)["result-2"] == "unknown"

    desk.hear("declined", 300)

    assert desk.calls()[0].status == "missed"
    assert owed(desk)["result-2"] == "missed"


def test_silence_counts_from_when_the_offer_was_stored_however_old_it_was(desk):
    desk.hear("offer", 100, stamped=0)

    assert desk.silence(280) == []
    [closed] = desk.silence(281)
    assert (closed.verdict, closed.call_id) == ("call", "7103111222-C1")
    assert ("closed", None, {"waited_seconds": 180.0}) in story(desk)

"""What comes from our own account is nobody's call, and yet may end one."""

from __future__ import annotations

import pytest
from desk import CHAT
from obligations import owed


def test_another_caller_in_the_outcome_changes_nobody(desk):
    desk.hear("offer")
    desk.hear("pickUp", 5, chat="15557650001@c.us")

    assert [(call.chat_id, call.status) for call in desk.calls()] == [(CHAT, "answered")]


def test_calls_from_our_own_account_are_kept_and_told_to_nobody(desk):
    for status in ("offer", "pickUp"):
        accepted = desk.hear(status, 5, chat="15557650001@c.us")
        assert (accepted.verdict, accepted.call_id, accepted.due) == ("own", None, ())

    assert (desk.calls(), desk.states(), desk.verdicts()) == ([], {}, ["own", "own"])


@pytest.mark.parametrize("outcome_first", [True, False])
def test_an_outcome_from_our_own_account_settles_the_call_of_its_id(desk, outcome_first):
    ours = {"chat": "15557650001@c.us"}
    for status, more in (("declined", ours), ("offer", {})) if outcome_first else (("offer", {}), ("declined", ours)):
        desk.hear(status, 5, stamped=0, **more)

    assert [(call.chat_id, call.status) for call in desk.calls()] == [(CHAT, "missed")]
    assert sorted(desk.verdicts()) == ["call", "own"]
    assert owed(desk)["result-2"] == owed(desk)["all-3"] == "missed"


@pytest.mark.parametrize("outcome_first", [True, False])
def test_an_outcome_from_our_own_account_happened_when_green_api_says(desk, outcome_first):
    ours = {"chat": "15557650001@c.us"}
    if outcome_first:
        desk.hear("declined", 100, stamped=20, **ours)
    desk.hear("offer", 101, stamped=0)
    if not outcome_first:
        desk.hear("declined", 102, stamped=20, **ours)

    [call] = desk.calls()
    assert (call.started_at, call.outcome_at) == (desk.moment(0), desk.moment(20))


def test_an_outcome_from_our_own_account_that_was_too_long_to_keep_happened_when_it_came(desk):
    desk.hear("declined", 100, stamped=20, chat="15557650001@c.us", padding="x" * 70_000)
    desk.hear("offer", 101, stamped=0)

    [call] = desk.calls()
    assert (call.status, call.outcome_at) == ("missed", desk.moment(100))

"""Who is owed what for a notification: by the policy that their connection has at that moment."""

from __future__ import annotations

import pytest
from obligations import owed, story

from connectors.kit import CallStatus


def test_an_offer_is_owed_to_those_who_hear_ringing(desk):
    accepted = desk.hear("offer")

    assert owed(desk) == {"ring-1": "ringing", "all-3": "ringing"}
    assert all(bell.ringing for bell in accepted.due)
    assert len(accepted.due) == 2


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("pickUp", "answered"),
        ("hungUp", "dropped"),
        ("hangUp", "dropped"),
        ("HANGUP", "dropped"),
        ("missed", "missed"),
        ("declined", "missed"),
        ("blocked", "unknown"),
    ],
)
def test_an_outcome_is_owed_to_those_who_hear_results(desk, word, status):
    desk.hear("offer")
    desk.hear(word, 5)

    assert desk.calls()[0].status == status
    assert owed(desk) == {"ring-1": "ringing", "result-2": status, "all-3": status}


def test_a_connection_added_in_between_hears_the_outcome_by_its_policy(desk):
    desk.hear("offer")
    desk.connect("newcomer", "all")
    desk.connect("ringer", "ring")
    desk.hear("pickUp", 5)

    assert desk.states()["newcomer"] == ("due", CallStatus.ANSWERED, None)
    assert "ringer" not in desk.states()


def test_whoever_hears_the_outcome_by_another_policy_is_a_line_of_the_story(desk):
    desk.hear("offer")
    desk.change("all-3", policy="result")
    desk.connect("newcomer", "all")
    desk.hear("pickUp", 5)

    changed = [line for line in story(desk) if line[0] == "policy"]
    assert sorted(changed) == [("policy", 4, {"policy": "result"}), ("policy", 5, {"policy": "all"})]


def test_a_connection_that_is_to_hear_nothing_any_more_hears_no_outcome(desk):
    desk.hear("offer")
    desk.tell(2)
    desk.change("all-3", policy="ignore")
    desk.change("result-2", policy="ignore")
    desk.hear("pickUp", 5)

    assert desk.states()["all-3"] == ("delivered", CallStatus.RINGING, CallStatus.RINGING)
    assert "result-2" not in desk.states()


def test_ringing_that_nobody_was_told_before_the_outcome_is_over_for_those_who_hear_ringing_alone(desk):
    desk.hear("offer")
    desk.hear("pickUp", 5)

    assert desk.states()["ring-1"] == ("skipped", CallStatus.RINGING, None)

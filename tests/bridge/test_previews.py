"""What each outcome would be told as, before anything is saved."""

from __future__ import annotations

import pytest

from bridge.previews import previews
from bridge.words import Wording
from connectors.kit import CallStatus, Policy


def told(now, policy, wording=None, **more):
    return {
        one.status.value: (one.label, one.summary)
        for one in previews(Policy(policy), wording or Wording(), "support", now, **more)
    }


NOTHING = (None, None)


@pytest.mark.parametrize(
    ("policy", "hears"),
    [
        ("ignore", []),
        ("ring", ["ringing"]),
        ("result", ["unknown", "missed", "dropped", "answered"]),
        ("all", ["ringing", "unknown", "missed", "dropped", "answered"]),
    ],
)
def test_each_status_that_the_policy_does_not_tell_is_shown_as_nothing(now, policy, hears):
    shown = told(now, policy)

    assert list(shown) == [status.value for status in CallStatus]
    assert [status for status, what in shown.items() if what != NOTHING] == hears


def test_a_preview_speaks_in_the_words_that_were_entered(now):
    wording = Wording("en", "Europe/Berlin", "$label | $caller | $phone | $instance | $time", {"missed": "Gone"})

    assert told(now, "all", wording)["missed"] == (
        "Gone",
        "Gone | Anna Petrova | +15550100142 | support | 15:03 CET",
    )


def test_a_dropped_call_is_called_missed_where_only_results_are_told(now):
    assert told(now, "result")["dropped"] == told(now, "result")["missed"]
    assert told(now, "all")["dropped"] != told(now, "all")["missed"]


def test_a_preview_speaks_the_language_that_was_chosen(now):
    assert told(now, "all", Wording("ru"))["missed"][0] == "Пропущенный звонок"


@pytest.mark.parametrize(("policy", "withdraws", "taken"), [("ring", True, 4), ("ring", False, 0), ("all", True, 0)])
def test_a_popup_that_is_taken_away_is_named(now, policy, withdraws, taken):
    found = previews(Policy(policy), Wording(), "support", now, withdraws=withdraws)

    assert sum(one.takes_popup_away for one in found) == taken

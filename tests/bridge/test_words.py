"""The words in which a call is told."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from bridge import words
from connectors.kit import Caller, CallStatus, Policy

AT = datetime(2026, 7, 1, 22, 30, tzinfo=UTC)


@pytest.mark.parametrize("policy", [Policy.RING, Policy.RESULT, Policy.ALL])
@pytest.mark.parametrize(
    ("status", "label"),
    [
        (CallStatus.RINGING, "Incoming call"),
        (CallStatus.ANSWERED, "Answered call"),
        (CallStatus.DROPPED, "Dropped call"),
        (CallStatus.MISSED, "Missed call"),
        (CallStatus.UNKNOWN, "Call, outcome not reported"),
    ],
)
def test_each_status_has_its_words_and_results_alone_call_a_dropped_call_missed(policy, status, label):
    if (policy, status) == (Policy.RESULT, CallStatus.DROPPED):
        label = "Missed call"

    assert words.label(policy, status, None) == label


def test_an_outcome_that_we_do_not_know_is_quoted_and_cut():
    assert words.label(Policy.ALL, CallStatus.UNKNOWN, "x" * 50) == f"Call, outcome: {'x' * 40}"
    assert words.label(Policy.ALL, CallStatus.UNKNOWN, "") == "Call, outcome not reported"
    assert words.label(Policy.ALL, CallStatus.MISSED, "x") == "Missed call"


@pytest.mark.parametrize(
    ("caller", "timezone", "line"),
    [
        (Caller("c", "Noor", "name", "+15551230042"), "UTC", "Noor (+15551230042), line desk, 2026-07-01 22:30 UTC"),
        (Caller("c", "+1 555", "phone", "+1555"), "Europe/Berlin", "+1 555, line desk, 2026-07-02 00:30 CEST"),
        (Caller("c", "hidden number", "hidden"), "Asia/Kolkata", "hidden number, line desk, 2026-07-02 04:00 IST"),
    ],
)
def test_a_summary_is_one_line_with_the_zone_of_its_time(caller, timezone, line):
    assert words.summary("Missed call", caller, "desk", AT, timezone) == f"Missed call: {line}"

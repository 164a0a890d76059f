"""Who hears what, when ringing is late, and what follows a failure."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bridge.policies import GiveUp, Hold, TryAgain, after_failure, is_late, owes
from connectors.kit import (
    BrokenConnector,
    CallStatus,
    Known,
    Person,
    Policy,
    RateLimited,
    Receipt,
    Rejected,
    Retryable,
    Unauthorized,
)

OUTCOMES = set(CallStatus) - {CallStatus.RINGING}


@pytest.mark.parametrize(
    ("policy", "heard"),
    [
        (Policy.IGNORE, set()),
        (Policy.RING, {CallStatus.RINGING}),
        (Policy.RESULT, OUTCOMES),
        (Policy.ALL, OUTCOMES | {CallStatus.RINGING}),
    ],
)
def test_each_policy_hears_its_part_and_always_the_status_itself(policy, heard):
    assert {status for status in CallStatus if owes(policy, status) is status} == heard
    assert {status for status in CallStatus if owes(policy, status) is not None} == heard


@pytest.mark.parametrize(
    ("offered", "received", "late"),
    [(0, 0, False), (-0.001, 0, True), (0, -0.001, True), (0, 30, False), (-60, 30, True), (30, -60, True)],
)
def test_ringing_is_late_when_it_is_older_than_its_time_by_the_earlier_of_both_clocks(now, offered, received, late):
    at, came = now + timedelta(seconds=offered), now + timedelta(seconds=received)

    assert is_late(at, came, now + timedelta(seconds=45), 45) is late


def delays(error, attempts, failing_for=timedelta(days=1)):
    return [after_failure(error, attempts, failing_for).delay for _ in range(300)]


@pytest.mark.parametrize(("attempts", "longest"), [(1, 2), (2, 4), (5, 32), (30, 900)])
def test_delays_grow_with_full_jitter_up_to_a_quarter_of_an_hour(attempts, longest):
    found = delays(Retryable("no"), attempts)

    assert 0 <= min(found) < longest / 4
    assert longest / 2 < max(found) <= longest


def test_nobody_waits_longer_than_it_has_failed():
    assert max(delays(Retryable("no"), 12, timedelta(seconds=60))) <= 60
    assert max(delays(Retryable("no"), 12, timedelta(0))) <= 2


def test_what_was_asked_for_is_waited_for_at_least():
    assert min(delays(RateLimited("no", retry_after=30), 1)) >= 30
    assert max(delays(RateLimited("no", retry_after=86400), 1)) == 3600
    assert min(delays(Retryable("no", sent=True, look_after=20), 1)) >= 20


def test_each_error_has_its_consequence():
    since = timedelta(0)
    assert after_failure(Retryable("no", sent=True), 1, since).unsure is True
    assert after_failure(RateLimited("no"), 1, since).unsure is False
    assert isinstance(after_failure(Retryable("no"), 1, since), TryAgain)
    assert isinstance(after_failure(Rejected("no"), 1, since), GiveUp)
    assert after_failure(Unauthorized("no"), 1, since) == Hold("no", "credentials")
    assert after_failure(Unauthorized("no", gone=True), 1, since) == Hold("no", "gone")


def test_a_limit_without_a_pause_is_given_a_second():
    assert min(delays(RateLimited("no"), 1)) == 1
    assert after_failure(RateLimited("no"), 1, timedelta(0)).rest == 1
    assert max(delays(Retryable("no", look_after=20), 1)) <= 2  # nothing was sent: there is nothing to look for


def test_a_connector_that_does_not_load_holds_its_connection():
    after = after_failure(BrokenConnector("zendesk", "no module"), 1, timedelta(0))

    assert after == Hold("The connector zendesk does not load: no module", "broken")


@pytest.mark.parametrize("error", [Retryable, RateLimited, Rejected, Unauthorized])
def test_whatever_went_wrong_its_reason_and_what_was_made_before_it_are_kept(error):
    made = Receipt("R1", parts={"task": "5"})

    after = after_failure(error("The task was made, the note was not.", receipt=made), 1, timedelta(0))

    assert (after.reason, after.receipt) == ("The task was made, the note was not.", made)


@pytest.mark.parametrize(
    ("made", "known", "progressed"),
    [
        (None, Known(), False),
        (Receipt("R1"), Known(), True),
        (Receipt("R1", parts={"task": "T1"}), Known(Receipt("R1")), True),
        (Receipt("R1"), Known(Receipt("R1")), False),
        (Receipt(person=Person(record_id="P1")), Known(), True),
        (Receipt(person=Person(record_id="P1")), Known(person=Person(record_id="P1")), False),
    ],
)
@pytest.mark.parametrize("sent", [True, False])
def test_an_attempt_that_got_something_done_says_so(made, known, progressed, sent):
    failure = after_failure(Retryable("It broke off.", sent=sent, receipt=made), 1, timedelta(0), known)
    assert failure.progressed is progressed


def test_a_pause_that_concerns_one_call_alone_rests_nobody_else():
    failure = after_failure(RateLimited("It has locked the record.", retry_after=20, alone=True), 1, timedelta(0))
    assert (failure.rest, failure.delay >= 20) == (0.0, True)

"""What follows a failure."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bridge.policies import GiveUp, Hold, TryAgain, after_failure
from connectors.kit import RateLimited, Rejected, Retryable, Unauthorized


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

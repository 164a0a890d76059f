"""What a system allows: taken whole, shared where it is shared, and never unlimited."""

from __future__ import annotations

import threading
import time

import fakeredis
import pytest

from bridge.buckets import Buckets, connect
from connectors.kit import Rate

PORTAL = Rate("portal.example.com", per_second=2, burst=8)
NOW = 1_800_000_000.0


def stopped() -> float:
    """A clock that stands, so that waits are exact however slow the machine is."""
    return NOW


@pytest.fixture(params=["in the process", "fakeredis", "redis"])
def client(request):
    """What the buckets stand in."""
    if request.param == "in the process":
        yield None
        return
    client = fakeredis.FakeRedis() if request.param == "fakeredis" else connect(request.getfixturevalue("redis_url"))
    client.flushall()
    yield client
    client.close()


def test_an_attempt_takes_all_its_requests_or_none(client):
    buckets = Buckets(client, clock=stopped)

    assert [buckets.take(PORTAL, 4) for _ in range(2)] == [0.0, 0.0]
    assert buckets.take(PORTAL, 4) == pytest.approx(2.0, abs=0.01)
    assert buckets.take(PORTAL, 1) == pytest.approx(0.5, abs=0.01)


def test_accounts_have_buckets_of_their_own(client):
    buckets = Buckets(client, clock=stopped)
    buckets.take(PORTAL, 8)

    assert buckets.take(Rate("another.example.com", 2, 8), 8) == 0.0


def test_an_attempt_that_needs_more_than_there_can_be_waits_for_a_full_bucket(client):
    buckets = Buckets(client, clock=stopped)

    assert buckets.take(PORTAL, 100) == 0.0
    assert buckets.take(PORTAL, 100) == pytest.approx(4.0, abs=0.01)


def test_an_allowance_may_be_less_than_one_a_second(client):
    buckets, slow = Buckets(client, clock=stopped), Rate("slow", per_second=0.1, burst=1)

    assert buckets.take(slow, 1) == 0.0
    assert buckets.take(slow, 1) == pytest.approx(10.0, abs=0.01)


def test_processes_share_what_stands_in_redis(redis_url):
    first, second = connect(redis_url), connect(redis_url)
    first.flushall()
    Buckets(first, clock=stopped).take(PORTAL, 8)

    assert Buckets(second, clock=stopped).take(PORTAL, 1) > 0
    first.close()
    second.close()


def test_many_threads_take_no_more_than_there_is(client):
    buckets, given = Buckets(client, clock=stopped), []
    rate = Rate("many", per_second=0.01, burst=50)

    def work():
        given.extend(buckets.take(rate, 1) for _ in range(20))

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert given.count(0.0) == 50


def test_without_its_redis_nothing_is_given_and_nobody_waits_long_for_that(caplog):
    buckets = Buckets(connect("redis://127.0.0.1:1"))
    began = time.monotonic()

    assert [buckets.take(PORTAL, 1) for _ in range(3)] == [5.0] * 3
    assert time.monotonic() - began < 5
    assert len(caplog.records) == 1


def test_no_account_is_written_to_redis():
    client = fakeredis.FakeRedis()
    Buckets(client).take(PORTAL, 1)

    assert "portal" not in str(client.keys())

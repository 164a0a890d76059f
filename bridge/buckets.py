"""What systems allow an account in a second, shared by all connections to it and, over Redis, by all processes.

An attempt takes all its requests at once, so that none of several steps is cut in the middle. Whoever is refused is
told how long to wait, and frees its thread. The arithmetic is pyrate-limiter's (GCRA, by this machine's clock). Where
that clock was set back, what stands in the bucket is of the future, and the bucket begins anew.
"""

from __future__ import annotations

import hashlib
import logging
import threading
import time
from collections.abc import Callable

import redis
from pyrate_limiter import GCRA, InMemoryStateStore, RateItem, RedisStateStore, StateBucket, StateStore
from pyrate_limiter import Rate as Allowance
from redis.backoff import NoBackoff
from redis.retry import Retry

from connectors.kit import Rate

log = logging.getLogger(__name__)

_HOUR = 3600 * 1000  # milliseconds; so that allowances of less than one a second can be written
_WITHOUT_REDIS = 5.0  # seconds
_QUIET = 60.0


class Buckets:
    """One bucket for each account. Thread-safe."""

    def __init__(self, client: redis.Redis | None, clock: Callable[[], float] = time.time) -> None:
        """Without a Redis the buckets are this process's own. `clock` shows seconds since 1970."""
        self._redis = client
        self._clock = clock
        self._stores: dict[str, StateStore] = {}
        self._lock = threading.Lock()
        self._away_until = self._quiet_until = 0.0

    def take(self, rate: Rate, requests: int) -> float:
        """Take so many requests out of the account's allowance: 0.0, or the seconds after which to try again.

        Where Redis is away nobody knows what others take, so nothing is given: postponed, never unlimited.
        """
        if time.monotonic() < self._away_until:
            return _WITHOUT_REDIS  # it was not there a moment ago, and asking again would hold the thread
        allowance = Allowance(max(1, round(rate.per_second * 3600)), _HOUR, max(1, rate.burst))
        # More than there can be at once is never given: such an attempt waits for a full bucket.
        item = RateItem(rate.account, round(self._clock() * 1000), min(requests, allowance.burst))
        bucket = StateBucket([allowance], GCRA(), self._store(rate.account))
        try:
            return self._put(rate, bucket, item)
        except redis.RedisError as error:
            self._away_until = time.monotonic() + _WITHOUT_REDIS
            self._warn(error)
            return _WITHOUT_REDIS

    def _put(self, rate: Rate, bucket: StateBucket, item: RateItem) -> float:
        if bucket.put(item):
            return 0.0
        wait = max(0.001, bucket.waiting(item) / 1000)  # type: ignore[operator]
        to_run_out = max(1, rate.burst) / rate.per_second
        if wait <= 2 * to_run_out:  # what is seldom allowed is rounded
            return wait
        self._store(rate.account).reset()
        return to_run_out  # nobody knows what was taken since: after this, none of it counts

    def _store(self, account: str) -> StateStore:
        with self._lock:
            store = self._stores.get(account)
            if store is None:
                store = self._stores[account] = self._made(account)
            return store

    def _made(self, account: str) -> StateStore:
        if self._redis is None:
            return InMemoryStateStore()
        # Account names may be anything that a connector chose: what stands in Redis is a digest.
        return RedisStateStore(self._redis, f"ringbridge:bucket:{hashlib.sha256(account.encode()).hexdigest()}")

    def _warn(self, error: redis.RedisError) -> None:
        if time.monotonic() >= self._quiet_until:
            self._quiet_until = time.monotonic() + _QUIET
            log.warning(
                "the shared limits cannot be reached; what is limited waits", extra={"error": type(error).__name__}
            )


def connect(address: str | None) -> redis.Redis | None:
    """The Redis at this address, asked only when it is needed; None where there is none."""
    if address is None:
        return None
    never = Retry(NoBackoff(), 0)  # what is not to be had at once is postponed, and its thread freed
    return redis.Redis.from_url(
        address, socket_timeout=1, socket_connect_timeout=1, health_check_interval=10, retry=never
    )

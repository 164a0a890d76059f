"""Pure decisions: who hears what, when ringing is too late to be told, and what follows a failure."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import datetime, timedelta

from bridge.connections import PausedBy
from connectors.kit import (
    BrokenConnector,
    CallStatus,
    ConnectorError,
    Policy,
    RateLimited,
    Receipt,
    Retryable,
    Unauthorized,
)

GIVE_UP_AFTER = timedelta(hours=72)
_FIRST_DELAY = 2.0
_LONGEST_DELAY = 15 * 60.0
_LONGEST_PAUSE_ASKED_FOR = 3600.0


@dataclass(frozen=True, slots=True)
class Delivered:
    """The system knows. `receipt` is None to keep the one that is stored."""

    receipt: Receipt | None


@dataclass(frozen=True, slots=True)
class TryAgain:
    """Not now: in `delay` seconds. `unsure` says that this attempt may have written."""

    reason: str
    delay: float
    unsure: bool
    receipt: Receipt | None = None


@dataclass(frozen=True, slots=True)
class Hold:
    """The whole connection cannot be told anything until somebody or something mends it."""

    reason: str
    by: PausedBy
    receipt: Receipt | None = None


@dataclass(frozen=True, slots=True)
class GiveUp:
    """Refused for good, or our own fault. `unsure` as above."""

    reason: str
    unsure: bool = False
    receipt: Receipt | None = None


Outcome = Delivered | TryAgain | Hold | GiveUp


def owes(policy: Policy, status: CallStatus) -> CallStatus | None:
    """What a connection with this policy is to be told of a call that stands so."""
    ringing = status is CallStatus.RINGING
    heard = {Policy.IGNORE: False, Policy.RING: ringing, Policy.RESULT: not ringing, Policy.ALL: True}[policy]
    return status if heard else None


def is_late(offered_at: datetime, received_at: datetime, now: datetime, ring_seconds: float) -> bool:
    """Whether a popup would come after the phone has stopped ringing."""
    return now - min(offered_at, received_at) > timedelta(seconds=ring_seconds)


def after_failure(error: ConnectorError | BrokenConnector, attempts: int, failing_for: timedelta) -> Outcome:
    """What follows when a connector raised; `attempts` counts this one, too, and the first of them was so long ago."""
    backoff = _backoff(attempts, failing_for.total_seconds())
    match error:
        case BrokenConnector():
            return Hold(str(error), "broken")
        case Unauthorized():
            return Hold(error.reason, "gone" if error.gone else "credentials", error.receipt)
        case RateLimited():
            asked = min(error.retry_after or 0.0, _LONGEST_PAUSE_ASKED_FOR)
            return TryAgain(error.reason, max(backoff, asked), unsure=False, receipt=error.receipt)
        case Retryable():
            delay = max(backoff, error.look_after if error.sent else 0.0)
            return TryAgain(error.reason, delay, unsure=error.sent, receipt=error.receipt)
        case _:
            return GiveUp(error.reason, receipt=error.receipt)


def _backoff(attempts: int, failing_for: float) -> float:
    """Full jitter: a recovered system is not met by everything at once.

    Never longer than it has failed so far: after an outage of a minute nobody waits longer than another one.
    """
    growing = _FIRST_DELAY * 2 ** min(attempts - 1, 16)
    return random.uniform(0, min(_LONGEST_DELAY, growing, max(_FIRST_DELAY, failing_for)))  # noqa: S311

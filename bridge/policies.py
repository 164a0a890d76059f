"""Pure decisions: who hears what, when ringing is too late to be told, and what follows a failure."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from bridge.connections import PausedBy
from connectors.kit import (
    BrokenConnector,
    CallStatus,
    ConnectorError,
    Known,
    Policy,
    RateLimited,
    Receipt,
    Retryable,
    Unauthorized,
)

GIVE_UP_AFTER = timedelta(hours=72)
NOBODY_KNOWS = "Nobody knows whether it was told: an attempt ended without an answer, and this is said once at most."
_FIRST_DELAY = 2.0
_LONGEST_DELAY = 15 * 60.0
_SHORTEST_REST, _LONGEST_REST = 1.0, 3600.0


@dataclass(frozen=True, slots=True)
class Delivered:
    """The system knows. `receipt` is None to keep the one that is stored."""

    receipt: Receipt | None


Trouble = Literal["unreached", "unknown", "limited"]
"""Nothing was sent; or the request may have taken effect; or the system asked for a pause."""


@dataclass(frozen=True, slots=True)
class TryAgain:
    """Not now: in `delay` seconds. `rest` is how long the whole connection is asked to be left alone.

    `progressed`: some of what the attempt asked for was answered, so that its system is at work.
    """

    reason: str
    delay: float
    trouble: Trouble
    receipt: Receipt | None = None
    rest: float = 0.0
    progressed: bool = False

    @property
    def unsure(self) -> bool:
        """Whether this attempt may have written."""
        return self.trouble == "unknown"


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


@dataclass(frozen=True, slots=True)
class Left:
    """Nothing was sent: an attempt before may have told this, and this connection is told everything once at most."""

    reason: str = NOBODY_KNOWS
    receipt: Receipt | None = None


Failure = TryAgain | Hold | GiveUp | Left
Outcome = Delivered | Failure


def owes(policy: Policy, status: CallStatus) -> CallStatus | None:
    """What a connection with this policy is to be told of a call that stands so."""
    ringing = status is CallStatus.RINGING
    heard = {Policy.IGNORE: False, Policy.RING: ringing, Policy.RESULT: not ringing, Policy.ALL: True}[policy]
    return status if heard else None


def is_late(offered_at: datetime, received_at: datetime, now: datetime, ring_seconds: float) -> bool:
    """Whether a popup would come after the phone has stopped ringing."""
    return now - min(offered_at, received_at) > timedelta(seconds=ring_seconds)


def after_failure(
    error: ConnectorError | BrokenConnector, attempts: int, failing_for: timedelta, known: Known | None = None
) -> Failure:
    """What follows when a connector raised; `attempts` counts this one, too, and the first of them was so long ago.

    `known` is what the attempt began with.
    """
    backoff = _backoff(attempts, failing_for.total_seconds())
    match error:
        case BrokenConnector():
            return Hold(str(error), "broken")
        case Unauthorized():
            return Hold(error.reason, "gone" if error.gone else "credentials", error.receipt)
        case RateLimited():
            pause = min(max(error.retry_after or 0.0, _SHORTEST_REST), _LONGEST_REST)
            rest = 0.0 if error.alone else pause
            return TryAgain(error.reason, max(backoff, pause), "limited", error.receipt, rest)
        case Retryable(receipt=made):
            progressed = made is not None and _grew(made, known or Known())
            if error.sent:
                delay = max(backoff, error.look_after)
                return TryAgain(error.reason, delay, "unknown", made, progressed=progressed)
            return TryAgain(error.reason, backoff, "unreached", made, progressed=progressed)
        case _:
            return GiveUp(error.reason, receipt=error.receipt)


def _grew(made: Receipt, known: Known) -> bool:
    """Whether an attempt made, or learnt, something before it failed."""
    before = known.receipt or Receipt()
    is_new = (made.record_id, made.parts) != (before.record_id, before.parts)
    return is_new or made.person not in (None, before.person, known.person)


def _backoff(attempts: int, failing_for: float) -> float:
    """Full jitter: a recovered system is not met by everything at once.

    Never longer than it has failed so far: after an outage of a minute nobody waits longer than another one.
    """
    growing = _FIRST_DELAY * 2 ** min(attempts - 1, 16)
    return random.uniform(0, min(_LONGEST_DELAY, growing, max(_FIRST_DELAY, failing_for)))  # noqa: S311

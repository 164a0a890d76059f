"""Tell one connection how one call stands."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from datetime import timedelta

from sqlalchemy import Connection as Db

from bridge import breakers, claims, lines, policies, settlements
from bridge.claims import Claim
from bridge.policies import Delivered, GiveUp, Left, Outcome
from bridge.redaction import without_secrets
from bridge.service import Service
from connectors.kit import BrokenConnector, Connector, ConnectorError, attempt_budget
from tasks.clock import mend_leap

log = logging.getLogger(__name__)

_BUDGET = 0.75  # of the lease: whatever is sent is over, and settled, before anybody else may send it
# It is spent from before the claim on: whoever was frozen anywhere behind that wakes up with nothing left to send in.


@dataclass(frozen=True, slots=True)
class Postponed:
    """Nothing was sent: the connection's allowance is used up for so many seconds."""

    seconds: float


def deliver(service: Service, delivery_id: int) -> None:
    """Tell one connection how one call stands.

    Safe to run any number of times: a delivery that is settled, not due, or carried by another worker is left alone.
    One whose connection holds its share of threads, or has used its allowance up, frees its thread and comes again.
    """
    with attempt_budget(_BUDGET * service.settings.lease_seconds):
        _deliver(service, delivery_id)


def _deliver(service: Service, delivery_id: int) -> None:
    mend_leap(service)  # the sweep may be a moment behind
    most = service.shares.most(len(service.directory.current().connections))
    claimed = service.store.write(
        lambda db: claims.claim(
            db,
            delivery_id,
            service.holder,
            service.now(),
            lease=service.lease,
            ring_seconds=service.settings.ring_seconds,
            busy=service.shares.busy(most),
        )
    )
    if claimed is None:
        return
    is_over = service.now() - claimed.started_at >= service.lease  # the clock leapt before this was committed
    if is_over or not service.shares.enter(claimed.connection_id, most):
        _give_back(service, claimed, 0.0)
        return
    try:
        if claimed.line:
            _ring_next(service, claimed.connection_id)
        _carry(service, claimed)
    finally:
        if service.shares.leave(claimed.connection_id, most):
            _ring_next(service, claimed.connection_id)


def _carry(service: Service, claimed: Claim) -> None:
    service.crash_point("claimed")
    outcome = attempt(service, claimed)
    if isinstance(outcome, Postponed):
        _give_back(service, claimed, outcome.seconds)
        return
    service.crash_point("answered")
    probe_after = timedelta(seconds=service.settings.probe_seconds)
    bells = service.store.write(
        lambda db: settlements.settle(db, claimed, outcome, service.now(), probe_after=probe_after)
    )
    for bell in bells:
        service.queue.deliver(bell.delivery_id, ringing=bell.ringing)
    _log(claimed, outcome)


def attempt(service: Service, claimed: Claim) -> Outcome | Postponed:
    """Let the connector talk, if it may at this moment; what it raises becomes what follows."""
    try:
        connector = service.live.connect(claimed.connection_id, claimed.connection_version)
        if connector.on_unsure == "leave" and claimed.known.unsure and not claimed.withdraws:
            if claimed.attempts > 1 and claimed.repeats:
                return Left()
            # What nobody knows is whether an earlier status was told. This one has not been said yet.
            claimed = replace(claimed, known=replace(claimed.known, unsure=False))
        wait = service.buckets.take(connector.rate, connector.requests) if connector.rate else 0.0
        if wait:
            return Postponed(wait)
        return _told(connector, claimed)
    except (ConnectorError, BrokenConnector) as error:
        failing_for = claimed.failed_for + (service.now() - claimed.started_at)
        failure = policies.after_failure(error, claimed.attempts, failing_for, claimed.known)
        # It is stored, and shown to people: a connector may have put in what its system answered.
        return replace(failure, reason=without_secrets(failure.reason))
    except Exception:
        log.exception(
            "connector failed unexpectedly",
            extra={"call_id": claimed.call.id, "delivery_id": claimed.delivery_id, "connector": claimed.connector},
        )
        return GiveUp("The connector failed unexpectedly; the log says how.", unsure=True)


def _told(connector: Connector, claimed: Claim) -> Delivered:
    if claimed.withdraws:
        connector.withdraw(claimed.call, claimed.known)  # type: ignore[attr-defined]  # owed only to those that have it
        return Delivered(None)
    return Delivered(connector.deliver(claimed.call, claimed.known))


def _give_back(service: Service, claimed: Claim, wait: float) -> None:
    now = service.now()
    until = now + timedelta(seconds=wait)

    def give_back(db: Db) -> None:
        claims.give_back(db, claimed, until, now, breakers.WAITS if wait else None)
        if wait:  # the allowance is the connection's: whoever comes next need not ask, and waits behind this one
            breakers.rest(db, claimed.connection_id, until)

    service.store.write(give_back)


def _ring_next(service: Service, connection_id: int) -> None:
    """A thread or a turn has become free for this connection, and nobody else rings for those that wait for it."""
    with service.store.read() as db:
        bells = lines.next_due(db, connection_id, service.now())
    for bell in bells:
        service.queue.deliver(bell.delivery_id, ringing=bell.ringing)


def _log(claimed: Claim, outcome: Outcome) -> None:
    fields = {
        "call_id": claimed.call.id,
        "delivery_id": claimed.delivery_id,
        "connector": claimed.connector,
        "status": claimed.call.status.value,
        "attempt": claimed.attempts,
        "outcome": type(outcome).__name__,
    }
    if isinstance(outcome, Delivered):
        log.info("delivery settled", extra=fields)
    else:
        log.warning("delivery not made", extra={**fields, "reason": outcome.reason})

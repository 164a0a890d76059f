"""Tell one connection how one call stands."""

from __future__ import annotations

import logging

from bridge import claims, policies
from bridge.claims import Claim
from bridge.policies import Delivered, GiveUp, Outcome
from bridge.service import Service
from connectors.kit import BrokenConnector, ConnectorError, attempt_budget

log = logging.getLogger(__name__)

_BUDGET = 0.75  # of the lease: whatever is sent is over, and settled, before anybody else may send it


def deliver(service: Service, delivery_id: int) -> None:
    """Tell one connection how one call stands.

    Safe to run any number of times: a delivery that is settled, not due, or carried by another worker is left alone.
    """
    claimed = service.store.write(
        lambda db: claims.claim(
            db,
            delivery_id,
            service.holder,
            service.now(),
            lease=service.lease,
            ring_seconds=service.settings.ring_seconds,
        )
    )
    if claimed is None:
        return
    service.crash_point("claimed")
    outcome = attempt(service, claimed)
    service.crash_point("answered")
    bells = service.store.write(lambda db: claims.settle(db, claimed, outcome, service.now()))
    for bell in bells:
        service.queue.deliver(bell.delivery_id, ringing=bell.ringing)
    _log(claimed, outcome)


def attempt(service: Service, claimed: Claim) -> Outcome:
    """Let the connector talk; what it raises becomes what follows."""
    try:
        with attempt_budget(_BUDGET * service.settings.lease_seconds):
            connector = service.live.connect(claimed.connection_id, claimed.connection_version)
            return Delivered(connector.deliver(claimed.call, claimed.known))
    except (ConnectorError, BrokenConnector) as error:
        failing_for = service.now() - (claimed.failing_since or claimed.started_at)
        return policies.after_failure(error, claimed.attempts, failing_for)
    except Exception:
        log.exception("connector failed unexpectedly", extra={"delivery_id": claimed.delivery_id})
        return GiveUp("The connector failed unexpectedly; the log says how.", unsure=True)


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

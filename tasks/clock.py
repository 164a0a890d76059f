"""Notice that the clock was set, and have what it shows in the store mended."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from bridge import clock_steps
from bridge.service import Service

log = logging.getLogger(__name__)


def mend_leap(service: Service) -> None:
    """Before anything is taken to be due: a lease that seems to be over may have ended with the clock's leap only."""
    if not service.steadiness.leap(service.now()):
        return
    now = service.now()  # again: it may have been set back between that look and the one at the clock that goes on
    leap = service.steadiness.leap(now)
    if leap:
        log.warning("the clock was set forward; leases begin anew", extra={"seconds": round(leap.total_seconds())})
        service.store.write(lambda db: clock_steps.set_forward(db, now - leap, now, service.lease))
        service.steadiness.mark(now)


def mend_step_back(service: Service, seen: datetime | None, now: datetime) -> None:
    """`seen` is the last heartbeat: one from the future tells of a clock that was set, perhaps while we were away."""
    step = timedelta(0) if seen is None else seen - now
    if step > clock_steps.LEAST:
        log.warning("the clock was set back; what waits is done now", extra={"seconds": round(step.total_seconds())})
        service.steadiness.was_set_back()
    elif not service.steadiness.is_to_be_mended_again():
        return
    service.store.write(lambda db: clock_steps.set_back(db, now, service.lease))

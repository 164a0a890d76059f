"""See whether what a connection was paused for has passed, and let it be told again."""

from __future__ import annotations

import logging
from datetime import timedelta

from bridge import holding, probes
from bridge.service import Service
from connectors.kit import BrokenConnector, ConnectorError, attempt_budget

log = logging.getLogger(__name__)

_LONGEST_CHECK = 20.0  # seconds


def probe(service: Service, connection_id: int) -> None:
    """Check a connection that we paused, once in a while; it is resumed when it works.

    Safe to run any number of times: it is checked no more often than the settings say, by whichever worker is first.
    """
    every = timedelta(seconds=service.settings.probe_seconds)
    paused = service.store.write(lambda db: probes.claim(db, connection_id, service.now(), every))
    if paused is None:
        return
    fields = {"connection_id": connection_id, "connector": paused.connector, "connection": paused.name}
    try:
        connector = service.live.connect(connection_id, paused.version)
        if connector.rate and service.buckets.take(connector.rate, 1):
            return  # its allowance is used up by others; there will be another probe
        with attempt_budget(_LONGEST_CHECK):
            connector.check()
    except (ConnectorError, BrokenConnector) as error:
        log.info("connection is still paused", extra={**fields, "reason": str(error)})
    except Exception:
        log.exception("connector failed unexpectedly", extra=fields)
    else:
        service.store.write(lambda db: holding.resume(db, connection_id, service.now()))
        log.info("connection works again; what was held for it goes out", extra=fields)

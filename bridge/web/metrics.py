"""`/metrics`: what the person on duty watches, in the form that Prometheus reads.

What stands in the store is read from it when it is asked for, so that any process answers for all. What a process has
counted itself is its own.
"""

from __future__ import annotations

import hmac
import logging
from collections.abc import Iterator, Sequence
from importlib.metadata import version
from ipaddress import ip_address
from math import inf

from flask import Blueprint, Response, request
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Histogram,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from bridge import figures
from bridge.conditions import REASONS
from bridge.service import Service
from bridge.store import StoreUnavailable
from bridge.web.promptness import Promptness
from connectors.kit import CallStatus

log = logging.getLogger(__name__)

_PASSED_ON = ("Forwarded", "X-Forwarded-For", "X-Real-IP", "Via")
_PAUSED_BY = ("admin", "credentials", "gone", "broken")
_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)


class Counters:
    """What this process has counted since it began."""

    def __init__(self) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]  # they double the number of series for nothing
        self.registry = CollectorRegistry()
        self._answers = Counter(
            "ringbridge_webhook_answers",
            "Notifications that this process has answered, by status code and reason.",
            ["code", "reason"],
            registry=self.registry,
        )
        self._intake = Histogram(
            "ringbridge_intake_duration_seconds",
            "From a notification's head until its answer was ready, by this process; unneeded ones are not timed.",
            buckets=_SECONDS,
            registry=self.registry,
        )
        self.unneeded = self._answers.labels("200", "unneeded")
        """Made once: most of what arrives is counted by it."""

    def answered(self, code: int, reason: str, seconds: float) -> None:
        """One more notification was answered by the intake."""
        self._answers.labels(str(code), reason).inc()
        self._intake.observe(seconds)


class _Stored(Collector):
    """Reads the store at each scrape. Raises StoreUnavailable."""

    def __init__(self, service: Service) -> None:
        self._service = service

    def collect(self) -> Iterator[GaugeMetricFamily]:
        with self._service.store.read() as db:
            found = figures.taken(db, self._service.now())
        yield from _of_connections(found.connections)
        yield from _of_instances(found.instances)
        delay = GaugeMetricFamily(
            "ringbridge_queue_delay_seconds",
            "Since the oldest delivery fell due of those that no worker has taken yet.",
            labels=["queue"],
        )
        for queue, seconds in found.delays.items():
            delay.add_metric([queue], seconds)
        yield delay
        yield GaugeMetricFamily(
            "ringbridge_sweep_age_seconds",
            "Since something last looked for what is due; infinite if nothing ever did.",
            value=inf if found.swept is None else found.swept,
        )
        yield GaugeMetricFamily(
            "ringbridge_notifications_unread", "Notifications that are kept and could not be read.", value=found.unread
        )
        build = GaugeMetricFamily("ringbridge_build_info", "Always 1; the label says what runs.", labels=["version"])
        build.add_metric([version("ringbridge")], 1)
        yield build


def _of_connections(found: Sequence[figures.OfConnection]) -> Iterator[GaugeMetricFamily]:
    deliveries = GaugeMetricFamily(
        "ringbridge_deliveries", "What a connection is owed or was refused, by state.", labels=["connection", "state"]
    )
    overdue = GaugeMetricFamily(
        "ringbridge_delivery_overdue_seconds",
        "Since the oldest delivery of the connection that is due fell due, or began to fail.",
        labels=["connection"],
    )
    paused = GaugeMetricFamily(
        "ringbridge_connection_paused",
        "1 where the connection is told nothing for this reason.",
        labels=["connection", "reason"],
    )
    silent = GaugeMetricFamily(
        "ringbridge_connection_silent",
        "1 where the system does not answer: its breaker is open, and one attempt at a time finds out.",
        labels=["connection"],
    )
    for one in found:
        silent.add_metric([one.name], one.is_silent)
        for state, number in (("due", one.due), ("held", one.held), ("failed", one.failed)):
            deliveries.add_metric([one.name, state], number)
        overdue.add_metric([one.name], one.overdue)
        for reason in _PAUSED_BY:
            paused.add_metric([one.name, reason], one.paused_by == reason)
    yield from (deliveries, overdue, paused, silent)


def _of_instances(found: Sequence[figures.OfInstance]) -> Iterator[GaugeMetricFamily]:
    calls = GaugeMetricFamily(
        "ringbridge_calls", "Calls that began within the last 24 hours, by status.", labels=["instance", "status"]
    )
    heard = GaugeMetricFamily(
        "ringbridge_last_notification_age_seconds",
        "Since the instance's last notification that was kept; infinite if there was none.",
        labels=["instance"],
    )
    anything = GaugeMetricFamily(
        "ringbridge_heard_age_seconds",
        "Since anything at all was heard from GREEN-API for the instance; infinite if nothing ever was.",
        labels=["instance"],
    )
    troubled = GaugeMetricFamily(
        "ringbridge_instance_troubled",
        "1 where somebody should see to the instance for this reason; `instance list` says it in words.",
        labels=["instance", "reason"],
    )
    waiting = GaugeMetricFamily(
        "ringbridge_callers_waiting", "Calls whose caller GREEN-API is still to be asked for.", labels=["instance"]
    )
    polled = GaugeMetricFamily(
        "ringbridge_instance_polled",
        "1 where an instance that is to be polled is polled with success; there is none for the others.",
        labels=["instance"],
    )
    for one in found:
        if one.is_polled is not None:
            polled.add_metric([one.name], one.is_polled)
        for status in CallStatus:
            calls.add_metric([one.name, status.value], one.calls.get(status.value, 0))
        heard.add_metric([one.name], inf if one.heard is None else one.heard)
        anything.add_metric([one.name], inf if one.anything is None else one.anything)
        for reason in REASONS:
            troubled.add_metric([one.name, reason], reason in one.troubles)
        waiting.add_metric([one.name], one.waiting)
    yield from (calls, heard, anything, troubled, waiting, polled)


def blueprint(service: Service, counters: Counters) -> Blueprint:
    """`/metrics`, for this machine alone, or for whoever has the token where one is set."""
    counters.registry.register(_Stored(service))
    counters.registry.register(Promptness(service))
    token = service.settings.metrics_token.get_secret_value() if service.settings.metrics_token else None
    metrics = Blueprint("metrics", __name__)

    @metrics.get("/metrics")
    def scrape() -> Response:
        refusal = _without_token() if token is None else _with(token)
        if refusal:
            return refusal
        try:
            return Response(generate_latest(counters.registry), 200, content_type=CONTENT_TYPE_LATEST)
        except StoreUnavailable as error:
            log.warning("no figures", extra={"reason": str(error)})
            return _said("The store cannot be read; the log says why.", 503)

    return metrics


def _with(token: str) -> Response | None:
    # As bytes: comparing strings of which one is not ASCII is an error.
    scheme, _, given = (request.headers.get("Authorization") or "").partition(" ")
    fits = hmac.compare_digest(given.strip().encode("latin-1", "replace"), token.encode())
    if fits and scheme.lower() == "bearer":
        return None
    refused = _said("Send RINGBRIDGE_METRICS_TOKEN as a bearer token.", 401)
    refused.headers["WWW-Authenticate"] = "Bearer"
    return refused


def _without_token() -> Response | None:
    # Behind a proxy on this machine everybody seems to be this machine.
    if _is_loopback(request.remote_addr) and not any(name in request.headers for name in _PASSED_ON):
        return None
    return _said("Without a token this is for requests from this machine alone: set RINGBRIDGE_METRICS_TOKEN.", 403)


def _is_loopback(address: str | None) -> bool:
    try:
        found = ip_address((address or "").partition("%")[0])
    except ValueError:
        return False
    return (getattr(found, "ipv4_mapped", None) or found).is_loopback


def _said(sentence: str, code: int) -> Response:
    return Response(f"{sentence}\n", code, content_type="text/plain")

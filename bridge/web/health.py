"""Alive, and able to work: what a supervisor asks."""

from __future__ import annotations

import logging

from flask import Blueprint, Response, jsonify

from bridge import heartbeats
from bridge.service import Service
from bridge.store import StoreUnavailable

log = logging.getLogger(__name__)


def blueprint(service: Service) -> Blueprint:
    """`/healthz` answers while the process does; `/readyz` where calls can be stored and are being worked on."""
    health = Blueprint("health", __name__)

    @health.get("/healthz")
    def alive() -> Response:
        return jsonify(status="alive")

    @health.get("/readyz")
    def ready() -> tuple[Response, int]:
        try:
            with service.store.read() as db:
                fresh = heartbeats.is_fresh(db, service.now())
        except StoreUnavailable as error:
            log.warning("not ready", extra={"reason": str(error)})  # it may name hosts, and anybody may ask here
            return jsonify(status="not ready", reason="The store cannot be read; the log says why."), 503
        if not fresh:
            reason = "No sweep has run lately: start a worker and beat, or look at their logs."
            return jsonify(status="not ready", reason=reason), 503
        return jsonify(status="ready"), 200

    return health

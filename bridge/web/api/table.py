"""Every route of the API, in the order of the document."""

from __future__ import annotations

from typing import Any

from bridge.web.api import accounts, calls, connections, connectors, deliveries, follow_ups, instances, notifications
from bridge.web.api.routes import Route

ROUTES: tuple[Route[Any, Any], ...] = (
    *calls.ROUTES,
    *follow_ups.ROUTES,
    *deliveries.ROUTES,
    *notifications.ROUTES,
    *instances.ROUTES,
    *connections.ROUTES,
    *connectors.ROUTES,
    *accounts.ROUTES,
)

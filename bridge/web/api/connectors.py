"""What can be connected."""

from __future__ import annotations

from bridge import installed
from bridge.descriptions import ConfigError
from bridge.web.api import configured
from bridge.web.api.problems import Problem
from bridge.web.api.replies import Reply
from bridge.web.api.routes import Asked, Nothing, Route


def _list(asked: Asked[Nothing, Nothing]) -> Reply:
    return Reply(installed.listing(asked.service.registry))


def _show(asked: Asked[Nothing, Nothing]) -> Reply:
    try:
        return Reply(installed.show(asked.service.registry, asked.name))
    except ConfigError as error:
        raise Problem(404, str(error), "GET /api/v1/connectors lists those that there are.") from None


ROUTES = (
    Route("GET", "/connectors", "What can be connected, what does not load included", "administrator", _list,
          configured.Connector, many=True),
    Route("GET", "/connectors/{name}", "A connector, and what it wants to know", "administrator", _show,
          configured.ConnectorDetail),
)  # fmt: skip

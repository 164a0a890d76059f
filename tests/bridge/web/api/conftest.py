"""Programs that talk to the API, each with a token."""

from __future__ import annotations

import pytest
from desk import CHAT, Desk
from office import office
from programs import Program

from bridge.web import create_app


@pytest.fixture
def desk(store, now):
    """An instance `support`, a connection `all-0`, and one call that nobody took."""
    desk = Desk(store, now)
    desk.know(CHAT)
    desk.hear("offer")
    desk.hear("missed", after=12.0)
    return desk


@pytest.fixture
def service(desk):
    return office(desk.store, desk.moment)


@pytest.fixture
def app(service):
    return create_app(service)


@pytest.fixture
def operator(app, service):
    return Program(app, service, "operator")


@pytest.fixture
def administrator(app, service):
    return Program(app, service, "administrator")

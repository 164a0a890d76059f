"""An instance with one connection, and an operator in front of the board."""

from __future__ import annotations

import pytest
from desk import Desk


@pytest.fixture
def desk(service, now):
    return Desk(service.store, now, ["all"])


@pytest.fixture
def olga(site):
    return site.as_operator()

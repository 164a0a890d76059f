"""A connection of each policy, and a caller whose name is known."""

from __future__ import annotations

import pytest
from desk import Desk

ALL_POLICIES = ("ignore", "ring", "result", "all")


@pytest.fixture
def desk(store, now):
    desk = Desk(store, now, ALL_POLICIES)
    desk.know()
    return desk

"""A connection that hears everything, and a caller whose name is known."""

from __future__ import annotations

import pytest
from desk import Desk


@pytest.fixture
def desk(store, now):
    desk = Desk(store, now, ["all"])
    desk.know()
    return desk

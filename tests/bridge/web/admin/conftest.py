"""An administrator, and an instance with two connections."""

from __future__ import annotations

import pytest
from desk import Desk

from bridge import heartbeats


@pytest.fixture
def admin(site):
    return site.as_administrator()


@pytest.fixture
def desk(store, now):
    desk = Desk(store, now, ["all", "result"])
    desk.know()
    store.write(lambda db: heartbeats.note(db, heartbeats.SWEEP, now))
    return desk

"""Three connections, each with another policy."""

from __future__ import annotations

import pytest
from desk import Desk


@pytest.fixture
def desk(store, now):
    desk = Desk(store, now, [])
    for position, (name, policy) in enumerate({"sales": "all", "popup": "ring", "crm": "result"}.items()):
        desk.connect(name, policy, position)
    return desk

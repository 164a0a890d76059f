"""An administrator with a password, and wrong passwords that take no time."""

from __future__ import annotations

import pytest
from credentials import GOOD

from bridge import operators, passwords


@pytest.fixture(scope="module")
def sealed():
    return passwords.seal(GOOD)


@pytest.fixture
def ada(store, now, sealed):
    return store.write(lambda db: operators.add(db, now, "test", "Ada", "administrator", sealed))


@pytest.fixture
def wrong(monkeypatch):
    """No time is spent on wrong passwords; returns those that were looked at."""
    looked_at = []
    monkeypatch.setattr(passwords, "fits", lambda kept, password: bool(looked_at.append(password)) or password == GOOD)
    return looked_at

"""A portal, and connections to it."""

import pytest
from hubspot_portal import Portal
from switchboard import START, Bridge


@pytest.fixture
def portal():
    return Portal(clock=lambda: START.timestamp())


@pytest.fixture
def bridge(portal):
    """Makes a connection to the portal with these settings; `plan` says which requests fare ill."""
    yield lambda plan=None, **settings: Bridge(portal, plan, **settings)
    assert portal.refused == []

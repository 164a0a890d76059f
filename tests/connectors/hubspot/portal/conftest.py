"""A portal whose clock a test sets, and a client of it."""

from __future__ import annotations

import pytest
from hubspot_client import Client
from hubspot_portal import Portal

NOON = 1_795_176_000.0


@pytest.fixture
def time():
    return [NOON]


@pytest.fixture
def portal(time):
    return Portal(lambda: time[0])


@pytest.fixture
def client(portal):
    return Client(portal)

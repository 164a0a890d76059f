"""A whole site over a store, and a clock that tests set."""

from __future__ import annotations

from datetime import timedelta

import pytest
from browsers import Site
from office import office


class Time:
    """A clock that tests set."""

    def __init__(self, moment):
        self.moment = moment

    def __call__(self):
        return self.moment

    def pass_(self, seconds):
        self.moment += timedelta(seconds=seconds)


@pytest.fixture
def clock(now):
    return Time(now)


@pytest.fixture
def service(store, clock):
    return office(store, clock)


@pytest.fixture
def site(service):
    return Site(service)

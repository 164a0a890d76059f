"""Real browsers in front of a real `ringbridge up`, between the stand-ins."""

from __future__ import annotations

import pytest
from chromium import chromium
from lacking import lacking
from servers import Missing
from visitor import House


@pytest.fixture(scope="session")
def browser():
    try:
        with chromium() as started:
            yield started
    except Missing as missing:
        lacking(missing)


@pytest.fixture
def house(tmp_path):
    """A bridge that nobody has signed in to yet, with a GREEN-API and a CRM beside it."""
    with House(tmp_path) as house:
        yield house

"""Faults that strike the stand-in of HubSpot where they are planned, and what is left of its allowance."""

from __future__ import annotations

import pytest
import requests
from hubspot_client import CALL, Client
from hubspot_portal import (
    BAD_GATEWAY,
    DAILY,
    DROPPED,
    GATEWAY_TIMEOUT,
    LOCKED,
    MIGRATING,
    SECONDLY,
    SILENT,
    SILENT_BUT_DONE,
    TEN_SECONDLY,
)


@pytest.mark.parametrize(
    ("fault", "status", "made"),
    [
        (BAD_GATEWAY, 502, 0),
        (GATEWAY_TIMEOUT, 504, 1),
        (TEN_SECONDLY, 429, 0),
        (SECONDLY, 429, 0),
        (DAILY, 429, 0),
        (LOCKED, 423, 0),
        (MIGRATING, 477, 0),
        (DROPPED, requests.ConnectionError, 1),
        (SILENT, requests.Timeout, 0),
        (SILENT_BUT_DONE, requests.Timeout, 1),
    ],
)
def test_a_fault_strikes_where_it_is_planned(portal, fault, status, made):
    client = Client(portal, lambda request: fault)

    if isinstance(status, int):
        answer = client.upsert("calls", "K1", **CALL)
        assert answer.status_code == status
        assert ("Retry-After" in answer.headers) == (fault is MIGRATING)
    else:
        with pytest.raises(status):
            client.upsert("calls", "K1", **CALL)

    assert len(portal.held()) == made
    assert client.line.struck.total() == 1
    assert portal.log[-1].outcome in (str(status), "drop", "timeout")


def test_answers_say_what_is_left_of_the_allowance_and_searches_do_not(client):
    assert "X-HubSpot-RateLimit-Remaining" in client.objects("contacts", method="GET").headers
    assert "X-HubSpot-RateLimit-Remaining" not in client.objects("contacts/search", {}).headers

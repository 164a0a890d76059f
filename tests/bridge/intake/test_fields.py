"""What the fields of a notification may hold: no status, any timestamp, any id."""

from __future__ import annotations

import json

import pytest
from desk import notification

from bridge.greenapi.events import read
from connectors.kit import CallStatus


@pytest.mark.parametrize("status", [None, "", "offer", "OFFER"])
def test_a_status_that_is_absent_or_empty_is_an_offer(desk, status):
    desk.hear(status)

    assert [call.status for call in desk.calls()] == ["ringing"]


def test_a_null_status_is_an_offer():
    body = json.dumps({**notification(), "status": None}).encode()

    assert read(body).call.status is CallStatus.RINGING


@pytest.mark.parametrize(
    "at",
    [1763647392, "1763647392", 1763647392000, 1763647392.0, None, "soon", -5, 10**30, float("inf"), [], True],
)
def test_a_timestamp_may_be_anything(desk, at):
    desk.hear("offer", at=at)

    [call] = desk.calls()
    assert call.started_at <= desk.moment()


def test_a_timestamp_in_the_future_is_ours(desk):
    desk.hear("offer", 1, stamped=3600)

    assert desk.calls()[0].started_at == desk.moment(1)


def test_ids_may_be_numbers_and_unreadable_ones_are_hashed(desk):
    desk.hear("offer", id_message=12345)
    desk.hear("offer", id_message="a b/c\ud800", chat="15551230043@c.us")
    desk.hear("offer", id_message=None, chat="15551230044@c.us")

    keys = [call.key for call in desk.calls()]
    assert keys[0] == "7103111222-12345"
    assert all(len(key) == len("7103111222-") + 64 for key in keys[1:])


def test_an_old_offer_makes_a_late_call(desk):
    desk.hear("offer", 100, stamped=0)

    assert desk.calls()[0].late is True

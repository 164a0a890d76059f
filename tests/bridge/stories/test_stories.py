"""The story of a call: all that happened to it, in order of time, from what was heard to how it was closed."""

from __future__ import annotations

import json

from desk import NOT_NOW
from narrator import ID, told
from sqlalchemy import update

from bridge import stories
from bridge.policies import Delivered
from bridge.store import tables
from connectors.kit import Receipt


def test_a_story_is_told_in_order_of_time_and_says_who_hears_what(desk):
    desk.know()
    desk.hear("offer")
    desk.tell(1, NOT_NOW, 1)
    desk.tell(1, Delivered(Receipt("977", "https://crm.example.com/977")), 4)
    desk.hear("declined", 19)
    desk.tell(1, Delivered(None), 20)
    desk.hear("pickUp", 40)

    assert told(desk) == [
        ("notification", None, 'incomingCall "offer"'),
        ("policy", "sales", "policy all: is told that it rings, and the outcome"),
        ("policy", "popup", "policy ring: is told that it rings"),
        ("policy", "crm", "policy result: is told the outcome"),
        ("name", None, "The name was known already, from contact_name; took 0 ms."),
        ("attempt", "sales", "ringing not told: It did not answer; took 0 ms, to be tried again"),
        ("attempt", "sales", "ringing told; took 0 ms"),
        ("notification", None, 'incomingCall "declined"'),
        ("skipped", "popup", "It was too late to ring by the time that this could be told."),
        ("attempt", "sales", "missed told; took 0 ms"),
        ("record", "sales", "977, https://crm.example.com/977"),
        ("notification", None, 'incomingCall "pickUp"'),
        ("late_outcome", None, "Another outcome had been heard first: that one stands, and nobody is told of this."),
    ]


def test_an_entry_has_exactly_these_keys_and_the_call_those_of_the_list(desk):
    desk.hear("offer")
    with desk.store.read() as db:
        shown = stories.of_call(db, ID, desk.moment())

    assert list(shown)[-2:] == ["deliveries", "story"]
    assert shown["story"][0] == {
        "at": "2026-11-20T14:03:12Z", "what": "notification", "connection": None, "text": 'incomingCall "offer"',
        "detail": {"id": 1, "type": "incomingCall", "status": "offer", "verdict": "call"},
    }  # fmt: skip
    assert shown["story"][1]["detail"] == {"policy": "all"}
    json.dumps(shown)


def test_a_call_is_found_by_its_id_and_by_its_id_message_where_that_is_unique(desk):
    desk.hear("offer")
    desk.hear("offer", 1, id_message="C/2")
    with desk.store.read() as db:
        assert stories.ids(db, ID) == stories.ids(db, "C1") == [ID]
        assert len(stories.ids(db, "C/2")) == 1
        assert stories.ids(db, "c1") == []


def test_a_call_without_an_outcome_is_closed_in_the_story(desk):
    desk.hear("offer")
    desk.silence(200)

    assert told(desk, "closed") == [("closed", None, "No outcome within 180 s: given up waiting for it.")]


def test_an_outcome_from_our_own_account_that_came_before_its_offer_is_in_the_story(desk):
    desk.hear("declined", -1, **{"from": "15557650001@c.us"})
    desk.hear("offer")

    assert told(desk, "notification") == [
        ("notification", None, 'incomingCall "declined", from our own account'),
        ("notification", None, 'incomingCall "offer"'),
    ]
    assert told(desk, "policy")[0][2] == "policy all: is told the outcome"


def test_an_offer_that_came_after_its_outcome_is_said_to_change_nothing(desk):
    desk.hear("declined")
    desk.hear("offer", 1)

    assert told(desk, "notification")[1][2] == 'incomingCall "offer": it came after the outcome, and changes nothing'


def test_a_body_that_was_cut_does_not_spoil_the_story(desk):
    desk.hear("offer")
    desk.store.write(lambda db: db.execute(update(tables.notifications).values(body='{"status": "of')) and None)

    assert told(desk, "notification") == [("notification", None, "incomingCall, without a status")]

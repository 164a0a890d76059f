"""Deliveries and unread notifications, a page at a time."""

from __future__ import annotations

import pytest
from desk import LOCKED_OUT, REFUSED, Desk
from sqlalchemy import insert

from bridge import holding, owed, unread
from bridge.replays import Choice
from bridge.store.tables import notifications

EVERY = ("due", "delivered", "skipped", "held", "failed")


@pytest.fixture
def desk(store, now):
    """Three calls: deliveries 1, 3, 5 of one connection and 2, 4, 6 of another."""
    desk = Desk(store, now, ["all", "result"])
    desk.know()
    for number in range(3):
        desk.hear("missed", 10 * number, id_message=f"C{number}")
    return desk


def ids(desk, *states, limit=50, before=None, **choice):
    with desk.store.read() as db:
        return [one["id"] for one in owed.page(db, Choice(states, **choice), limit, before=before)]


def test_pages_follow_each_other_without_gap_or_repeat(desk):
    for states in (EVERY, ("due",)):
        assert ids(desk, *states, limit=4) == [6, 5, 4, 3]
        assert ids(desk, *states, limit=4, before=3) == [2, 1]


def test_each_filter_leaves_what_fits(desk):
    desk.tell(1, REFUSED, 40)
    desk.tell(2, after=40)
    desk.tell(4, LOCKED_OUT, 40)

    assert ids(desk, "failed") == [1]
    assert ids(desk, "held") == [6, 4]
    assert ids(desk, "delivered") == [2]
    assert ids(desk, "failed", "held") == [6, 4, 1]
    assert ids(desk, "skipped") == []
    assert ids(desk, *EVERY, connection="all-0") == [5, 3, 1]
    assert ids(desk, "held", connection="all-0") == []
    assert ids(desk, *EVERY, connection="nobody") == []


@pytest.mark.parametrize("few", [2000, 1])
def test_since_is_about_the_call_however_many_there_are(desk, monkeypatch, few):
    monkeypatch.setattr(owed, "_FEW", few)

    assert ids(desk, "due", since=desk.moment(10)) == [6, 5, 4, 3]
    assert ids(desk, *EVERY, since=desk.moment(10), connection="result-1") == [6, 4]
    assert ids(desk, "due", since=desk.moment(21)) == []


def test_each_names_its_call_and_what_it_stands_at(desk):
    desk.tell(1, REFUSED, 40)
    with desk.store.read() as db:
        [one] = owed.page(db, Choice(("failed",)), 50)

    assert (one["call"], one["connection"], one["reason"]) == ("7103111222-C0", "all-0", "It refused.")


def test_the_names_of_connections_that_were_removed_come_last(desk):
    [one, _] = desk.snapshot().connections
    desk.store.write(lambda db: holding.remove(db, one, desk.moment()))

    with desk.store.read() as db:
        assert owed.names(db) == ["result-1", "all-0"]


def test_what_could_not_be_read_is_paged_by_when_it_came(desk):
    row = {"type": None, "verdict": "unread", "body": "{", "reason": "It is no JSON."}
    moments = [desk.moment(after) for after in (3, 1, 2, 2)]
    rows = [{**row, "key": f"u{number}", "received_at": at} for number, at in enumerate(moments)]
    desk.store.write(lambda db: db.execute(insert(notifications), rows) and None)

    with desk.store.read() as db:
        everything = [one["id"] for one in unread.page(db, 50)]
        halves = unread.page(db, 2), unread.page(db, 2, before=everything[1])
        assert unread.count(db) == 4
        assert unread.one(db, everything[0])["reason"] == "It is no JSON."
        assert unread.one(db, 99) is None

    assert everything == [everything[1] - 3, everything[1], everything[1] - 1, everything[1] - 2]
    assert [one["id"] for half in halves for one in half] == everything

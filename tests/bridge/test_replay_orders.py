"""Who orders a replay is told what came of it, and the trail has one line of it."""

from __future__ import annotations

import pytest
from desk import LOCKED_OUT, REFUSED, Desk
from sqlalchemy import insert

from bridge import audit, replay_orders
from bridge.replays import Choice
from bridge.settings import Settings
from bridge.store.tables import notifications


@pytest.fixture
def desk(store, now):
    desk = Desk(store, now, ["all", "result"])
    desk.know()
    return desk


def fail(desk, count, outcome=REFUSED):
    """So many calls of which the first connection knows nothing."""
    for number in range(count):
        desk.hear("missed", number, id_message=f"C{number}")
        desk.tell(2 * number + 1, outcome, number)


def order(desk, *, most=None, again=False, **choice):
    choice = Choice(("failed", "held"), **choice)
    return replay_orders.tallied(
        replay_orders.of_choice(desk.store, choice, "ann", desk.moment(100), again=again, most=most)
    )


def trail(desk):
    with desk.store.read() as db:
        return [(row["who"], row["what"], row["detail"]) for row in audit.listing(db, 10)]


def test_an_order_is_counted_and_is_one_line_of_the_trail(desk):
    fail(desk, 3)

    tally = order(desk, connection="all-0", since=desk.moment(1))

    assert (tally.done, tally.replayed(), tally.not_replayed("--again")) == (2, "2 deliveries replayed.", None)
    detail = {
        "states": ["failed", "held"], "connection": "all-0", "since": "2026-11-20T14:03:13Z", "again": False,
        "replayed": 2, "looked_at": 2,
    }  # fmt: skip
    assert trail(desk) == [("ann", "delivery.replayed", detail)]


def test_what_is_not_replayed_is_counted_with_the_reason(desk):
    fail(desk, 2, LOCKED_OUT)

    tally = order(desk)

    assert (tally.done, tally.looked_at) == (0, 2)
    assert tally.not_replayed("--again") == (
        "Not replayed: 2 of connections that are paused and must be resumed first (all-0)."
    )
    assert trail(desk) == []


def test_an_order_may_be_bounded_and_the_next_goes_on(desk):
    fail(desk, 3)

    assert [order(desk, most=2).done for _ in range(3)] == [2, 1, 0]


def test_single_deliveries_are_one_line_too(desk):
    fail(desk, 1)

    [one, other] = replay_orders.of_ids(desk.store, [1, 99], "ann", desk.moment(100), again=False)

    assert (one.hindrance, other.hindrance) == (None, "unknown")
    detail = {"ids": [1, 99], "again": False, "replayed": 1, "looked_at": 2}
    assert trail(desk) == [("ann", "delivery.replayed", detail)]


def test_an_order_that_breaks_off_still_leaves_its_line(desk):
    fail(desk, 3)
    replayed = replay_orders.of_ids(desk.store, [1, 3, 5], "ann", desk.moment(100), again=False)

    next(replayed)
    replayed.close()

    assert [detail["replayed"] for _, _, detail in trail(desk)] == [1]


def test_reading_notifications_again_is_one_line(desk):
    row = {"type": None, "received_at": desk.moment(), "verdict": "unread"}
    bodies = ['{"typeWebhook": "incomingMessageReceived"}', "{"]
    rows = [{**row, "key": f"k{number}", "body": body} for number, body in enumerate(bodies)]
    desk.store.write(lambda db: db.execute(insert(notifications), rows) and None)

    done = replay_orders.of_notifications(desk.store, [1, 2], desk.snapshot(), Settings(), "ann", desk.moment(100))

    assert [one.result for one in done] == ["read", "refused"]
    assert trail(desk) == [("ann", "notification.replayed", {"ids": [1, 2], "replayed": 1, "looked_at": 2})]

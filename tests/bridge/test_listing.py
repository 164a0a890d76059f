"""Calls and deliveries as scripts read them."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

from desk import Desk

from bridge import listing
from bridge.policies import Delivered
from connectors.kit import Receipt


def calls(desk, limit=None):
    with desk.store.read() as db:
        return listing.recent_calls(db, limit)


def deliveries(desk, limit=None):
    with desk.store.read() as db:
        return listing.deliveries(db, limit)


def test_a_call_is_shown_with_exactly_these_keys_and_values(store, now):
    desk = Desk(store, now, ["all"])
    desk.know()
    desk.hear("declined", 19)
    receipt = Receipt("977", "https://crm.example.com/977", {"task": "5"})
    desk.settle(desk.claim(after=19), Delivered(receipt), 20)
    delivery = {
        "id": 1, "connection": "all-0", "connector": "webhook", "state": "delivered", "owes": "missed",
        "told": "missed", "attempts": 1, "due_at": None, "reason": None,
        "receipt": {"record_id": "977", "url": "https://crm.example.com/977"},
    }  # fmt: skip

    assert calls(desk) == [
        {
            "id": "7103111222-C1", "instance": "support", "id_message": "C1", "chat_id": "15551230042@c.us",
            "phone": "+15551230042", "caller": "Noor (bakery)", "caller_source": "contact_name", "status": "missed",
            "video": None, "direction": "incoming", "late": False, "source": "webhook",
            "started_at": "2026-11-20T14:03:31Z", "outcome_at": "2026-11-20T14:03:31Z", "deliveries": [delivery],
        }
    ]  # fmt: skip
    assert deliveries(desk) == [{**delivery, "call": "7103111222-C1"}]


def test_the_newest_call_is_first_and_its_deliveries_stand_in_the_order_of_the_file(store, now):
    desk = Desk(store, now, [])
    desk.connect("second", "all", position=2)
    desk.connect("first", "all", position=1)
    for number, stamped in enumerate([50, 10, 60]):
        desk.hear("offer", 60, stamped=stamped, id_message=f"C{number}", chat=f"1555123000{number}@c.us")

    assert [one["id_message"] for one in calls(desk)] == ["C2", "C0", "C1"]
    assert [[told["connection"] for told in one["deliveries"]] for one in calls(desk)] == [["first", "second"]] * 3
    assert [one["call"][-2:] for one in deliveries(desk)] == ["C2", "C2", "C0", "C0", "C1", "C1"]
    assert [len(calls(desk, 2)), len(deliveries(desk, 3))] == [2, 3]


def test_what_is_owed_is_due_in_utc_and_a_caller_without_a_name_has_a_number(store, now):
    desk = Desk(store, now, ["all"])
    desk.hear("offer", video=None, isVideo=True)

    [call] = calls(desk)
    assert (call["video"], call["outcome_at"], call["caller"]) == (True, None, "+1 555-123-0042")
    assert call["deliveries"][0]["due_at"] == "2026-11-20T14:03:13Z"
    assert call["deliveries"][0]["receipt"] is None


def test_more_calls_than_fit_one_question_are_all_listed(store, now):
    desk = Desk(store, now, ["all"])
    desk.know()
    for number in range(listing._AT_ONCE + 3):
        desk.hear("offer", id_message=f"C{number}")

    assert [len(one["deliveries"]) for one in calls(desk)] == [1] * (listing._AT_ONCE + 3)


def test_a_moment_is_told_in_utc_and_whole_seconds():
    moment = datetime(2026, 11, 20, 17, 3, 12, 999999, tzinfo=timezone(timedelta(hours=3)))

    assert listing.stamp(moment) == "2026-11-20T14:03:12Z"
    assert listing.stamp(None) is None

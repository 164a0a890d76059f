"""Deliveries and notifications through the API: listed a page at a time, told again and read again."""

from __future__ import annotations

import json

import pytest
from desk import LOCKED_OUT, REFUSED, notification
from programs import trail, walked

from bridge import notifications

on_sqlite = pytest.mark.parametrize("store", ["sqlite"], indirect=True)


def test_failed_deliveries_are_listed_and_told_again(administrator, desk, store):
    desk.tell(outcome=REFUSED, after=20.0)

    [failed] = administrator.get("/deliveries?state=failed&connection=all-0&since=2026-11-20").json
    assert (failed["id"], failed["state"], failed["call"]) == (1, "failed", "7103111222-C1")
    by_id = administrator.post("/deliveries/replay", {"ids": [1, 1, 99]}).json
    assert (by_id["replayed"], by_id["looked_at"]) == (1, 2)
    assert [(one["id"], one["replayed"], bool(one["reason"])) for one in by_id["deliveries"]] == [
        (1, True, False), (99, False, True)
    ]  # fmt: skip
    assert desk.row().state == "due"
    desk.tell(outcome=REFUSED, after=40.0)
    by_choice = administrator.post("/deliveries/replay", {"connection": "all-0", "state": ["failed"]}).json
    assert by_choice == {"replayed": 1, "looked_at": 1, "not_replayed": None, "deliveries": []}
    assert [one for one in trail(store) if one[1] == "delivery.replayed"] == [
        (administrator.who, "delivery.replayed", None)
    ] * 2


@on_sqlite
@pytest.mark.parametrize(
    ("order", "status"),
    [({}, 422), ({"ids": [1], "connection": "all-0"}, 422), ({"ids": []}, 422), ({"ids": [0]}, 422),
     ({"connection": "nobody"}, 404), ({"again": True}, 422)],
)  # fmt: skip
def test_a_replay_says_what_is_to_be_told_again(administrator, order, status):
    assert administrator.post("/deliveries/replay", order).status_code == status


@on_sqlite
def test_held_deliveries_are_told_again_once_their_connection_is_resumed(administrator, desk):
    desk.tell(outcome=LOCKED_OUT, after=20.0)
    assert administrator.get("/connections").json[0]["paused_by"] == "credentials"
    hindered = administrator.post("/deliveries/replay", {"ids": [1]}).json
    assert (hindered["replayed"], "resumed first" in hindered["not_replayed"]) == (0, True)

    assert administrator.post("/connections/all-0/resume").json["state"] == "active"
    assert desk.row().state == "due"


@on_sqlite
def test_pages_of_deliveries_follow_each_other(administrator, desk):
    for number in range(4):
        desk.hear("offer", after=60.0 + number, id_message=f"N{number}", chat=f"1555000000{number}@c.us")

    assert walked(administrator, "/deliveries?limit=2", "id") == [5, 4, 3, 2, 1]


def test_what_could_not_be_read_is_listed_and_read_again(administrator, desk, store):
    raw = json.dumps(notification("missed", id_message="NEW", at=desk.moment(30.0))).encode()
    store.write(lambda db: notifications.keep_unread(db, raw, 1, "The body was too new.", desk.moment(31.0)))

    [unread] = administrator.get("/notifications?unread=true&instance=support&since=2026-11-20").json
    assert (unread["verdict"], unread["reason"]) == ("unread", "The body was too new.")
    assert administrator.get(f"/notifications/{unread['id']}").json == unread
    assert administrator.post(f"/notifications/{unread['id']}/replay").json["result"] == "read"
    assert administrator.get("/notifications?unread=true").json == []
    assert administrator.get("/calls?limit=1").json[0]["id_message"] == "NEW"
    assert administrator.post("/notifications/1/replay").json["result"] == "nothing"
    assert administrator.post("/notifications/99/replay").status_code == 404
    assert (administrator.who, "notification.replayed", None) in trail(store)


def test_pages_of_notifications_follow_each_other(administrator, desk):
    for number in range(4):
        desk.hear("offer", after=60.0 + number, id_message=f"N{number}", chat=f"1555000000{number}@c.us")

    assert walked(administrator, "/notifications?limit=2", "call")[:2] == ["7103111222-N3", "7103111222-N2"]
    assert len(walked(administrator, "/notifications?limit=2", "id")) == 6

"""What is owed, held and failed is listed and told again, and nothing is told twice but by an explicit choice."""

from __future__ import annotations

from administration import fail, seen, trail
from desk import LOCKED_OUT, REFUSED
from sqlalchemy import update

from bridge.policies import NOBODY_KNOWS
from bridge.store import tables


def test_what_failed_is_listed_with_its_reason_and_replayed(admin, desk):
    fail(desk)
    page = admin.get("/admin/deliveries").text
    assert "It refused." in page
    assert 'action="/admin/deliveries/1/replay"' in page
    assert 'href="/calls/7103111222-C0"' in page

    kept = {"connection": "all-0", "state": "failed"}
    seen(admin.post("/admin/deliveries/1/replay", kept), "/admin/deliveries?state=failed&connection=all-0")

    assert (desk.row(1).state, desk.row(2).state) == ("due", "failed")
    assert "Delivery 1 is due again" in admin.get("/admin/deliveries").text
    assert trail(desk.store) == [("ada", "delivery.replayed", None)]


def test_all_of_a_filter_are_replayed_and_counted(admin, desk):
    fail(desk)
    desk.hear("missed", 10, id_message="C1")
    desk.tell(4, LOCKED_OUT, 11)

    admin.post("/admin/deliveries/replay", {"connection": "result-1"})

    page = admin.get("/admin/deliveries").text
    assert "Nothing to replay." in page
    assert "Not replayed: 2 of connections that are paused and must be resumed first (result-1)." in page
    admin.post("/admin/deliveries/replay", {})
    assert "1 delivery replayed." in admin.get("/admin/deliveries").text
    assert [desk.row(one).state for one in (1, 2, 3, 4)] == ["due", "failed", "due", "held"]


def test_what_was_delivered_is_told_again_only_by_an_explicit_choice(admin, desk):
    desk.hear("missed")
    desk.tell(1, after=1)
    page = admin.get("/admin/deliveries?state=delivered").text
    assert 'href="/admin/deliveries/1?state=delivered"' in page
    assert 'action="/admin/deliveries/1/replay"' not in page

    admin.post("/admin/deliveries/1/replay")
    assert "was not replayed" in admin.get("/admin/deliveries").text
    admin.post("/admin/deliveries/replay", {"state": "delivered"})
    assert desk.row(1).state == "delivered"

    assert "may stand there twice" in admin.get("/admin/deliveries/1").text
    admin.post("/admin/deliveries/1/replay", {"again": "yes"})
    assert desk.row(1).state == "due"


def test_once_more_for_a_filter_never_takes_what_the_filter_does_not_show(admin, desk):
    desk.hear("missed")
    desk.tell(1, after=1)
    desk.tell(2, REFUSED, 1)

    admin.post("/admin/deliveries/replay", {"again": "yes"})

    assert (desk.row(1).state, desk.row(2).state) == ("delivered", "due")


def test_what_was_perhaps_told_asks_first_too(admin, desk):
    fail(desk)
    change = update(tables.deliveries).where(tables.deliveries.c.id == 1).values(reason=NOBODY_KNOWS)
    desk.store.write(lambda db: db.execute(change) and None)

    assert 'href="/admin/deliveries/1"' in admin.get("/admin/deliveries").text
    admin.post("/admin/deliveries/1/replay")
    page = admin.get("/admin/deliveries").text
    assert "Delivery 1 was not replayed." in page
    assert "choose “Once more”" in page
    assert "--again" not in page
    assert desk.row(1).state == "failed"

    asked = admin.get("/admin/deliveries/1").text
    assert NOBODY_KNOWS in asked
    assert "may stand there twice" in asked
    admin.post("/admin/deliveries/1/replay", {"again": "yes"})
    assert desk.row(1).state == "due"


def test_a_connection_that_no_database_takes_is_one_of_which_nothing_is_owed(admin, desk):
    assert "No delivery fits." in admin.get("/admin/deliveries?connection=a%00").text
    answer = admin.post("/admin/deliveries/replay", {"connection": "a\0"})
    assert admin.get(seen(answer, "/admin/deliveries?connection=a%00")).status_code == 200


def test_where_nothing_is_owed_the_page_says_so(admin, desk):
    assert "Nothing is owed, held or failed." in admin.get("/admin/deliveries").text
    assert "No delivery fits." in admin.get("/admin/deliveries?state=failed&since=hour").text
    assert admin.get("/admin/deliveries/7").status_code == 404

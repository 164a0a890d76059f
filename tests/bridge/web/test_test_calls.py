"""A test call on the screens, and the dry run."""

from __future__ import annotations

import json

import pytest
import rolodex
from desk import Desk, notification
from sqlalchemy import select

from bridge.intake import close_silent
from bridge.store import tables
from tasks.deliver import deliver

pytestmark = pytest.mark.parametrize("store", ["sqlite"], indirect=True)
PAGE = "/admin/connections/crm/test-call"


@pytest.fixture
def desk(store, now):
    rolodex.Rolodex.done.clear()
    desk = Desk(store, now, policies=())
    desk.connect("crm", "all", 0, "rolodex", {})
    desk.connect("other", "all", 1, "rolodex", {})
    return desk


@pytest.fixture
def ada(desk, site):
    return site.as_administrator()


@pytest.fixture
def work(site):
    """Carries what was put on the queue."""

    def work():
        for delivery, _ in site.service.queue.delivered:
            deliver(site.service, delivery)
        del site.service.queue.delivered[:]

    return work


def test_a_test_call_is_watched_from_its_ringing_to_its_outcome(ada, work, clock):
    assert "Let it ring" in ada.get(PAGE).text
    watched = ada.post(PAGE).headers["Location"]
    assert "Its system is being told: Ringing." in ada.get(watched).text

    work()
    page = ada.get(watched).text
    assert "Its system was told: Ringing." in page
    assert "Test call (Ringbridge)" in page
    assert "data-done" not in ada.get(f"{watched}/progress").text
    assert "within 180 seconds" in page
    assert "data-once-over hidden" in page

    clock.pass_(5)
    ended = ada.post(f"{watched}/end", {"word": "missed"})
    assert ended.headers["Location"] == watched
    work()
    progress = ada.get(f"{watched}/progress").text
    assert "Its system was told: Missed." in progress
    assert "data-done" in progress
    assert "R1" in progress  # the receipt
    assert rolodex.Rolodex.done == [("deliver", "ringing"), ("deliver", "missed")]
    assert "How does the call end?" not in ada.get(watched).text


def test_a_test_call_that_is_over_cannot_be_ended_again(ada, work):
    watched = ada.post(PAGE).headers["Location"]
    ada.post(f"{watched}/end", {"word": "pickUp"})
    again = ada.post(f"{watched}/end", {"word": "missed"})

    assert again.headers["Location"] == PAGE
    assert "This test call is over: make another one." in ada.get(PAGE).text


def test_a_test_call_that_ran_out_is_told_from_one_that_rings(ada, site, clock):
    watched = ada.post(PAGE).headers["Location"]
    assert "data-over" not in ada.get(f"{watched}/progress").text

    clock.pass_(181)
    service, snapshot = site.service, site.service.directory.current()
    service.store.write(lambda db: close_silent(db, snapshot, service.settings, service.now(), 10))

    assert "data-over" in ada.get(f"{watched}/progress").text
    page = ada.get(watched).text
    assert "How does the call end?" not in page
    assert "data-once-over hidden" not in page


def test_a_test_call_ends_in_no_way_that_no_call_ends(ada):
    watched = ada.post(PAGE).headers["Location"]

    assert ada.post(f"{watched}/end", {"word": "offer"}).status_code == 400


def test_no_other_call_is_watched_here(ada, desk):
    desk.hear("offer")
    [call] = desk.calls()

    assert ada.get(f"{PAGE}/{call.key}").status_code == 404
    assert ada.get(f"{PAGE}/{call.key}/progress").status_code == 404


def test_a_connection_that_is_paused_says_what_to_do_first(ada):
    ada.post("/admin/connections/crm/pause")
    page = ada.get(PAGE).text

    assert "The connection crm is paused: resume it, then make the test call." in page
    assert "Let it ring" not in page
    ada.post(PAGE)
    assert "resume it, then make the test call." in ada.get(PAGE).text


def test_what_failed_is_shown_with_its_reason_as_text(ada, desk, work):
    desk.connect("shut", "all", 2, "rolodex", {"fails": "deliver"})
    watched = ada.post("/admin/connections/shut/test-call").headers["Location"]
    work()

    assert "The rolodex is shut." in ada.get(watched).text


def test_a_dry_run_shows_who_would_be_told_and_stores_nothing(ada, desk, now, store):
    ada.post("/admin/connections/other/pause")
    body = json.dumps(notification("offer", at=now))
    page = ada.post("/admin/dry-run", {"body": body}).text

    assert "It would be written down as a call." in page
    assert "not before it is resumed" in page
    with store.read() as db:
        assert db.execute(select(tables.calls)).all() == db.execute(select(tables.notifications)).all() == []


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ("", "It cannot be read"),
        ("<script>", "It cannot be read"),
        ('{"typeWebhook": "<b>"}', "of a type that is not needed here (&lt;b&gt;)"),
        ("\ud83d", "It cannot be read"),
        ("[" * 60000, "It cannot be read"),
    ],
    ids=range(5),
)
def test_a_dry_run_of_anything_says_what_it_is(ada, body, text):
    answer = ada.post("/admin/dry-run", {"body": body.encode("utf-8", "surrogatepass")})

    assert answer.status_code == 200
    assert text in answer.text
    assert "<script>" not in answer.text.partition("</head>")[2]


def test_a_late_dry_run_says_how_to_try_it_as_if_it_rang_now(ada, desk):
    page = ada.post("/admin/dry-run", {"body": json.dumps(notification("offer", at=desk.moment(-90)))}).text

    assert "Its timestamp is 90 seconds old" in page

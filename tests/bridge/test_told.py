"""What a connector is told of a call: in the language, the zone and the words of its connection."""

from __future__ import annotations

import pytest
from desk import CHAT, Desk
from sqlalchemy import select

from bridge.store import tables

LID, GROUP = "98765432101234@lid", "120363041234567890@g.us"


@pytest.fixture
def desk(store, now):
    return Desk(store, now, timezone="Asia/Kolkata")


def told(desk, status, chat=CHAT, **connection):
    if connection:
        desk.change("all-0", **connection)
    desk.hear(status, chat=chat)
    return desk.claim(1, 100).call


@pytest.mark.parametrize(
    ("chat", "name"), [(CHAT, "+1 555-123-0042"), (LID, "номер скрыт"), (GROUP, "Групповой звонок")]
)
def test_it_is_told_in_its_language(desk, chat, name):
    call = told(desk, "missed", chat, language="ru")

    assert call.label == "Пропущенный звонок"
    assert call.summary == f"Пропущенный звонок: {name}, линия support, 2026-11-20 19:33 IST"


def test_it_is_told_in_its_own_zone_or_else_the_instances(desk):
    assert told(desk, "missed", timezone="Europe/Berlin").summary.endswith("2026-11-20 15:03 CET")


def test_it_is_told_in_its_own_words(desk):
    call = told(desk, "hungUp", template="$label $caller!", labels={"dropped": "Dropped by us"})

    assert (call.label, call.summary) == ("Dropped by us", "Dropped by us +1 555-123-0042!")


def test_a_summary_gives_the_moment_of_what_it_tells(desk):
    desk.know()
    desk.hear("offer")
    assert desk.tell().call.summary.endswith("19:33 IST")
    desk.hear("missed", 60)

    assert desk.claim(1, 60).call.summary.endswith("19:34 IST")


@pytest.mark.parametrize("video", [True, False, None])
def test_it_says_on_which_line_it_came_in_and_whether_with_a_picture(desk, video):
    desk.know()
    desk.hear("offer", isVideo=video)
    call = desk.claim().call

    assert (call.instance, call.direction, call.video, call.late) == ("support", "incoming", video, False)


def test_an_outcome_says_that_its_ringing_came_too_late(desk):
    desk.hear("offer", 100, stamped=0)
    assert desk.claim(1, 100 + 1.5) is None
    desk.hear("missed", 110)

    assert desk.claim(1, 170).call.late is True


def test_a_claim_names_the_connector_and_the_version_of_its_settings(desk):
    desk.know()
    desk.hear("missed")
    desk.change("all-0", language="ru")
    claim = desk.claim()

    with desk.store.read() as db:
        version = db.execute(select(tables.connections.c.version)).scalar_one()
    assert (claim.connector, claim.connection_version) == ("webhook", version)


def test_the_policy_of_the_moment_when_it_came_in_chooses_the_words(desk):
    desk.know()
    desk.hear("hungUp")
    desk.change("all-0", policy="result")

    assert desk.claim(1).call.label == "Dropped call"


def test_a_connection_that_changed_before_the_outcome_hears_it_by_its_new_policy(desk):
    desk.know()
    desk.hear("offer")
    desk.tell()
    desk.change("all-0", policy="result")
    desk.hear("hungUp", 5)

    assert desk.claim(1, 5).call.label == "Missed call"


def test_an_outcome_that_we_do_not_know_is_told_in_its_language(desk):
    assert told(desk, "voicemail", language="ru").label == "Звонок, итог: voicemail"

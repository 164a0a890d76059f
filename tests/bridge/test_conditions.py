"""What is wrong with an instance, as far as it has been heard."""

from __future__ import annotations

import json

import pytest
from books import change, instance
from desk import ID_INSTANCE, Desk

from bridge import alarms, conditions, listing
from bridge.greenapi.events import read


@pytest.fixture
def desk(store, now):
    desk = Desk(store, now)
    change(desk, added_at=now, heard_at=now)
    return desk


def alert(desk, kind="stateInstanceChanged", after=0.0, at=None, **fields):
    """One arrives; returns whether it needs somebody's attention, None for a repeat."""
    stamp = {"timestamp": int(desk.moment(after if at is None else at).timestamp())}
    if kind == "quotaExceeded":
        stamp = {}
    body = json.dumps({"typeWebhook": kind, "instanceData": {"idInstance": ID_INSTANCE}, **stamp, **fields}).encode()
    found, [known] = read(body).alert, desk.snapshot().by_id.values()
    return desk.store.write(lambda db: alarms.accept(db, found, body, known, desk.moment(after)))


def wrong(desk, after=0.0) -> list[str]:
    with desk.store.read() as db:
        return [one.reason for one in conditions.of_instances(db, desk.moment(after))[1]]


def test_a_change_of_state_is_kept_shown_and_alarming(desk):
    assert alert(desk, stateInstance="notAuthorized") is True

    assert desk.verdicts() == ["alert"]
    assert (instance(desk).state, instance(desk).state_at) == ("notAuthorized", desk.start)
    assert wrong(desk) == ["state"]


def test_what_works_is_no_alarm(desk):
    alert(desk, stateInstance="notAuthorized")
    assert alert(desk, stateInstance="authorized", after=60) is False

    assert wrong(desk, 60) == []


def test_a_repeat_changes_nothing(desk):
    alert(desk, stateInstance="blocked")
    assert alert(desk, stateInstance="blocked", after=60, at=0) is None

    assert desk.verdicts() == ["alert"]


def test_the_newest_state_stands_in_whichever_order_they_come(desk):
    alert(desk, stateInstance="authorized", after=60)
    alert(desk, stateInstance="starting", after=61, at=0)

    assert instance(desk).state == "authorized"


def test_a_restart_that_we_caused_does_not_alarm_unless_it_lasts(desk):
    change(desk, restarting_until=desk.moment(300))

    assert alert(desk, stateInstance="starting", after=10) is False
    assert wrong(desk, 299) == []
    assert wrong(desk, 301) == ["state"]
    assert alert(desk, stateInstance="notAuthorized", after=20) is True


def test_a_restart_of_somebody_else_alarms(desk):
    assert alert(desk, stateInstance="starting") is True


def test_a_used_up_quota_is_kept_once_a_day_and_said_until_the_month_is_over(desk):
    quota = {"method": "checkWhatsapp", "used": 100, "total": 100}
    assert alert(desk, "quotaExceeded", quotaData=quota) is True
    assert alert(desk, "quotaExceeded", after=60, quotaData={**quota, "used": 101}) is None
    change(desk, heard_at=desk.moment(86400 * 30))

    assert wrong(desk) == ["quota"]
    assert wrong(desk, 86400 * 12) == []  # it is December by then


def test_silence_refusals_and_what_is_switched_off_are_said(desk):
    assert wrong(desk, 86399) == []
    assert wrong(desk, 86400) == ["silent"]
    change(desk, refused=3, refused_at=desk.start, journal_reason="No such method.", heard_at=desk.moment(86400))
    assert wrong(desk, 60) == ["refused", "journal"]
    assert wrong(desk, 601) == ["journal"]


def test_the_list_says_it_in_words(desk):
    alert(desk, stateInstance="notAuthorized")
    with desk.store.read() as db:
        [shown] = listing.instances(db, desk.start)

    assert shown["state"] == "notAuthorized"
    assert shown["notes"] == ["GREEN-API says that it is notAuthorized since 2026-11-20 14:03 UTC."]

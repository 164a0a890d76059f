"""A dry run says what the intake would make of a notification, and leaves nothing behind."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from desk import CHAT, ID_INSTANCE, Desk, notification
from office import Clock, office
from sqlalchemy import select

from bridge import holding
from bridge.dry_runs import dry_run
from bridge.store.tables import metadata

POLICIES = ("ignore", "ring", "result", "all")


@pytest.fixture
def desk(store, now):
    desk = Desk(store, now, POLICIES)
    desk.know()
    return desk


@pytest.fixture
def clock(desk):
    return Clock(desk)


@pytest.fixture
def run(desk, clock):
    service = office(desk.store, clock)

    def run(*given, **more):
        body = given[0] if given and isinstance(given[0], bytes) else json.dumps(notification(*given, **more)).encode()
        before = everything(desk.store)
        result = dry_run(service, body)
        assert everything(desk.store) == before
        assert vars(service.queue) == vars(type(service.queue)())
        return result

    return run


def everything(store):
    with store.read() as db:
        return {table.name: db.execute(select(table)).all() for table in metadata.sorted_tables}


def told(result):
    return {one.connection: one.owes and one.owes.value for one in result.tellings}


def test_an_offer_would_ring_with_those_who_hear_it_and_leaves_nothing_behind(run, desk, now):
    result = run("offer", at=now)

    assert (result.verdict, result.call, result.instance) == ("call", f"{ID_INSTANCE}-C1", "support")
    assert (result.chat_id, result.phone, result.late_by) == (CHAT, "+15551230042", None)
    assert told(result) == {"ignore-0": None, "ring-1": "ringing", "result-2": None, "all-3": "ringing"}
    assert {one.due_at for one in result.tellings if one.owes} == {now}
    assert [one.reason for one in result.tellings if one.owes is None] == [
        "Its policy is to be told nothing.",
        "Its policy is to be told the outcome, and not that it rings.",
    ]


def test_an_outcome_without_its_offer_would_be_a_call(run, now):
    assert told(run("missed", at=now)) == {
        "ignore-0": None, "ring-1": None, "result-2": "missed", "all-3": "missed",
    }  # fmt: skip


def test_an_outcome_would_move_a_call_that_is_there(run, desk, clock):
    desk.hear("offer")
    clock.after = 5
    result = run("pickUp", id_message="OTHER", at=desk.moment(5))

    assert (result.call, result.status) == (f"{ID_INSTANCE}-C1", "answered")
    assert told(result)["all-3"] == "answered"


def test_nobody_whose_name_is_not_known_is_told_before_it_was_waited_for(run, now):
    result = run("offer", chat="15557770000@c.us", at=now)
    [ring] = [one for one in result.tellings if one.connection == "ring-1"]

    assert ring.due_at == now + timedelta(seconds=1.5)
    assert ring.reason == "It would wait for the caller's name, no longer than this."


def test_ringing_that_is_late_would_not_be_told(run, desk):
    result = run("offer", at=desk.moment(-60))

    assert result.late_by == timedelta(seconds=60)
    assert set(told(result).values()) == {None}
    assert [one.reason for one in result.tellings if "late" in one.reason] == [
        "It would be too late to ring: that would be skipped.",
        "It would be too late to ring: it would be told the outcome, when that comes.",
    ]


def test_what_a_paused_connection_is_owed_would_be_held(run, desk, now):
    desk.store.write(lambda db: holding.pause(db, 4, "admin", "Paused by hand.", now))
    [held] = [one for one in run("missed", at=now).tellings if one.connection == "all-3"]

    assert (held.owes, held.due_at, held.reason) == ("missed", None, "Paused by hand.")


def test_a_repeat_would_change_nothing(run, desk, now):
    desk.hear("offer")
    result = run("offer", at=now)

    assert (result.verdict, result.call, list(result.tellings)) == ("repeat", f"{ID_INSTANCE}-C1", [])


def test_another_outcome_would_come_too_late(run, desk, now):
    desk.hear("missed")

    assert run("pickUp", at=now).verdict == "late_outcome"


def test_a_call_from_our_own_account_would_be_kept(run, now):
    assert run("offer", chat="15557650001@c.us", at=now).verdict == "own"


@pytest.mark.parametrize(
    ("body", "verdict", "text"),
    [
        (b"", "unread", "The body is not JSON in UTF-8."),
        (b'{"a": 1}', "unread", "names no typeWebhook"),
        (b'{"typeWebhook": "incomingCall", "instanceData": {"idInstance": 7103111222}}', "unread", "names no caller"),
        (b'{"typeWebhook": "outgoingMessageStatus"}', "unneeded", "outgoingMessageStatus"),
        (
            b'{"typeWebhook": "incomingCall", "from": "1@c.us", "instanceData": {"idInstance": 5}}',
            "refused",
            "account 5",
        ),
        (
            b'{"typeWebhook": "stateInstanceChanged", "stateInstance": "starting", '
            b'"instanceData": {"idInstance": 7103111222}}',
            "alert",
            "how the account stands",
        ),
    ],
)
def test_what_is_no_call_is_said_to_be_none(run, body, verdict, text):
    result = run(body)

    assert (result.verdict, list(result.tellings)) == (verdict, [])
    assert text in result.text

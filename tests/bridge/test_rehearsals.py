"""Test calls: through one connection, and nobody else hears of them."""

from __future__ import annotations

import json

import pytest
import rolodex
from desk import ID_INSTANCE, Desk
from office import Clock, office
from sqlalchemy import select

from bridge import board, connection_changes, instances, intake, listing, rehearsals, stories
from bridge.descriptions import ConfigError
from bridge.rehearsals import CALLER
from bridge.store import tables
from tasks.deliver import deliver


@pytest.fixture
def desk(store, now):
    """Two connections that hear everything, the first of which knows names, and one that hears results."""
    desk = Desk(store, now, policies=(), name_order=("crm", "contact_name", "name"))
    for position, (name, policy) in enumerate((("first", "all"), ("second", "all"), ("third", "result"))):
        desk.connect(name, policy, position, connector="rolodex", settings={})
    return desk


@pytest.fixture
def clock(desk):
    return Clock(desk)


@pytest.fixture
def service(desk, clock):
    rolodex.Rolodex.done.clear()
    return office(desk.store, clock)


def told(service, accepted):
    """Deliver what is due, and return what the systems were asked."""
    for bell in accepted.due:
        deliver(service, bell.delivery_id)
    return list(rolodex.Rolodex.done)


def table(store, table):
    with store.read() as db:
        return db.execute(select(table)).all()


def test_a_test_call_rings_with_its_connection_alone_under_a_name_that_says_what_it_is(service, desk):
    rehearsal = rehearsals.begin(service, "first", "anna")
    [call] = desk.calls()

    assert rehearsal.key == call.key
    assert call.key.startswith(f"{ID_INSTANCE}-RINGBRIDGE-TEST-")
    assert desk.states() == {"first": ("due", "ringing", None)}
    assert told(service, rehearsal.accepted) == [("deliver", "ringing")]
    assert (rehearsal.accepted.look_up, list(rehearsal.accepted.find)) == ((), [])
    with desk.store.read() as db:
        shown = listing.call(db, call.key)
    assert (shown["caller"], shown["phone"]) == (CALLER, "+15550100199")


@pytest.mark.parametrize(("word", "status"), [("missed", "missed"), ("pickUp", "answered"), ("hungUp", "dropped")])
def test_its_outcome_is_told_to_the_same_connection(service, desk, clock, word, status):
    rehearsal = rehearsals.begin(service, "first", "anna")
    told(service, rehearsal.accepted)
    clock.after = 5
    accepted = rehearsals.end(service, "first", rehearsal.key, word)

    assert told(service, accepted) == [("deliver", "ringing"), ("deliver", status)]
    assert desk.states() == {"first": ("delivered", status, status)}


def test_where_only_results_are_told_the_ringing_is_not(service, desk):
    rehearsal = rehearsals.begin(service, "third", "anna")
    assert (list(rehearsal.accepted.due), desk.states()) == ([], {})

    assert told(service, rehearsals.end(service, "third", rehearsal.key, "missed")) == [("deliver", "missed")]


def test_one_that_nobody_ends_becomes_unknown_with_its_connection_alone(service, desk, clock):
    rehearsal = rehearsals.begin(service, "second", "anna")
    told(service, rehearsal.accepted)
    clock.after = 400
    [closed] = desk.store.write(
        lambda db: intake.close_silent(db, service.directory.current(), service.settings, service.now(), 10)
    )
    told(service, closed)

    assert desk.states() == {"second": ("delivered", "unknown", "unknown")}


def test_a_real_call_that_nobody_ends_is_told_to_all(service, desk, clock):
    desk.hear("offer", id_message="RINGBRIDGE-TEST-1")
    clock.after = 400
    snapshot = service.directory.current()
    desk.store.write(lambda db: intake.close_silent(db, snapshot, service.settings, service.now(), 10))

    assert sorted(desk.states()) == ["first", "second", "third"]


def test_it_stands_in_the_audit_trail_and_in_its_own_story(service, desk, clock):
    rehearsal = rehearsals.begin(service, "first", "anna")
    [line] = table(desk.store, tables.audit)
    with desk.store.read() as db:
        story = stories.of_call(db, rehearsal.key, service.now())["story"]

    assert (line.who, line.what, line.about, line.detail) == (
        "anna", "connection.tested", "first", {"call": rehearsal.key},
    )  # fmt: skip
    assert story[0]["text"] == 'incomingCall "offer"'


def test_it_does_not_look_as_if_green_api_had_been_heard(service, desk):
    before = instances_listed(desk)
    rehearsals.begin(service, "first", "anna")

    assert instances_listed(desk) == before
    assert before[0]["last_notification_at"] is None


def instances_listed(desk):
    with desk.store.read() as db:
        return listing.instances(db, desk.start)


def test_nobody_is_asked_to_call_a_test_caller_back(service, desk, clock):
    rehearsal = rehearsals.begin(service, "first", "anna")
    rehearsals.end(service, "first", rehearsal.key, "missed")
    with desk.store.read() as db:
        shown = board.snapshot(db, clock(), 45)
    assert (shown.missed, [one.caller for one in shown.recent]) == ([], [CALLER])


def test_two_of_them_are_two_calls(service, desk):
    keys = {rehearsals.begin(service, name, "anna").key for name in ("first", "first", "second")}

    assert len(keys) == len(desk.calls()) == 3


def test_it_is_over_once(service):
    rehearsal = rehearsals.begin(service, "first", "anna")
    rehearsals.end(service, "first", rehearsal.key, "missed")

    with pytest.raises(ConfigError, match="This test call is over"):
        rehearsals.end(service, "first", rehearsal.key, "pickUp")


def test_no_real_call_and_no_other_connections_test_call_can_be_ended(service, desk):
    desk.hear("offer")
    [real] = desk.calls()
    other = rehearsals.begin(service, "second", "anna").key

    for key in (real.key, other, "nothing"):
        with pytest.raises(ConfigError, match="There is no test call"):
            rehearsals.end(service, "first", key, "missed")
    assert {call.status for call in desk.calls()} == {"ringing"}


def test_a_paused_connection_is_to_be_resumed_first(service, desk):
    secrets = desk.store.secrets
    desk.store.write(lambda db: connection_changes.pause(db, secrets, "first", "anna", desk.start))

    with pytest.raises(ConfigError, match="The connection first is paused: resume it"):
        rehearsals.begin(service, "first", "anna")
    assert desk.calls() == []


def test_a_connection_that_is_told_nothing_needs_another_policy(service, desk):
    desk.change("first", policy="ignore")

    with pytest.raises(ConfigError, match="is told nothing, by its policy"):
        rehearsals.begin(service, "first", "anna")


def test_a_connection_that_hears_no_instance_needs_one(service, desk):
    desk.change("first", instances=("gone",))

    with pytest.raises(ConfigError, match="hears no instance that there is"):
        rehearsals.begin(service, "first", "anna")


def test_without_an_instance_there_is_none_to_ring_at(service, desk):
    with desk.store.read() as db:
        [support] = instances.active(db, desk.store.secrets)
    desk.store.write(lambda db: instances.remove(db, support, desk.start))

    with pytest.raises(ConfigError, match="There is no instance yet"):
        rehearsals.begin(service, "first", "anna")


def test_a_connection_that_there_is_not_is_named(service):
    with pytest.raises(ConfigError, match="There is no connection nobody"):
        rehearsals.begin(service, "nobody", "anna")


def test_what_is_kept_of_it_reads_like_a_notification(service, desk):
    rehearsals.begin(service, "first", "anna")
    [kept] = table(desk.store, tables.notifications)

    assert json.loads(kept.body)["instanceData"] == {"idInstance": ID_INSTANCE}
    assert (kept.verdict, kept.instance_id) == ("call", None)

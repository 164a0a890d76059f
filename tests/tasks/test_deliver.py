"""Carrying a delivery: threads are shared, allowances kept, and what was paused is looked after."""

from __future__ import annotations

import time

import pytest
import rolodex
from desk import SECRET, Desk, webhook_settings
from office import Clock, all_at_once, office
from road import until
from rolodex import Rolodex

from bridge import breakers, claims, holding, replays
from bridge.store import tables
from connectors.kit import Rate, watchdog
from tasks.deliver import deliver
from tasks.demo.crm import Crm
from tasks.probe import probe
from tasks.sweep import sweep


@pytest.fixture
def desk(store, now):
    Rolodex.done.clear()
    desk = Desk(store, now, policies=())
    desk.know()
    desk.connect("crm", "all", 0, "rolodex", {})
    desk.connect("other", "ignore", 1)
    return desk


@pytest.fixture
def service(desk):
    return office(desk.store, Clock(desk))


def told(method="deliver"):
    return [about for one, about in Rolodex.done if one == method]


def hear(desk, number):
    desk.know(f"1555{number:07}@c.us")
    desk.hear("pickUp", id_message=f"C{number}", chat=f"1555{number:07}@c.us")


def test_one_connection_holds_no_more_than_a_third_of_the_threads(desk, service):
    for number in range(8):
        hear(desk, number)
    rolodex.closed.clear()
    with rolodex.background(lambda: all_at_once(lambda one: deliver(service, one), range(1, 6))):
        until(lambda: len(told()) == 5, what="five to be told")
        for delivery in range(1, 9):
            deliver(service, delivery)
        assert len(told()) == 5

    [rung] = {one for one, _ in service.queue.delivered}  # now that a thread is free
    deliver(service, rung)
    assert len(told()) == 6


def test_what_the_threads_had_no_room_for_spent_no_attempt(desk, service):
    hear(desk, 1)
    for _ in range(5):
        assert service.shares.enter(1, 5)
    deliver(service, 1)
    assert told() == []
    assert (desk.row().attempts, desk.row().unsure) == (0, False)

    service.shares.leave(1, 5)
    deliver(service, 1)
    assert told() == ["answered"]


@pytest.mark.parametrize("at", ["before the claim is committed", "after it"])
def test_whoever_was_frozen_since_it_took_a_delivery_sends_nothing(desk, service, monkeypatch, at):
    """Somebody else may have told what came next, and what this one has to say would come behind it."""
    slept = [0.0]
    monkeypatch.setattr(watchdog, "clock", lambda: time.monotonic() + slept[0])

    def sleep(*given, **_):
        slept[0] += service.settings.lease_seconds
        return given[0] if given else None

    if at == "after it":
        monkeypatch.setattr(type(service), "crash_point", lambda _, name: sleep() if name == "claimed" else None)
    else:
        claim = claims.claim
        monkeypatch.setattr(claims, "claim", lambda *given, **named: sleep(claim(*given, **named)))
    with Crm({"sales": SECRET}) as crm:
        desk.connect("sales", "all", 2, "webhook", webhook_settings(f"{crm.url}/hooks/sales"))
        hear(desk, 1)
        deliver(service, 2)

        assert crm.log.entries() == []
    row = desk.row(2)
    assert (row.state, row.attempts, row.unsure) == ("due", 1, False)
    assert "No time was left in this attempt" in row.reason


def test_an_allowance_that_is_used_up_postpones_and_spends_no_attempt(desk, service, monkeypatch):
    monkeypatch.setattr(Rolodex, "rate", Rate("rolodex", per_second=0.5, burst=1))
    hear(desk, 1)
    hear(desk, 2)
    deliver(service, 1)
    deliver(service, 2)

    row = desk.row(2)
    assert told() == ["answered"]
    assert (row.state, row.attempts, row.unsure, row.lease_until) == ("due", 0, False, None)
    assert 1.5 < (row.due_at - desk.start).total_seconds() <= 2.0
    with desk.store.read() as db:
        assert len(db.execute(tables.attempts.select()).all()) == 1


def test_whose_turn_has_come_calls_the_next_in_line(desk, service):
    for number in (1, 2, 3):
        hear(desk, number)
    desk.store.write(lambda db: breakers.rest(db, 1, desk.moment(5)))
    for one in (3, 2, 1):
        deliver(service, one)
    assert (told(), service.queue.delivered) == ([], [])

    service.clock.after = 5
    sweep(service)
    assert service.queue.delivered == [(1, False)]
    deliver(service, 1)
    assert service.queue.delivered == [(1, False), (2, False)]


def test_a_line_ends_with_the_last_who_waited(desk, service):
    hear(desk, 1)
    hear(desk, 2)
    desk.store.write(lambda db: breakers.rest(db, 1, desk.moment(5)))
    service.clock.after = 5

    deliver(service, 1)
    assert resting(desk) == desk.moment(5)
    deliver(service, 2)
    assert resting(desk) is None


def test_a_pause_that_is_asked_for_meanwhile_keeps_the_line(desk, service):
    hear(desk, 1)
    desk.store.write(lambda db: breakers.rest(db, 1, desk.moment(5)))
    service.clock.after = 5
    claimed = desk.claim(after=5)
    desk.store.write(lambda db: breakers.rest(db, 1, desk.moment(9)))
    desk.settle(claimed, after=6)
    assert resting(desk) == desk.moment(9)


def resting(desk):
    with desk.store.read() as db:
        return db.execute(tables.connections.select().where(tables.connections.c.id == 1)).one().rests_until


def test_an_allowance_that_is_used_up_is_asked_for_once(desk, service, monkeypatch):
    monkeypatch.setattr(Rolodex, "rate", Rate("rolodex", per_second=0.5, burst=1))
    for number in range(1, 6):
        hear(desk, number)
        deliver(service, number)

    with desk.store.read() as db:
        connection = db.execute(tables.connections.select().where(tables.connections.c.id == 1)).one()
    assert {desk.row(one).due_at for one in range(2, 6)} == {connection.rests_until}
    assert told() == ["answered"]


def paused(desk, by="credentials"):
    hear(desk, 1)
    desk.store.write(lambda db: holding.pause(db, 1, by, "It refused us.", desk.moment()))
    assert desk.row().state == "held"


def test_refused_credentials_are_tried_again_and_what_was_held_goes_out(desk, service):
    paused(desk)
    service.clock.after = 299
    sweep(service)
    assert service.queue.probed == []

    service.clock.after = 300
    sweep(service)
    assert service.queue.probed == [1]
    probe(service, 1)

    assert told("check") == [""]
    assert desk.row().state == "due"


def test_one_probe_goes_out_over_all_workers_and_no_other_before_its_time(desk, service):
    desk.change("crm", settings={"fails": "check"})
    paused(desk)
    for service.clock.after in (300, 300, 301, 599, 600):
        probe(service, 1)

    assert told("check") == ["", ""]
    assert desk.row().state == "held"


@pytest.mark.parametrize("by", ["admin", "gone"])
def test_what_somebody_paused_and_who_is_gone_are_not_probed(desk, service, by):
    paused(desk, by)
    service.clock.after = 100_000
    sweep(service)
    probe(service, 1)

    assert (service.queue.probed, told("check")) == ([], [])


def test_a_connector_that_could_not_load_is_tried_again(desk, service):
    paused(desk, "broken")
    service.clock.after = 300
    probe(service, 1)

    assert desk.row().state == "due"


@pytest.fixture
def at_most_once(desk, monkeypatch):
    """The rolodex can say a thing once only, and whether it did is not known."""
    monkeypatch.setattr(Rolodex, "on_unsure", "leave")
    desk.change("crm", settings={"fails": "deliver", "sent": True})

    assert desk.row(2).state == "due"


@pytest.fixture
def shy(desk, monkeypatch):
    """The rolodex says everything once at most, and whether it did cannot be found out."""
    monkeypatch.setattr(Rolodex, "on_unsure", "leave")


def lost(desk, service, delivery_id=1):
    """A worker dies with this delivery; what it was doing is not known."""
    assert desk.claim(delivery_id, service.clock.after)
    service.clock.after += 61


def test_what_was_perhaps_told_is_left_alone_where_it_must_not_be_told_twice(desk, service, shy):
    hear(desk, 1)
    lost(desk, service)
    deliver(service, 1)

    row = desk.row()
    assert told() == []
    assert (row.state, row.told, row.unsure) == ("failed", None, True)
    assert row.reason.startswith("Nobody knows whether it was told")


def test_what_nobody_knows_was_told_is_told_again_only_to_somebody_who_insists(desk, service, shy):
    hear(desk, 1)
    lost(desk, service)
    deliver(service, 1)

    [refused] = replays.of_ids(desk.store, [1], service.now(), again=False)
    assert refused.hindrance == "uncertain"
    [replayed] = replays.of_ids(desk.store, [1], service.now(), again=True)
    assert replayed.hindrance is None
    deliver(service, 1)
    assert told() == ["answered"]
    assert desk.row().state == "delivered"


def test_that_nobody_knows_of_the_ringing_keeps_no_outcome_back(desk, service, shy):
    desk.hear("offer")
    lost(desk, service)
    desk.hear("pickUp", service.clock.after)
    deliver(service, 1)

    assert told() == ["answered"]
    assert desk.row().state == "delivered"


def test_a_delivery_that_is_left_alone_says_nothing_about_its_system(desk, service, shy):
    hear(desk, 1)
    lost(desk, service)
    broken = {"rests_until": service.now(), "broken_for": 15}
    desk.store.write(
        lambda db: db.execute(tables.connections.update().where(tables.connections.c.id == 1), broken) and None
    )
    deliver(service, 1)

    with desk.store.read() as db:
        connection = db.execute(tables.connections.select().where(tables.connections.c.id == 1)).one()
    assert (connection.broken_for, connection.rests_until) == (15, service.now())


def test_what_was_surely_not_said_is_said_though_an_older_status_is_in_doubt(desk, service, shy):
    desk.hear("offer")
    lost(desk, service)
    desk.change("crm", settings={"fails": "deliver"})
    desk.hear("pickUp", service.clock.after)
    deliver(service, 1)
    desk.change("crm", settings={})
    service.clock.after += 100
    deliver(service, 1)

    assert told() == ["answered", "answered"]
    assert desk.row().state == "delivered"

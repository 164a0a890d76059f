"""The door that opens from inside: what is fetched from a GREEN-API of our own, and when it is deleted there."""

from __future__ import annotations

import itertools
from contextlib import ExitStack
from dataclasses import replace

import pytest
import rolodex
from desk import CHAT, ID_INSTANCE, Desk
from office import FullStore, office
from road import until
from sqlalchemy import select

from bridge import instances
from bridge.directory import Directory
from bridge.greenapi.errors import Expired, NotAuthorized, Starting, WebhookIsSet
from bridge.greenapi.standin import Account, Fault, GreenApi
from bridge.instances import InstanceConfig
from bridge.poller import Poller, back_off, pause_after
from bridge.pollers import Pollers
from bridge.store import StoreUnavailable, tables
from connectors.kit import RateLimited, Rejected, Retryable, Unauthorized
from connectors.kit.watchdog import clock

BERLIN = "7103111333"
TOKEN = "canary-token-of-the-api"
MESSAGE = {"typeWebhook": "incomingMessageReceived"}
on_sqlite = pytest.mark.parametrize("store", ["sqlite"], indirect=True)


@pytest.fixture
def green_api():
    """Stopped before whoever polls it, and quick to answer: an open question would keep them for five seconds."""
    with GreenApi(longest_poll=1.1) as green_api:
        for id_instance in (ID_INSTANCE, BERLIN):
            green_api.account(Account(id_instance=id_instance, api_token=TOKEN))
        yield green_api


@pytest.fixture
def line(green_api):
    return InstanceConfig("line", ID_INSTANCE, green_api.url, TOKEN, (), intake="poll")


@pytest.fixture
def desk(store, now, line):
    """One connection, and one instance, which is to be polled."""
    desk = Desk(store, now)
    save(store, line, desk.snapshot().by_id[1])
    return desk


@pytest.fixture
def service(desk):
    service = office(desk.store, desk.moment, probe_seconds=0.2, allowed_private_networks="127.0.0.0/8")
    ever_new = itertools.count().__next__  # looks for changes each time
    return replace(service, directory=Directory(desk.store, clock=ever_new, registry=rolodex.registry()))


@pytest.fixture
def polled(service, green_api):
    """Begins to poll as a process does, under the given name; ends with the test."""
    with ExitStack() as stack:

        def begin(holder="first"):
            return stack.enter_context(Pollers(service, holder, every=0.05))

        yield begin
        green_api.stop()


@pytest.fixture
def poller(service, green_api):
    """One instance's poller, whose lease was renewed a moment ago; ends with the test."""
    begun = []

    def begin(**changes):
        one = Poller(replace(service, **changes), "first", service.directory.current().by_id[1], None)
        one.lease.renew(clock())
        one.start()
        begun.append(one)
        return one

    yield begin
    green_api.stop()
    for one in begun:
        one.stop()
        assert one.ended(within=10.0)


def save(store, config, existing=None):
    store.write(lambda db: instances.save(db, store.secrets, config, existing))


def row(store, name="line"):
    table = tables.instances
    with store.read() as db:
        return db.execute(select(table).where(table.c.name == name, table.c.removed_at.is_(None))).one()


def kept(store):
    with store.read() as db:
        columns = (tables.notifications.c.verdict, tables.notifications.c.instance_id, tables.notifications.c.reason)
        return db.execute(select(*columns).order_by(tables.notifications.c.id)).all()


def noted(green_api, what, id_instance=ID_INSTANCE):
    """What GREEN-API's log has: `polled` or `deleted`."""
    return [one for one in green_api.log.entries() if one["what"] == what and one["id_instance"] == id_instance]


def test_a_call_is_written_down_deleted_and_rung_for(desk, service, polled, green_api):
    desk.know()
    polled()
    green_api.ring(ID_INSTANCE, CHAT, "missed", after=0.0)
    until(green_api.idle, what="the queue to be empty")

    [call] = desk.calls()
    assert (call.status, call.source, call.chat_id) == ("missed", "poll", CHAT)
    assert desk.verdicts() == ["call", "call"]
    until(lambda: service.queue.delivered == [(1, True), (1, False)], what="the doorbells")


def test_what_is_not_needed_is_deleted_and_leaves_no_trace(desk, polled, green_api):
    polled()
    green_api.ring(ID_INSTANCE, CHAT, None, extra=MESSAGE)
    until(green_api.idle, what="the queue to be empty")

    assert desk.verdicts() == []


def test_what_cannot_be_read_is_kept_and_does_not_block_what_follows(desk, polled, green_api):
    polled()
    green_api.ring(ID_INSTANCE, CHAT, None, extra={"from": None})
    green_api.ring(ID_INSTANCE, CHAT, None)
    until(green_api.idle, what="the queue to be empty")

    assert desk.verdicts() == ["unread", "call"]


def test_a_call_of_another_instance_is_kept_to_be_looked_at(desk, polled, green_api):
    polled()
    green_api.ring(ID_INSTANCE, CHAT, None, extra={"instanceData": {"idInstance": int(BERLIN)}})
    until(green_api.idle, what="the queue to be empty")

    reason = f"It names the instance {BERLIN}, but came out of the queue of {ID_INSTANCE}."
    assert kept(desk.store) == [("unread", 1, reason)]
    assert desk.calls() == []


@on_sqlite
def test_a_notification_of_several_megabytes_does_not_block_the_queue(desk, polled, green_api):
    polled()
    green_api.ring(ID_INSTANCE, CHAT, None, extra=MESSAGE | {"text": "x" * 9_000_000})
    green_api.ring(ID_INSTANCE, CHAT, None)
    until(green_api.idle, what="the queue to be empty")

    assert desk.verdicts() == ["call"]


def test_a_call_that_was_pushed_before_is_not_written_down_again(desk, polled, green_api):
    """An instance that was changed from push to poll: what was taken and not acknowledged comes again."""
    desk.hear(id_message="C1")
    polled()
    green_api.ring(ID_INSTANCE, CHAT, "missed", after=0.0, id_message="C1")
    until(green_api.idle, what="the queue to be empty")

    [call] = desk.calls()
    assert (call.status, call.source) == ("missed", "webhook")


@on_sqlite
def test_nothing_is_deleted_that_could_not_be_stored(desk, poller, green_api):
    green_api.ring(ID_INSTANCE, CHAT, None)
    poller(store=FullStore(desk.store))
    until(lambda: len(noted(green_api, "polled")) >= 2, what="it to be asked for again")

    assert noted(green_api, "deleted") == []


@on_sqlite
def test_whoever_lost_the_lease_deletes_nothing_and_asks_for_nothing(desk, poller, green_api):
    """Another process may hold the queue by then: what this one received is theirs."""

    class Slow(FullStore):
        """By the time that it has written, the lease is over."""

        def write(self, fn):
            written = desk.store.write(fn)
            begun.lease.renew(clock() - 60)
            return written

    begun = poller(store=Slow(desk.store))
    green_api.ring(ID_INSTANCE, CHAT, None)
    until(desk.calls, what="the call")
    begun.stop()

    assert begun.ended(within=10.0)
    assert noted(green_api, "deleted") == []
    assert len(noted(green_api, "polled")) == 1


@on_sqlite
def test_nobody_asks_without_a_lease_that_outlasts_the_answer(desk, service, green_api):
    green_api.ring(ID_INSTANCE, CHAT, None)
    one = Poller(service, "first", service.directory.current().by_id[1], None)
    one.lease.renew(clock() - 5)
    one.start()

    assert not one.ended(within=0.7)
    one.stop()
    assert one.ended(within=10.0)
    assert noted(green_api, "polled") == []


@on_sqlite
@pytest.mark.parametrize("method", ["receiveNotification", "deleteNotification"])
def test_a_hiccup_is_neither_noted_nor_said(desk, polled, green_api, caplog, method):
    green_api.fault(Fault(method=method, status=502, body="<html>", count=1))
    polled()
    green_api.ring(ID_INSTANCE, CHAT, None)
    until(green_api.idle, what="the queue to be empty")

    assert desk.verdicts() == ["call"]
    assert row(desk.store).poll_reason is None
    assert "polling does not work" not in caplog.text


@on_sqlite
def test_a_refused_token_is_said_once_and_noted_until_it_works_again(desk, polled, green_api, caplog):
    green_api.fault(Fault(method="receiveNotification", status=401, count=3))
    polled()
    until(lambda: row(desk.store).poll_reason, what="the reason to be noted")
    assert "api_token" in row(desk.store).poll_reason
    green_api.ring(ID_INSTANCE, CHAT, None)
    until(green_api.idle, what="the queue to be empty")

    until(lambda: row(desk.store).poll_reason is None, what="the reason to be forgotten")
    assert caplog.text.count("polling does not work") == 1


@on_sqlite
def test_a_restart_is_said_only_once_it_takes_longer_than_it_may(desk, polled, green_api, caplog, monkeypatch):
    monkeypatch.setattr("bridge.poller._RESTART", 150.0)  # five answers
    monkeypatch.setattr("bridge.poller.pause_after", lambda *_: 0.01)
    body = '{"message": "instance in starting process try later"}'
    green_api.fault(Fault(method="receiveNotification", status=400, count=5, body=body))
    polled()
    green_api.ring(ID_INSTANCE, CHAT, None)
    until(green_api.idle, what="the queue to be empty")

    assert "polling does not work" not in caplog.messages

    green_api.fault(Fault(method="receiveNotification", status=400, count=1000, body=body))
    until(lambda: row(desk.store).poll_reason, what="the reason to be noted")
    assert "polling does not work" in caplog.messages


@on_sqlite
def test_a_changed_token_is_used_at_once(desk, polled, green_api, line):
    save(desk.store, replace(line, api_token="canary-wrong-token"), desk.snapshot().by_id[1])
    polled()
    until(lambda: row(desk.store).poll_reason, what="the token to be refused")
    save(desk.store, line, desk.snapshot().by_id[1])
    green_api.ring(ID_INSTANCE, CHAT, None)

    until(green_api.idle, what="the queue to be empty")


def test_an_instance_that_is_added_is_polled_and_one_that_is_removed_is_not(desk, polled, green_api, line, now):
    polled()
    save(desk.store, replace(line, name="berlin", id_instance=BERLIN))
    green_api.ring(BERLIN, CHAT, None)
    until(green_api.idle, what="the new one's queue to be empty")

    found = {one.name: one for one in desk.snapshot().by_id.values()}["berlin"]
    asked_before = len(noted(green_api, "polled", BERLIN))
    desk.store.write(lambda db: instances.remove(db, found, now))
    green_api.ring(BERLIN, CHAT, None, extra=MESSAGE)  # ends the question that is open
    green_api.ring(ID_INSTANCE, CHAT, None)
    until(lambda: len(desk.calls()) == 2, what="the other's call")
    assert len(noted(green_api, "polled", BERLIN)) <= asked_before + 2


def test_an_instance_that_is_pushed_is_not_polled(desk, service, polled, green_api, line):
    save(desk.store, replace(line, name="berlin", id_instance=BERLIN, intake="webhook"))
    polled()
    green_api.ring(ID_INSTANCE, CHAT, None)
    until(green_api.idle, what="the queue to be empty")

    assert noted(green_api, "polled", BERLIN) == []


@on_sqlite
def test_what_one_leaves_in_order_another_has_at_once(desk, polled, green_api):
    first = polled("first")
    until(lambda: row(desk.store).poller == "first", what="the first to poll")
    polled("second")
    green_api.ring(ID_INSTANCE, CHAT, None, extra=MESSAGE)
    until(green_api.idle, what="the queue to be empty")
    assert row(desk.store).poller == "first"
    first.__exit__(None, None, None)

    until(lambda: row(desk.store).poller == "second", 3.0, what="the second to poll")


@pytest.mark.parametrize(
    ("error", "failures", "least", "most"),
    [
        (Retryable("502"), 1, 1, 2),
        (Retryable("502"), 3, 4, 8),
        (Retryable("502"), 1000, 15, 30),
        (StoreUnavailable("full"), 2, 2, 4),
        (RateLimited("429", retry_after=20), 1, 20, 20),
        (RateLimited("429", retry_after=3600), 1, 30, 30),
        (RateLimited("429"), 1, 1, 2),
        (Starting("starting"), 9, 30, 30),
        (WebhookIsSet("set"), 1, 60, 60),
        (NotAuthorized("no phone"), 1, 60, 60),
        (Rejected("400"), 1, 60, 60),
        (Unauthorized("401"), 1, 300, 300),
        (Expired("expired"), 1, 300, 300),
    ],
)
def test_how_long_it_waits_says_what_happened(error, failures, least, most):
    assert least <= pause_after(error, failures, probe_seconds=300) <= most


def test_those_who_fail_together_do_not_come_back_together():
    assert len({back_off(5) for _ in range(10)}) > 1

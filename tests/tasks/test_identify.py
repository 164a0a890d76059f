"""Asking GREEN-API who is calling, and letting go what waited for the answer."""

from __future__ import annotations

import pytest
from desk import CHAT, ID_INSTANCE, Desk
from office import Clock, office
from sqlalchemy import select

from bridge import instances
from bridge.greenapi.standin import Account, Fault, GreenApi
from bridge.instances import InstanceConfig
from bridge.store import tables
from tasks.identify import identify

TOKEN = "canary-token-of-the-api"


@pytest.fixture
def green_api():
    contacts = {CHAT: {"contactName": "Noor"}}
    account = Account(id_instance=ID_INSTANCE, api_token=TOKEN, webhook_url="http://127.0.0.1:9/", contacts=contacts)
    with GreenApi([account], contacts_per_second=None) as green_api:
        yield green_api


@pytest.fixture
def desk(store, now, green_api):
    desk = Desk(store, now)
    with store.read() as db:
        [found] = instances.active(db, store.secrets)
    config = InstanceConfig("support", ID_INSTANCE, green_api.url, TOKEN, ("s3cret",))
    store.write(lambda db: instances.save(db, store.secrets, config, found))
    return desk


@pytest.fixture
def service(desk):
    return office(desk.store, Clock(desk))


def asked(green_api):
    return [entry["answer"] for entry in green_api.log.entries() if entry["what"] == "contact"]


def names(store):
    with store.read() as db:
        return db.execute(select(tables.callers.c.contact_name, tables.callers.c.name)).all()


def test_the_name_is_kept_and_what_waited_for_it_is_told(desk, service, green_api):
    desk.hear("offer")
    identify(service, 1)

    assert names(desk.store) == [("Noor", None)]
    assert service.queue.delivered == [(1, True)]
    assert desk.claim().call.caller.name == "Noor"


def test_it_may_be_done_any_number_of_times_and_asks_once(desk, service, green_api):
    desk.hear("offer")
    for _ in range(3):
        identify(service, 1)
    identify(service, 77)

    assert asked(green_api) == [200]


@pytest.mark.parametrize(
    "fault",
    [
        *({"status": status} for status in (400, 401, 403, 404, 466, 500)),
        *({"status": 200, "body": body} for body in ("", "null", "[]", "<html>", '{"status": false}')),
        {"drop": True},
    ],
    ids=str,
)
def test_without_an_answer_the_call_is_told_by_its_number_and_no_secret_is_logged(
    desk, service, green_api, caplog, fault
):
    green_api.fault(Fault(method="getContactInfo", count=None, **fault))
    desk.hear("offer")
    identify(service, 1)

    assert service.queue.delivered == [(1, True)]
    assert desk.claim().call.caller.name == "+1 555-123-0042"
    assert names(desk.store) == [(None, None)]
    assert "could not be had" in caplog.text
    assert TOKEN not in caplog.text + str([vars(record) for record in caplog.records])


def test_odd_names_are_no_names(desk, service, green_api):
    green_api.fault(Fault(method="getContactInfo", status=200, body='{"contactName": 7, "name": ["x"]}'))
    desk.hear("offer")
    identify(service, 1)

    assert names(desk.store) == [(None, None)]


@pytest.mark.parametrize(("header", "pause"), [({}, 2), ({"Retry-After": "7"}, 7), ({"Retry-After": "86400"}, 30)])
def test_asked_for_a_pause_it_waits_so_long_and_half_a_minute_at_most(desk, service, green_api, header, pause):
    green_api.fault(Fault(method="getContactInfo", status=429, headers=header, count=1))
    desk.hear("offer")
    for service.clock.after in (0, pause - 0.1, pause):
        identify(service, 1)

    assert asked(green_api) == [429, 200]
    assert names(desk.store) == [("Noor", None)]


def test_an_instance_that_was_removed_is_not_asked_and_nothing_waits_for_it(desk, service, green_api):
    desk.hear("offer")
    with desk.store.read() as db:
        [line] = instances.active(db, desk.store.secrets)
    desk.store.write(lambda db: instances.remove(db, line, desk.start))
    identify(service, 1)

    assert asked(green_api) == []
    assert service.queue.delivered == [(1, True)]
    assert desk.calls()[0].name_due is None

"""Reading the address book: once a day, and only what adds to the names that are known."""

from __future__ import annotations

import pytest
from books import account, asked, desk_at, green_api_of, instance, wait
from desk import CHAT
from office import Clock, office
from sqlalchemy import select

from bridge.greenapi.standin import Fault
from bridge.store import tables
from tasks.read_contacts import read_contacts

GROUP = "1203630439680000@g.us"
OTHER = "15551230043@c.us"


@pytest.fixture
def green_api(now):
    with green_api_of(now) as green_api:
        yield green_api


@pytest.fixture
def desk(green_api, store, now):
    return desk_at(green_api, store, now)


@pytest.fixture
def service(desk):
    return office(desk.store, Clock(desk))


def names(desk) -> dict[str, tuple]:
    with desk.store.read() as db:
        return {row.chat_id: (row.contact_name, row.name) for row in db.execute(select(tables.callers))}


def fresh(desk) -> set[str]:
    with desk.store.read() as db:
        rows = db.execute(select(tables.callers)).all()
    return {row.chat_id for row in rows if row.expires_at > desk.start}


def test_names_are_there_before_anybody_calls(desk, service, green_api):
    book = {CHAT: {"contactName": "Noor\u202e (bakery)", "name": "Noor"}, OTHER: {"name": "Boris"}}
    green_api.account(account(contacts={**book, GROUP: {"name": "Us"}, "15551230044@c.us": {}}))
    read_contacts(service, 1)

    assert names(desk) == {CHAT: ("Noor (bakery)", "Noor"), OTHER: (None, "Boris")}
    assert fresh(desk) == {CHAT}  # only GREEN-API can tell whether Boris is in the address book


def test_it_is_read_once_a_day(desk, service, green_api):
    for after in (0, 3600, 86399):
        wait(service, after)
        read_contacts(service, 1)
    assert asked(green_api, "getContacts") == 1
    wait(service, 86400)
    read_contacts(service, 1)
    assert asked(green_api, "getContacts") == 2


@pytest.mark.parametrize(("status", "again"), [(502, 3600), (466, 86400)])
def test_a_failure_is_tried_again_and_a_refusal_the_next_day(desk, service, green_api, status, again):
    green_api.fault(Fault(method="getContacts", status=status, count=1))
    read_contacts(service, 1)
    for after in (again - 1, again):
        before = asked(green_api, "getContacts")
        wait(service, after)
        read_contacts(service, 1)

    assert (before, asked(green_api, "getContacts")) == (1, 2)
    assert instance(desk).contacts_at == desk.moment(again)


def test_a_large_address_book_is_taken_in_portions(desk, service, green_api):
    green_api.account(account(contacts={f"1555000{number:04}@c.us": {"name": "N"} for number in range(700)}))
    read_contacts(service, 1)

    assert len(names(desk)) == 700

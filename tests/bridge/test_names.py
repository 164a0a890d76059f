"""The chain of names: who is asked, what is waited for, and which answer is shown."""

from __future__ import annotations

import pytest
from desk import CHAT, Desk
from office import Clock, office
from rolodex import Rolodex
from sqlalchemy import select

from bridge import callers, names
from bridge import people as asking
from bridge.callers import Names
from bridge.store import tables
from connectors.kit import Person
from tasks.find import find
from tasks.sweep import sweep

PHONE = "+15551230042"
ANNA = {"names": [f"{PHONE}=Anna of the CRM"]}


@pytest.fixture(autouse=True)
def _empty_desk():
    Rolodex.done.clear()


@pytest.fixture
def desk_with(store, now):
    """A desk whose first connection is told, and whose others know names."""

    def make(*rolodexes, order=("contact_name", "name", "crm")):
        desk = Desk(store, now, name_order=order)
        for position, settings in enumerate(rolodexes, start=1):
            desk.connect(f"rolodex-{position}", "ignore", position, "rolodex", settings)
        return desk

    return make


def asked():
    return [about for method, about in Rolodex.done if method == "find_caller"]


def green_api_says(desk, after, **known):
    instance = desk.snapshot().by_id[1]
    lookup = desk.store.write(lambda db: callers.claim(db, 1, instance, desk.moment(after)))

    def learned(db):
        callers.learn(db, lookup, Names(**known), desk.moment(after))
        return names.let_go(db, CHAT, desk.moment(after))

    return [bell.delivery_id for bell in desk.store.write(learned)]


def found(desk, after, person_id=1):
    service = office(desk.store, Clock(desk))
    service.clock.after = after
    find(service, person_id)
    return [delivery_id for delivery_id, _ in service.queue.delivered]


def shown(desk, after=1.0):
    caller = desk.claim(1, after).call.caller
    return caller.name, caller.source


def people(desk):
    with desk.store.read() as db:
        return db.execute(select(tables.people).order_by(tables.people.c.id)).all()


def test_green_api_and_every_system_are_asked_together(desk_with):
    desk = desk_with(ANNA, {})
    accepted = desk.hear("offer")

    assert (list(accepted.look_up), list(accepted.find)) == ([1], [1, 2])
    assert accepted.due == []


def test_what_waits_is_told_when_all_have_answered(desk_with):
    desk = desk_with(ANNA)
    desk.hear("offer")

    assert green_api_says(desk, 0.2) == []
    assert found(desk, 0.4) == [1]
    assert shown(desk) == ("Anna of the CRM", "crm")


def test_a_name_that_comes_before_in_the_order_is_not_waited_out(desk_with):
    desk = desk_with(ANNA)
    desk.hear("offer")

    assert green_api_says(desk, 0.2, name="Anya") == [1]
    assert shown(desk) == ("Anya", "name")


def test_a_better_name_that_is_being_asked_for_is_waited_for(desk_with):
    desk = desk_with(ANNA)
    desk.hear("offer")

    assert found(desk, 0.2) == []
    assert green_api_says(desk, 0.4, name="Anya") == [1]
    assert shown(desk) == ("Anya", "name")


def test_a_better_name_that_would_come_too_late_is_not_waited_for(desk_with):
    desk = desk_with(ANNA)
    for number in range(3):  # they hold the limiter's queue for three seconds
        desk.hear("offer", id_message=f"B{number}", chat=f"1555999000{number}@c.us")
    accepted = desk.hear("offer")
    [call] = [row for row in desk.calls() if row.chat_id == CHAT]

    assert found(desk, 0.2, accepted.find[0]) == [4]
    assert call.name_due is not None  # and yet it will be asked for, for the next call
    caller = desk.claim(4, 0.2).call.caller
    assert (caller.name, caller.source) == ("Anna of the CRM", "crm")


def test_where_the_crm_comes_first_its_name_is_enough(desk_with):
    desk = desk_with(ANNA, order=("crm", "contact_name"))
    desk.hear("offer")

    assert green_api_says(desk, 0.2, contact_name="Noor") == []
    assert found(desk, 0.4) == [1]
    assert shown(desk) == ("Anna of the CRM", "crm")


def test_a_known_name_of_the_crm_keeps_green_api_from_being_asked_where_it_comes_first(desk_with):
    desk = desk_with(ANNA, order=("crm", "contact_name"))
    desk.hear("offer")
    found(desk, 0.1)
    accepted = desk.hear("offer", 60, id_message="C2")

    assert (accepted.look_up, accepted.find) == ((), [])
    assert [bell.delivery_id for bell in accepted.due] == [2]


def test_of_several_systems_the_first_in_the_file_that_has_a_name_wins(desk_with):
    desk = desk_with({}, {"names": [f"{PHONE}=Second"]}, {"names": [f"{PHONE}=Third"]}, order=("crm",))
    desk.hear("offer")

    assert found(desk, 0.1, 3) == []
    assert found(desk, 0.2, 1) == []
    assert found(desk, 0.3, 2) == [1]
    assert shown(desk) == ("Second", "crm")


@pytest.mark.parametrize(
    ("chat", "order"),
    [
        ("120363041234567890@g.us", ("contact_name", "name", "crm")),
        ("98765432101234@lid", ("contact_name", "name", "crm")),
        (CHAT, ("contact_name", "name")),
    ],
)
def test_no_system_is_asked_where_there_is_no_number_or_no_need(desk_with, chat, order):
    desk = desk_with(ANNA, order=order)

    assert list(desk.hear("offer", chat=chat).find) == []


def test_no_system_is_asked_where_green_api_has_told_the_name(desk_with):
    desk = desk_with(ANNA)
    desk.know(name=None)

    assert desk.hear("offer").find == []


def test_a_paused_connection_is_not_asked(desk_with):
    desk = desk_with(ANNA)
    desk.store.write(
        lambda db: (
            db.execute(tables.connections.update().where(tables.connections.c.id == 2).values(paused_by="admin"))
            and None
        )
    )

    assert desk.hear("offer").find == []


def test_a_connection_that_hears_another_instance_is_not_asked(desk_with):
    desk = desk_with()
    desk.connect("elsewhere", "ignore", 1, "rolodex", ANNA, instances=("other",))

    assert desk.hear("offer").find == []


def test_a_connection_that_hears_this_instance_alone_gives_its_name(desk_with):
    desk = desk_with(order=("crm",))
    desk.connect("ours", "ignore", 1, "rolodex", ANNA, instances=("support",))
    desk.hear("offer")

    assert found(desk, 0.2) == [1]
    assert shown(desk) == ("Anna of the CRM", "crm")


@pytest.mark.parametrize(
    ("settings", "lasts"),
    [(ANNA, 86400), ({}, 900), ({"names": [f"{PHONE}= \u202e "]}, 900), ({"fails": "find_caller"}, 60)],
)
def test_an_answer_is_kept_for_each_connection(desk_with, settings, lasts):
    desk = desk_with(settings, order=("crm",))
    desk.hear("offer")
    found(desk, 0.0)

    assert desk.hear("offer", lasts - 1, id_message="C2").find == []
    assert desk.hear("offer", lasts + 1, id_message="C3").find == [1]


def test_a_system_that_fails_is_not_waited_for_and_its_old_answer_stands(desk_with):
    desk = desk_with(ANNA, order=("crm",))
    desk.hear("offer")
    found(desk, 0.1)
    desk.change("rolodex-1", settings={"fails": "find_caller"})
    desk.hear("offer", 90_000, id_message="C2")

    assert found(desk, 90_000.1) == [2]
    assert desk.claim(2, 90_000.2).call.caller.name == "Anna of the CRM"


@pytest.mark.parametrize("answer", [Person("Anna", "P1", parts={"owner": "7"}), None])
def test_an_answer_leaves_what_deliveries_have_noted_about_the_chat(desk_with, answer):
    desk = desk_with(ANNA, order=("crm",))
    desk.hear("offer")
    noted = Person(record_id="P0", parts={"open_task": "T1", "owner": "6"})
    desk.store.write(lambda db: asking.keep(db, 2, CHAT, noted, desk.moment()))
    desk.store.write(lambda db: asking.ask(db, 2, CHAT, desk.moment(1)))
    question = desk.store.write(lambda db: asking.claim(db, 1, desk.moment(1)))
    desk.store.write(lambda db: asking.learn(db, question, answer, desk.moment(2)))

    [row] = people(desk)
    assert row.person["parts"]["open_task"] == "T1"
    assert row.person["record_id"] == (answer.record_id if answer else None)
    assert row.person["parts"]["owner"] == ("7" if answer else "6")


def test_a_question_is_put_once_however_often_it_is_rung_for(desk_with):
    desk = desk_with(ANNA)
    desk.hear("offer")
    desk.hear("offer", id_message="C2")
    for _ in range(3):
        found(desk, 0.1)

    assert asked() == [PHONE]


def test_a_question_whose_message_is_lost_is_found_by_the_sweep(desk_with):
    desk = desk_with(ANNA)
    desk.hear("offer")
    service = office(desk.store, Clock(desk))
    sweep(service)
    assert service.queue.found == []

    service.clock.after = 1.5
    sweep(service)
    assert service.queue.found == [1]


def test_whoever_was_asking_and_never_came_back_is_given_up(desk_with):
    desk = desk_with(ANNA)
    desk.hear("offer")
    assert desk.store.write(lambda db: asking.claim(db, 1, desk.moment())).phone == PHONE
    assert desk.store.write(lambda db: asking.claim(db, 1, desk.moment(14))) is None
    assert desk.store.write(lambda db: asking.claim(db, 1, desk.moment(15))).phone == PHONE


def test_an_outcome_waits_for_the_answer_of_a_system_and_a_minute_at_most(desk_with):
    desk = desk_with(ANNA, order=("crm",))
    desk.hear("offer")
    desk.hear("pickUp", 0.5)

    assert desk.row().due_at == desk.moment(60.5)
    assert found(desk, 1.0) == [1]


def test_whom_a_delivery_found_is_handed_to_the_next_one(desk_with):
    desk = desk_with(ANNA, order=("crm",))
    desk.change("rolodex-1", policy="result")
    desk.hear("pickUp")
    found(desk, 0.1)
    row = people(desk)[0]

    assert row.person["record_id"] == "id-Anna of the CRM"
    assert desk.claim(2, 0.2).known.person == Person("Anna of the CRM", "id-Anna of the CRM")


def test_a_delivery_that_leaves_the_name_out_does_not_forget_it(desk_with):
    desk = desk_with(ANNA, order=("crm",))
    desk.hear("offer")
    found(desk, 0.1)
    desk.store.write(lambda db: asking.keep(db, 2, CHAT, Person(record_id="P9"), desk.moment(1)))

    assert people(desk)[0].person == {"name": "Anna of the CRM", "record_id": "P9", "url": None, "parts": {}}


def test_the_story_tells_who_was_asked_and_how_long_that_took(desk_with):
    desk = desk_with(ANNA, {"fails": "find_caller"})
    desk.hear("offer")
    found(desk, 0.1)
    found(desk, 0.2, 2)
    with desk.store.read() as db:
        lines = db.execute(select(tables.story).order_by(tables.story.c.id)).all()

    assert [(line.what, line.connection_id) for line in lines] == [("name", 2), ("name", 3)]
    assert [line.detail["source"] for line in lines] == ["crm", None]
    assert [line.detail["reason"] for line in lines] == [None, "The rolodex is shut."]
    assert all(line.detail["took_ms"] >= 0 for line in lines)

"""Who is calling: which name is shown, how long it is kept, and the queue of those to be asked for."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

import pytest
from desk import CHAT, Desk
from office import all_at_once
from sqlalchemy import select

from bridge import callers, instances
from bridge.callers import Names
from bridge.names import caller as shown_name
from bridge.store import tables

BOTH = Names("Noor (bakery)", "Noor")
ORDER = ("contact_name", "name", "crm")
LID = "98765432101234@lid"
GROUP = "120363041234567890@g.us"
STEP = 1.02


@pytest.fixture
def desk(store, now):
    return Desk(store, now)


def call(desk, number=0, after=0.0, **more):
    """A call of a person of its own; returns its id."""
    desk.hear("offer", after, id_message=f"C{number}", chat=more.pop("chat", f"155512300{number:02}@c.us"), **more)
    return desk.calls()[-1].id


def line(desk):
    return desk.directory.current().by_id[1]


def claim(desk, call_id=1, after=0.0):
    instance = line(desk)
    return desk.store.write(lambda db: callers.claim(db, call_id, instance, desk.moment(after)))


def learn(desk, lookup, after=0.0, names=BOTH):
    return list(desk.store.write(lambda db: callers.learn(db, lookup, names, desk.moment(after))))


def learn_nothing(desk, lookup, after=0.0):
    return list(desk.store.write(lambda db: callers.learn_nothing(db, lookup, desk.moment(after))))


def due(desk, after, limit=100):
    with desk.store.read() as db:
        return list(callers.due(db, desk.moment(after), limit))


def known(desk):
    with desk.store.read() as db:
        return db.execute(select(tables.callers.c.contact_name, tables.callers.c.name)).all()


def asks_again(desk, number, after):
    """Whether a new call of the same person would have to be looked up."""
    call(desk, number, after, chat=CHAT)
    return desk.calls()[-1].name_due is not None


@pytest.mark.parametrize(
    ("chat", "names", "order", "shown"),
    [
        (CHAT, BOTH, ORDER, ("Noor (bakery)", "contact_name", "+15551230042")),
        (CHAT, BOTH, ("name", "contact_name"), ("Noor", "name", "+15551230042")),
        (CHAT, BOTH, ("crm",), ("+1 555-123-0042", "phone", "+15551230042")),
        (CHAT, Names(None, "Noor"), ORDER, ("Noor", "name", "+15551230042")),
        (CHAT, Names(), ORDER, ("+1 555-123-0042", "phone", "+15551230042")),
        ("15551230042:7@c.us", Names(), ORDER, ("+1 555-123-0042", "phone", "+15551230042")),
        (LID, Names(), ORDER, ("hidden number", "hidden", None)),
        (LID, BOTH, ORDER, ("Noor (bakery)", "contact_name", None)),
        (GROUP, BOTH, ORDER, ("Group call", "group", None)),
        ("-1001234", BOTH, ORDER, ("Group call", "group", None)),
        ("nonsense", Names(), ORDER, ("hidden number", "hidden", None)),
    ],
)
def test_the_first_name_that_is_there_is_shown_or_what_there_is_instead(chat, names, order, shown):
    caller = shown_name(chat, names, None, order)

    assert (caller.name, caller.source, caller.phone) == shown
    assert caller.chat_id == chat


def test_nobody_is_asked_about_a_group(desk):
    call(desk, chat=GROUP)

    assert desk.calls()[0].name_due is None


def test_nobody_is_asked_for_names_that_are_not_shown(store, now):
    desk = Desk(store, now, name_order=("crm",))
    call(desk)

    assert desk.calls()[0].name_due is None


@pytest.mark.parametrize(
    ("names", "lasts"),
    [(BOTH, 86400), (Names(None, "Noor"), 86400), (Names("\u202e \u200d", "\u3164"), 900), (Names(), 900)],
)
def test_an_answer_is_kept_for_a_day_with_a_name_and_for_a_quarter_of_an_hour_without(desk, names, lasts):
    call(desk, chat=CHAT)
    assert learn(desk, claim(desk), names=names) == [1]

    assert not asks_again(desk, 1, lasts - 1)
    assert asks_again(desk, 2, lasts)


def test_after_an_error_the_old_name_stands_and_we_ask_again_after_a_minute(desk):
    call(desk, chat=CHAT)
    learn(desk, claim(desk))
    call(desk, 1, 90_000, chat=CHAT)
    assert learn_nothing(desk, claim(desk, 2, 90_000), 90_000) == [2]

    assert known(desk) == [("Noor (bakery)", "Noor")]
    assert not asks_again(desk, 2, 90_059)
    assert asks_again(desk, 3, 90_060)


def test_names_are_cleaned_before_they_are_kept(desk):
    call(desk)
    learn(desk, claim(desk), names=Names(" No\x00or\u202e\n(bakery)\ud800 ", "x" * 300))

    assert known(desk) == [("No\ufffdor (bakery)\ufffd", "x" * 80)]


def test_each_person_gets_a_place_in_the_queue_one_interval_after_the_last(desk):
    for number in range(3):
        call(desk, number)

    places = [(one.name_due - desk.start) / timedelta(seconds=1) for one in desk.calls()]
    assert places == pytest.approx([0, STEP, 2 * STEP])


def test_calls_of_one_person_share_one_place_and_one_answer(desk):
    for number in range(3):
        call(desk, number, number, chat=CHAT)
    assert {one.name_due for one in desk.calls()} == {desk.start}

    assert sorted(learn(desk, claim(desk, 1, 3), 3)) == [1, 2, 3]
    assert {one.name_due for one in desk.calls()} == {None}


def test_the_queue_begins_anew_after_a_quiet_time(desk):
    for number in range(3):
        call(desk, number)
    call(desk, 3, 60)

    assert desk.calls()[-1].name_due == desk.moment(60)


def test_the_limit_holds_however_many_ask_at_once(desk):
    ids = [call(desk, number) for number in range(8)]
    granted = []

    def ask(after, call_id):
        if lookup := claim(desk, call_id, after):
            granted.append((after, lookup.call_id))

    for after in [100 + 0.51 * round_ for round_ in range(2 * len(ids))]:
        all_at_once(partial(ask, after), ids)

    assert [after for after, _ in granted] == pytest.approx([100 + STEP * number for number in range(len(ids))])
    assert sorted(call_id for _, call_id in granted) == ids


def test_a_question_that_is_not_due_is_not_put(desk):
    call(desk, 0)
    call(desk, 1)

    assert claim(desk, 2, 0.5) is None
    assert claim(desk, 3) is None
    assert claim(desk, 2, STEP).chat_id == "15551230001@c.us"


def test_one_who_asks_and_does_not_come_back_is_given_up_after_a_quarter_of_a_minute(desk):
    call(desk)
    assert claim(desk)

    assert claim(desk, after=14) is None
    assert due(desk, 14) == []
    assert due(desk, 15) == [1]
    assert claim(desk, after=15)


def test_of_those_who_wait_the_first_of_each_instance_is_asked_for(desk):
    for number in range(3):
        call(desk, number)

    assert due(desk, 10) == [1]
    claim(desk, 1, 10)
    assert due(desk, 10) == []
    assert claim(desk, 2, 10.5) is None  # it waits until the limit allows it
    assert due(desk, 10 + STEP) == [3]


def test_asked_for_a_pause_we_ask_nobody_before_it_is_over(desk):
    call(desk, 0)
    call(desk, 1)
    lookup = claim(desk)
    desk.store.write(lambda db: callers.ask_later(db, lookup, desk.moment(20)))

    assert claim(desk, 2, 19) is None
    assert due(desk, 19) == []
    assert due(desk, 20) == [1]
    assert claim(desk, 1, 20)


def test_a_shorter_pause_does_not_end_a_longer_one(desk):
    call(desk)
    lookup = claim(desk)
    desk.store.write(lambda db: callers.ask_later(db, lookup, desk.moment(20)))
    desk.store.write(lambda db: callers.ask_later(db, lookup, desk.moment(5)))

    assert claim(desk, after=19) is None


def test_a_call_that_nobody_can_be_asked_about_waits_no_longer(desk):
    call(desk)
    forget = partial(callers.forget_removed, call_id=1)
    desk.store.write(forget)
    assert desk.calls()[0].name_due is not None

    [instance] = desk.directory.current().by_id.values()
    desk.store.write(lambda db: instances.remove(db, instance, desk.moment()))

    desk.store.write(forget)
    with desk.store.read() as db:
        assert callers.asking(db, 1) is None
    assert due(desk, 100) == []

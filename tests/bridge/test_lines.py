"""Whoever waits for a connection that rests keeps the place in its line, and costs nothing meanwhile."""

from __future__ import annotations

import pytest
from desk import DONE, NOT_NOW, Desk

from bridge import breakers
from bridge.store import tables

PEOPLE = 20


@pytest.fixture
def desk(store, now):
    desk = Desk(store, now, policies=("all",))
    for number in range(1, PEOPLE + 1):
        desk.know(f"1555{number:07}@c.us")
    return desk


def hear(desk, number, after=0.0, status="pickUp"):
    desk.hear(status, after, id_message=f"C{number}", chat=f"1555{number:07}@c.us")


def lined_up(desk, until=10.0):
    """Everybody waits until then; returns the deliveries in the order in which they came."""
    rest(desk, until)
    for number in range(1, PEOPLE + 1):
        hear(desk, number)
    backwards = range(PEOPLE, 0, -1)  # messages arrive in any order
    assert [desk.claim(one, 1.0) for one in backwards] == [None] * PEOPLE
    return list(range(1, PEOPLE + 1))


def rest(desk, until):
    desk.store.write(lambda db: breakers.rest(db, 1, desk.moment(until)))


def test_nobody_is_rung_for_while_the_connection_rests(desk):
    lined_up(desk)

    assert desk.swept(9.9) == []


def test_one_after_the_other_is_rung_for_in_the_order_in_which_they_came(desk):
    line = lined_up(desk)

    assert [desk.swept(10 + after) for after in range(5)] == [[one] for one in line[:5]]


def test_those_behind_keep_their_places_however_often_it_rests(desk):
    line = lined_up(desk)
    for one in line[:2]:
        desk.tell(one, DONE, 10)
    rest(desk, 20)
    assert [desk.claim(one, 11) for one in line[2:8]] == [None] * 6

    assert desk.swept(20) == line[2:3]


def test_who_comes_when_the_pause_is_just_over_goes_behind_the_line(desk):
    lined_up(desk)
    desk.know("15559999999@c.us")
    desk.hear("pickUp", 10, id_message="late", chat="15559999999@c.us")
    newcomer = PEOPLE + 1

    assert desk.claim(newcomer, 10) is None
    assert desk.claim(1, 10)
    assert [desk.swept(10) for _ in range(PEOPLE)][-1] == [newcomer]
    assert desk.claim(newcomer, 10)


def test_a_phone_that_rings_goes_before_those_that_do_not_any_more(desk):
    line = lined_up(desk)
    desk.know("15559999999@c.us")
    desk.hear("offer", 9, id_message="rings", chat="15559999999@c.us")
    ringing = PEOPLE + 1
    assert desk.claim(ringing, 9) is None

    assert [desk.swept(10), desk.swept(10)] == [[ringing], line[:1]]
    assert desk.claim(ringing, 10)


def test_of_those_who_wait_for_a_system_that_does_not_answer_one_is_rung_for(desk):
    line = lined_up(desk, until=10)
    broken = tables.connections.update().values(broken_for=15)
    desk.store.write(lambda db: db.execute(broken) and None)

    assert desk.swept(10) == line[:1]
    desk.tell(1, NOT_NOW, 10)
    assert desk.swept(11) == []


def test_what_another_connection_is_owed_goes_out_all_the_same(desk):
    desk.connect("second", "all")
    rest(desk, 10)
    hear(desk, 1)

    assert desk.swept(11) == [2, 1]

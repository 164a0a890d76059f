"""The lines of a story that say what came of each attempt to tell it."""

from __future__ import annotations

from desk import DONE, LOCKED_OUT, NOT_NOW, PERHAPS, REFUSED
from narrator import ends, told
from sqlalchemy import update

from bridge.policies import Delivered
from bridge.store import tables


def test_each_way_in_which_an_attempt_ends_has_its_words(desk):
    desk.know()
    desk.hear("missed")
    desk.tell(1, PERHAPS, 1)
    desk.tell(1, REFUSED, 4)
    desk.tell(2, LOCKED_OUT, 5)

    assert [text for _, _, text in told(desk, "attempt")] == [
        "missed perhaps told: It did not answer in time; took 0 ms, to be tried again",
        "missed not told, and given up: It refused; took 0 ms",
        "missed not told: The credentials are refused; took 0 ms, and the connection was paused",
    ]
    assert ends(desk)["sales"].next == "Once the cause is mended, `ringbridge delivery replay 1`"
    assert ends(desk)["crm"].text == "owes missed, told nothing. The credentials are refused."
    assert ends(desk)["crm"].next == (
        "Mend its credentials until `ringbridge connection check crm` finds nothing, "
        "then `ringbridge connection resume crm`"
    )


def test_an_attempt_whose_worker_never_came_back_is_told_apart_from_one_under_way(desk):
    desk.know()
    desk.hear("missed")
    lost = desk.claim(1, 1)
    assert ends(desk, after=10)["sales"].text == "owes missed, told nothing, and is being told at this moment."
    assert [text for _, _, text in told(desk, "attempt", after=10)] == ["missed is being told at this moment"]

    nobody_knows = "whether missed was told, nobody knows: the worker never came back"
    assert [text for _, _, text in told(desk, "attempt", after=90)] == [nobody_knows]
    desk.tell(1, DONE, 90)
    assert [text for _, _, text in told(desk, "attempt", after=91)] == [nobody_knows, "missed told; took 0 ms"]
    desk.settle(lost, DONE, 95)
    assert told(desk, "attempt")[0][2] == "came back too late, after 94.0 s: somebody else had taken over"


def test_a_popup_that_is_taken_away_is_not_told_as_ringing(desk):
    desk.know()
    desk.hear("offer")
    desk.tell(2, DONE, 1)

    # What `webhook` cannot do is owed as `deliveries.owe` would owe it to a connector that can.
    def withdraw(db):
        values = {"state": "due", "withdrawn": False, "due_at": desk.moment(19), "rung_at": None}
        db.execute(update(tables.deliveries).where(tables.deliveries.c.id == 2).values(**values))

    desk.hear("missed", 19)
    desk.store.write(withdraw)
    assert ends(desk)["popup"].text.startswith("told ringing, and its popup is to be taken away; due since")
    desk.tell(2, NOT_NOW, 20)
    desk.tell(2, Delivered(None), 30)

    assert [text for _, _, text in told(desk, "attempt")] == [
        "ringing told; took 0 ms",
        "popup not taken away: It did not answer; took 0 ms, to be tried again",
        "popup taken away; took 0 ms",
    ]
    assert ends(desk)["popup"].text == "told ringing; its popup was taken away"


def test_what_five_workers_died_of_is_told(desk):
    desk.know()
    desk.hear("missed")
    for number in range(6):
        desk.claim(1, number * 100.0)

    [failed] = told(desk, "failed")
    assert failed[2].startswith("5 attempts in a row ended with their worker")

"""Calls through the API: the list, chosen and a page at a time, and the story of each, as the commands have them."""

from __future__ import annotations

import pytest
from programs import walked

from bridge import listing, stories

on_sqlite = pytest.mark.parametrize("store", ["sqlite"], indirect=True)


def test_calls_are_those_of_the_command(operator, store):
    with store.read() as db:
        expected = listing.recent_calls(db, None)

    assert operator.get("/calls").json == expected
    assert [one["status"] for one in expected] == ["missed"]


@pytest.mark.parametrize(
    ("query", "count"),
    [("status=missed", 1), ("status=answered", 0), ("status=answered&status=missed", 1), ("instance=support", 1),
     ("connection=all-0", 1), ("search=noor", 1), ("search=nobody", 0), ("search=%2B1555", 1), ("since=2026-11-20", 1),
     ("until=2026-11-20", 0), ("since=2026-11-21", 0), ("search=%25", 0)],
)  # fmt: skip
def test_calls_are_chosen_by_a_query(operator, query, count):
    assert len(operator.get(f"/calls?{query}").json) == count


@on_sqlite
@pytest.mark.parametrize("query", ["instance=nobody", "connection=nobody", "instance=%00"])
def test_a_choice_that_can_never_fit_is_a_mistake(operator, query):
    answer = operator.get(f"/calls?{query}")

    assert (answer.status_code, answer.content_type) == (404, "application/problem+json")


def test_pages_of_calls_follow_each_other_by_the_link(operator, desk):
    for number in range(4):
        desk.hear("offer", after=60.0 + number, id_message=f"N{number}", chat=f"1555000000{number}@c.us")

    assert walked(operator, "/calls?limit=2") == ["N3", "N2", "N1", "N0", "C1"]


def test_a_place_in_the_list_may_be_any_that_can_be_written(operator):
    assert operator.get(f"/calls?after={'9' * 17}-{'9' * 18}").json == operator.get("/calls").json
    assert operator.get("/calls?after=0-0711840949520").json == []


def test_the_story_of_a_call_is_that_of_the_command(operator, store, desk):
    [call] = operator.get("/calls").json
    with store.read() as db:
        expected = stories.of_call(db, call["id"], desk.moment())

    assert operator.get(f"/calls/{call['id']}").json == expected
    assert operator.get(f"/calls/{call['id_message']}").json == expected
    assert operator.get("/calls/nothing").status_code == 404

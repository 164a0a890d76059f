"""The lines of a story that say who is told what, and by which policy."""

from __future__ import annotations

from dataclasses import replace

from desk import Desk
from narrator import connection, ends, told

from bridge import connections
from connectors.kit import Policy


def test_a_connection_that_ignores_calls_and_one_that_only_hears_ringing_are_told_nothing_of_a_call_that_is_over(desk):
    desk.connect("archive", "ignore")
    desk.hear("missed")

    assert [(name, text) for _, name, text in told(desk, "policy")] == [
        ("sales", "policy all: is told the outcome"),
        ("popup", "policy ring: is told nothing: the call was over when we first heard of it"),
        ("crm", "policy result: is told the outcome"),
        ("archive", "policy ignore: is told nothing"),
    ]
    assert ends(desk)["archive"].text == "owed nothing by its policy ignore."


def test_where_no_connection_hears_of_an_instance_the_story_says_so(store, now):
    desk = Desk(store, now, [])
    desk.hear("offer")

    assert told(desk, "policy") == [
        ("policy", None, "No connection heard of this instance when the call came in: nobody is told.")
    ]


def test_a_policy_added_or_changed_during_the_call_is_told(desk):
    desk.hear("offer")
    sales = connection(desk, "sales")
    changed = replace(sales.config, policy=Policy.RING)
    desk.store.write(lambda db: connections.save(db, desk.store.secrets, changed, 0, sales))
    desk.connect("new", "result")
    desk.hear("missed", 20)

    assert [(name, text) for _, name, text in told(desk, "policy")][3:] == [
        ("sales", "changed since to policy ring: is told nothing more, for the call is over"),
        ("new", "added since with policy result: is told the outcome"),
    ]

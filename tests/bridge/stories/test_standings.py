"""How each connection stands with a call: what it is owed, since when, and what has to be done for it."""

from __future__ import annotations

from dataclasses import replace

from desk import NOT_NOW
from narrator import connection, ends

from bridge import connections, heartbeats


def test_a_connection_of_other_instances_or_of_later_is_owed_nothing_and_it_is_said_why(desk):
    config = replace(connection(desk, "sales").config, name="berlin", instances=("berlin",))
    desk.store.write(lambda db: connections.save(db, desk.store.secrets, config, 5, None))
    desk.hear("offer")
    desk.connect("late", "all", 6)

    assert {name: (one.state, one.text) for name, one in ends(desk).items() if one.state is None} == {
        "crm": (None, "owed nothing yet by its policy result."),
        "berlin": (None, "owed nothing: it hears of berlin only."),
        "late": (None, "owed nothing: it was added, or given this instance, after the call came in."),
    }


def test_what_is_due_says_whether_anybody_is_at_work(desk):
    desk.know()
    desk.hear("missed")
    assert ends(desk, 5)["sales"].next == "Start `ringbridge up`, or `worker` and `beat`: nobody is at work."
    desk.store.write(lambda db: heartbeats.beat(db, desk.moment(5)))
    assert ends(desk, 5)["sales"].next is None
    assert ends(desk, 5)["sales"].text == "owes missed, told nothing; due since 2026-11-20T14:03:12Z."

    desk.tell(1, NOT_NOW, 5)
    assert ends(desk, 5)["sales"].text == (
        "owes missed, told nothing; 1 attempt so far. It did not answer. Next try at 2026-11-20T14:03:19Z."
    )


def test_ringing_that_waits_for_a_name_says_so(desk):
    desk.hear("offer")

    assert ends(desk, 0)["sales"].text == (
        "owes ringing, told nothing; the caller's name is waited for until 2026-11-20T14:03:13Z."
    )

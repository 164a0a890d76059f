"""The lines of a story that say what was put aside, and why: too late, removed, or held."""

from __future__ import annotations

from narrator import connection, ends, told

from bridge import holding
from bridge.store import tables


def test_late_ringing_and_a_removed_connection_are_told_once_each(desk):
    desk.know()
    desk.hear("offer")
    desk.claim(1, 60)
    desk.hear("missed", 61)
    desk.store.write(lambda db: holding.remove(db, connection(desk, "sales"), desk.moment(70)))

    assert told(desk, "skipped") == [
        ("skipped", "sales", "It was too late to ring by the time that this could be told."),
        ("skipped", "popup", "It was too late to ring by the time that this could be told."),
        ("skipped", "sales", "The connection was removed."),
    ]
    assert ends(desk)["sales"].text == "told nothing. The connection was removed."


def test_a_row_that_was_skipped_before_such_lines_were_written_is_told_too(desk):
    desk.hear("missed")
    desk.store.write(lambda db: holding.remove(db, connection(desk, "crm"), desk.moment(70)))
    desk.store.write(lambda db: db.execute(tables.story.delete()) and None)

    assert told(desk, "skipped") == [("skipped", "crm", "The connection was removed.")]


def test_removing_a_connection_writes_a_line_for_each_call_that_is_owed_to_it(desk):
    for number in range(3):
        desk.hear("missed", number, id_message=f"C{number}")
    desk.store.write(lambda db: holding.remove(db, connection(desk, "crm"), desk.moment(70)))

    for number in range(3):
        assert told(desk, "skipped", key=f"7103111222-C{number}") == [("skipped", "crm", "The connection was removed.")]


def test_what_was_held_says_so_and_why(desk):
    desk.know()
    desk.store.write(lambda db: holding.pause(db, 1, "admin", "By hand.", desk.moment()))
    desk.hear("declined", 1)
    desk.hear("declined", 2, id_message="C2")
    desk.store.write(lambda db: holding.resume(db, 1, desk.moment(5)))
    desk.store.write(lambda db: holding.pause(db, 1, "admin", "Again.", desk.moment(6)))

    assert [line for line in told(desk) if line[0] == "held"] == [
        ("held", "sales", "By hand."),
        ("held", "sales", "Again."),
    ]

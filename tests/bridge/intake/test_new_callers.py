"""A caller whose name nobody knows yet: how long what is owed waits for it."""

from __future__ import annotations

import threading

from desk import Desk


def test_a_new_caller_is_waited_for_a_moment_and_then_told_by_number(store, now):
    desk = Desk(store, now)

    accepted = desk.hear("offer")

    assert (accepted.due, accepted.look_up) == ([], (1,))
    assert desk.row().due_at == desk.moment(1.5)


def test_nobody_waits_for_a_name_that_would_come_too_late(store, now):
    desk = Desk(store, now)
    for number in range(4):
        desk.hear("offer", id_message=f"C{number}", chat=f"1555123000{number}@c.us")

    dues = [desk.row(number).due_at for number in range(1, 5)]

    assert dues == [desk.moment(1.5), desk.moment(1.5), desk.moment(0), desk.moment(0)]


def test_an_outcome_waits_up_to_a_minute_for_a_name(store, now):
    desk = Desk(store, now, ["result"])
    desk.hear("offer")

    assert desk.hear("declined", 1).due == []
    assert desk.row().due_at == desk.moment(61)


def test_many_new_callers_at_once_on_one_instance_do_not_wait_for_each_other_for_ever(store, now):
    desk = Desk(store, now, ["result"])
    barrier, verdicts = threading.Barrier(12), []

    def hear(number):
        barrier.wait()
        verdicts.append(desk.hear("offer", id_message=f"N{number}", chat=f"155512300{number:02}@c.us").verdict)

    threads = [threading.Thread(target=hear, args=(number,)) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)

    assert verdicts == ["call"] * 12
    if store.engine.dialect.name == "postgresql":
        with store.engine.connect() as db:
            deadlocks = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"
            assert db.exec_driver_sql(deadlocks).scalar() == 0

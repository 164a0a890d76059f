"""What is owed to a connection that is held, resumed or removed before a worker takes it."""

from __future__ import annotations

from desk import LOCKED_OUT
from sqlalchemy import select

from bridge import connections, holding
from bridge.directory import Directory
from bridge.policies import TryAgain
from bridge.store import tables


def test_refused_credentials_hold_all_that_the_connection_is_owed(desk):
    desk.hear("pickUp", id_message="C1")
    desk.hear("pickUp", id_message="C2", chat="15551230043@c.us")
    desk.tell(1, LOCKED_OUT)
    desk.hear("pickUp", 5, id_message="C3", chat="15551230044@c.us")

    with desk.store.read() as db:
        states = db.execute(select(tables.deliveries.c.state)).scalars().all()
        [connection] = connections.active(db, desk.store.secrets)
    assert states == ["held"] * 3
    assert (connection.paused_by, connection.reason) == ("credentials", "The credentials are refused.")


def test_what_was_held_goes_out_on_resuming_but_ringing_does_not(desk):
    desk.hear("pickUp", id_message="C1")
    desk.tell(1, LOCKED_OUT)
    desk.hear("offer", 1, id_message="C2", chat="15551230043@c.us")

    desk.store.write(lambda db: holding.resume(db, 1, desk.moment(600)))

    assert desk.tell(1, after=600) is not None
    assert desk.tell(2, after=600) is None
    assert desk.row(2).state == "skipped"


def test_what_may_have_been_written_is_looked_for_no_sooner_because_its_connection_was_paused_meanwhile(desk):
    desk.hear("pickUp")
    desk.tell(1, TryAgain("It did not answer in time.", 45.0, "unknown"))
    desk.store.write(lambda db: holding.pause(db, 1, "admin", "paused by hand", desk.moment(5)))
    desk.store.write(lambda db: holding.resume(db, 1, desk.moment(10)))

    assert desk.claim(after=44) is None
    assert desk.claim(after=45) is not None


def test_a_claim_judges_by_the_store_and_not_by_an_older_view(desk):
    desk.hear("pickUp", id_message="C1")
    desk.store.write(lambda db: connections.pause(db, 1, "admin", "paused by hand"))
    assert desk.claim() is None
    assert desk.row().state == "held"


def test_nothing_is_told_to_a_connection_that_was_removed(desk):
    desk.hear("pickUp")
    [connection] = Directory(desk.store).current().connections

    desk.store.write(lambda db: holding.remove(db, connection, desk.moment(1)))

    assert desk.claim(after=2) is None
    assert desk.states()["all-0"] == ("skipped", "answered", None)
    assert desk.row().reason == holding.REMOVED

"""Claim and settle: one worker at a time, nothing told twice knowingly, nothing owed forgotten."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from desk import CHAT, DONE, LOCKED_OUT, NOT_NOW, PERHAPS, REFUSED, Desk
from sqlalchemy import select, update

from bridge import claims, connections, deliveries, holding, instances
from bridge.deliveries import Doorbell
from bridge.directory import Directory
from bridge.instances import InstanceConfig
from bridge.policies import Delivered, TryAgain
from bridge.store import tables
from connectors.kit import CallStatus, Person, Receipt


@pytest.fixture
def desk(store, now):
    desk = Desk(store, now, ["all"])
    desk.know()
    return desk


def attempts(desk):
    query = select(tables.attempts.c.status, tables.attempts.c.outcome).order_by(tables.attempts.c.id)
    with desk.store.read() as db:
        return [tuple(row) for row in db.execute(query)]


def test_a_claim_holds_all_that_a_connector_needs(desk):
    desk.hear("offer")
    desk.hear("declined", 5)

    claim = desk.claim(after=6)

    call = claim.call
    assert (call.id, call.status, call.label) == ("7103111222-C1", CallStatus.MISSED, "Missed call")
    assert (call.caller.name, call.caller.source, call.caller.phone) == (
        "Noor (bakery)",
        "contact_name",
        "+15551230042",
    )
    assert call.summary == "Missed call: Noor (bakery) (+15551230042), line support, 2026-11-20 14:03 UTC"
    assert (call.started_at, call.outcome_at) == (desk.moment(), desk.moment(5))
    assert (claim.known.receipt, claim.known.told, claim.known.unsure) == (None, None, False)


def test_a_delivery_is_claimed_by_one_worker_only(desk):
    desk.hear("offer")
    barrier, claims = threading.Barrier(16), []

    def work():
        barrier.wait()
        claims.append(desk.claim())

    threads = [threading.Thread(target=work) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len([claim for claim in claims if claim]) == 1


def test_two_calls_of_one_person_are_told_one_after_the_other(desk):
    desk.hear("offer", id_message="C1")
    desk.hear("offer", id_message="C2")
    barrier, claims = threading.Barrier(2), []

    def work(delivery_id):
        barrier.wait()
        claims.append(desk.claim(delivery_id))

    threads = [threading.Thread(target=work, args=(number,)) for number in (1, 2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    [claim] = [claim for claim in claims if claim]
    waiting = 3 - claim.delivery_id
    assert desk.settle(claim) == [Doorbell(waiting, ringing=True)]
    assert desk.claim(waiting) is not None


def test_of_two_calls_of_one_person_the_second_waits_for_whoever_is_about_to_take_the_first(desk):
    desk.hear("offer", id_message="C1")
    desk.hear("offer", id_message="C2")
    took_the_first, asked_for_the_second, second = threading.Event(), threading.Event(), []

    def take_the_first(db):
        claim = claims.claim(db, 1, "worker", desk.moment(), lease=timedelta(seconds=60), ring_seconds=45)
        took_the_first.set()
        asked_for_the_second.wait(0.5)  # nothing is committed: nobody else can see that it is taken
        return claim

    def take_the_second():
        took_the_first.wait(10)
        second.append(desk.claim(2))
        asked_for_the_second.set()

    thread = threading.Thread(target=take_the_second)
    thread.start()
    first = desk.store.write(take_the_first)
    thread.join()

    assert first is not None
    assert second == [None]


def test_one_connection_waits_for_no_other(desk):
    desk.connect("another", "all")
    desk.hear("offer")

    assert desk.claim(1) is not None
    assert desk.claim(2) is not None


def test_a_caller_has_the_name_that_this_line_knows_whatever_another_one_calls_them(desk):
    config = InstanceConfig(
        name="sales", id_instance="7103111223", api_url="https://api.example.com", api_token="t0ken",
        webhook_tokens=("another",),
    )  # fmt: skip
    elsewhere = {"instance_id": 2, "chat_id": CHAT, "contact_name": "Somebody else"}
    elsewhere |= {"checked_at": desk.start, "expires_at": desk.moment(86400)}
    desk.store.write(lambda db: instances.save(db, desk.store.secrets, config, None))
    desk.store.write(lambda db: db.execute(tables.callers.insert(), elsewhere) and None)
    desk.hear("offer")

    assert desk.claim().call.caller.name == "Noor (bakery)"


def test_what_is_known_of_one_person_is_handed_to_nobody_elses_delivery(desk):
    desk.know("15551230043@c.us")
    desk.hear("pickUp", id_message="C1")
    desk.tell(1, Delivered(Receipt("R1", person=Person(record_id="P1"))))
    desk.hear("pickUp", 1, id_message="C2", chat="15551230043@c.us")
    desk.hear("pickUp", 1, id_message="C3")

    assert desk.claim(2, 1).known.person is None
    assert desk.claim(3, 1).known.person.record_id == "P1"


def test_a_settled_delivery_is_delivered_and_not_claimed_again(desk):
    desk.hear("offer")
    desk.tell()

    assert desk.states() == {"all-0": ("delivered", "ringing", "ringing")}
    assert desk.claim(after=100) is None
    assert attempts(desk) == [("ringing", "delivered")]


def test_an_outcome_that_arrives_during_the_telling_of_the_ringing_is_told_next(desk):
    desk.hear("offer")
    claim = desk.claim()
    assert desk.hear("pickUp", 1).due == []

    assert desk.settle(claim, after=2) == [Doorbell(1, ringing=False)]

    assert desk.states() == {"all-0": ("due", "answered", "ringing")}
    following = desk.claim(after=3)
    assert following.call.status is CallStatus.ANSWERED
    assert following.known.told is CallStatus.RINGING


def test_an_outcome_that_arrives_while_the_ringing_fails_is_told_next(desk):
    desk.hear("offer")
    claim = desk.claim()
    desk.hear("pickUp", 1)
    desk.settle(claim, NOT_NOW, after=2)

    assert desk.row().due_at == desk.moment(2)
    assert desk.row().attempts == 0


def test_a_worker_that_died_leaves_its_delivery_to_others_when_the_lease_ends(desk):
    desk.hear("offer")
    desk.hear("pickUp", 1)
    desk.claim(after=2)

    assert (desk.claim(after=61), desk.swept(61)) == (None, [])
    assert desk.swept(62) == [1]
    again = desk.claim(after=62)
    assert again.known.unsure is True
    assert again.attempts == 2


def test_a_worker_that_comes_back_after_its_lease_changes_nothing(desk):
    desk.hear("offer")
    desk.hear("pickUp", 1)
    slow = desk.claim(after=2)
    quick = desk.claim(after=62)
    desk.settle(quick, Delivered(Receipt("mine")), after=63)

    assert desk.settle(slow, Delivered(Receipt("too late")), after=64) == []

    assert desk.row().receipt["record_id"] == "mine"
    assert attempts(desk) == [("answered", "lost"), ("answered", "delivered")]


def test_a_restarted_process_frees_what_its_predecessor_carried(desk):
    desk.hear("offer")
    desk.hear("pickUp", 1)
    desk.claim(after=2, holder="up@host")
    desk.store.write(lambda db: holding.free_leases(db, "up@elsewhere", desk.moment(3)))
    assert desk.claim(after=3) is None

    desk.store.write(lambda db: holding.free_leases(db, "up@host", desk.moment(3)))

    assert desk.claim(after=3).known.unsure is True


def test_an_attempt_that_may_have_written_is_known_to_the_next(desk):
    desk.hear("pickUp")
    desk.tell(outcome=PERHAPS)
    second = desk.claim(after=3)
    assert second.known.unsure is True

    desk.settle(second, NOT_NOW, after=4)
    third = desk.claim(after=10)
    assert third.known.unsure is True  # that the second did not get through says nothing of the first

    desk.settle(third, DONE, after=11)
    assert desk.row().unsure is False


def test_an_attempt_that_did_not_get_through_leaves_no_doubt(desk):
    desk.hear("pickUp")
    desk.tell(outcome=NOT_NOW)

    assert desk.claim(after=3).known.unsure is False


def test_a_failed_attempt_is_tried_again_in_time(desk):
    desk.hear("pickUp")
    desk.tell(outcome=NOT_NOW)

    assert desk.states() == {"all-0": ("due", "answered", None)}
    assert (desk.swept(1.9), desk.swept(2)) == ([], [1])
    assert (desk.row().reason, desk.row().attempts) == ("It did not answer.", 1)


def test_a_refusal_fails_the_delivery_and_a_new_status_revives_it(desk):
    desk.hear("offer")
    desk.tell(outcome=REFUSED)
    assert desk.states() == {"all-0": ("failed", "ringing", None)}

    desk.hear("pickUp", 5)

    assert desk.states() == {"all-0": ("due", "answered", None)}
    assert desk.row().attempts == 0


def test_after_three_days_a_delivery_is_given_up(desk):
    desk.hear("pickUp")
    desk.tell(outcome=NOT_NOW)
    hours = 3600
    desk.tell(outcome=NOT_NOW, after=71 * hours)
    assert desk.states() == {"all-0": ("due", "answered", None)}

    desk.tell(outcome=NOT_NOW, after=73 * hours)

    assert desk.states() == {"all-0": ("failed", "answered", None)}


def test_what_is_known_of_the_record_is_handed_on(desk):
    receipt = Receipt("R1", "https://crm.example.com/r/1", {"popup": "7"}, Person("Noor", "P1", parts={"owner": "3"}))
    desk.hear("offer")
    desk.tell(outcome=Delivered(receipt))
    desk.hear("pickUp", 5)

    claim = desk.claim(after=6)
    assert claim.known.receipt == receipt

    desk.settle(claim, Delivered(None), after=7)
    assert desk.row().receipt["record_id"] == "R1"


@pytest.mark.parametrize("store", ["postgresql"], indirect=True)  # SQLite has one writer at a time
def test_late_ringing_is_put_aside_though_the_outcome_is_being_written_down(desk):
    """Which has the call, and is about to wait for its deliveries: one of the two would be rolled back, and late."""
    desk.hear("offer")
    with desk.store.engine.begin() as other:
        other.execute(select(tables.calls).with_for_update(key_share=True))
        claiming = threading.Thread(target=lambda: desk.claim(after=3600))
        claiming.start()
        claiming.join(10)
        assert not claiming.is_alive()

    assert desk.states()["all-0"] == ("skipped", CallStatus.RINGING, None)


def test_late_ringing_is_never_told_and_the_outcome_still_is(desk):
    desk.hear("offer")

    assert desk.claim(after=45.5) is None

    assert desk.states() == {"all-0": ("skipped", "ringing", None)}
    assert desk.row().reason == deliveries.TOO_LATE
    assert desk.calls()[0].late is True
    desk.hear("pickUp", 50)
    assert desk.claim(after=50).call.status is CallStatus.ANSWERED


def test_ringing_is_told_up_to_its_limit(desk):
    desk.hear("offer")

    assert desk.claim(after=45) is not None


def test_ringing_is_not_told_once_the_outcome_is_stored(store, now):
    desk = Desk(store, now, ["ring"])
    desk.know()
    desk.hear("offer")
    claim = desk.claim()
    desk.hear("pickUp", 1)
    desk.settle(claim, NOT_NOW, after=2)

    assert desk.claim(after=5) is None
    assert desk.states() == {"ring-0": ("skipped", "ringing", None)}
    assert desk.calls()[0].late is False


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


def test_a_message_that_was_lost_is_put_on_the_queue_again(desk):
    desk.hear("pickUp")

    assert (desk.swept(1), desk.swept(10), desk.swept(11), desk.swept(20)) == ([], [1], [], [1])


def test_a_held_row_is_neither_due_nor_leased(desk):
    desk.hear("pickUp")
    desk.tell(outcome=LOCKED_OUT)

    row = desk.row()
    assert (row.due_at, row.lease_until, row.leased_by) == (None, None, None)


def test_every_row_is_due_leased_held_or_at_rest(desk):
    """A row that is none of these would be waited for by nobody."""
    desk.hear("offer")
    for outcome in (NOT_NOW, PERHAPS, DONE):
        claim = desk.claim(after=5)
        if claim:
            assert desk.row().lease_until == desk.row().due_at
            desk.settle(claim, outcome, after=5)
        row = desk.row()
        assert (row.state == "due") == (row.due_at is not None)
        desk.store.write(
            lambda db: (
                db.execute(
                    update(tables.deliveries).where(tables.deliveries.c.state == "due").values(due_at=desk.moment())
                )
                and None
            )
        )

"""Replays: failed and held deliveries are told again, and nothing is told that must not be."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from desk import LOCKED_OUT, NOT_NOW, REFUSED, Desk
from sqlalchemy import select, update

from bridge import holding, replays
from bridge.directory import Directory
from bridge.policies import Delivered
from bridge.replays import Choice
from bridge.settings import Settings
from bridge.store import open_store, tables
from connectors.kit import Receipt


@pytest.fixture
def desk(store, now):
    desk = Desk(store, now, ["all", "ring"])
    desk.know()
    return desk


def replay(desk, *ids, again=False, after=100.0):
    """{id: hindrance}."""
    return {one.delivery_id: one.hindrance for one in replays.of_ids(desk.store, ids, desk.moment(after), again=again)}


def text(desk, delivery_id, after=100.0):
    [one] = replays.of_ids(desk.store, [delivery_id], desk.moment(after), again=False)
    return one.text


def replay_all(desk, *, states=("failed", "held"), again=False, **choice):
    choice = Choice(states, **choice)
    return [
        (one.delivery_id, one.hindrance) for one in replays.of_choice(desk.store, choice, desk.moment(100), again=again)
    ]


def change(desk, delivery_id, **values):
    statement = update(tables.deliveries).where(tables.deliveries.c.id == delivery_id).values(**values)
    desk.store.write(lambda db: db.execute(statement) and None)


def pause(desk, position=0, by="admin"):
    one = Directory(desk.store).current().connections[position]
    desk.store.write(lambda db: holding.pause(db, one.id, by, "Paused by hand.", desk.moment(50)))


def stories(desk):
    query = select(tables.story.c.what, tables.story.c.connection_id, tables.story.c.detail).order_by(tables.story.c.id)
    with desk.store.read() as db:
        return [tuple(row) for row in db.execute(query)]


def test_a_failed_delivery_begins_from_the_beginning_and_keeps_what_is_known(desk):
    desk.hear("missed")
    desk.tell(1, NOT_NOW, 1)
    change(desk, 1, deaths=3, failed_for=7)
    desk.tell(1, REFUSED.__class__("It refused.", unsure=True, receipt=Receipt("R7")), 4)
    assert desk.row().state == "failed"

    assert replay(desk, 1) == {1: None}

    row = desk.row()
    assert (row.state, row.due_at, row.rung_at, row.reason) == ("due", desk.moment(100), None, None)
    assert (row.attempts, row.deaths, row.failing_since, row.failed_for) == (0, 0, None, None)
    assert (row.unsure, row.receipt["record_id"]) == (True, "R7")
    assert stories(desk) == [("replayed", 1, {"delivery": 1, "owes": "missed", "was": "failed"})]
    assert desk.swept(100) == [1]
    known = desk.claim(1, 101).known
    assert (known.unsure, known.receipt.record_id) == (True, "R7")


def test_what_was_delivered_is_told_once_more_only_on_demand(desk):
    desk.hear("missed")
    desk.tell(1)

    assert replay(desk, 1) == {1: "delivered"}
    assert text(desk, 1) == "It was delivered: missed was told. Add --again to tell it once more."
    assert replay(desk, 1, again=True) == {1: None}
    claim = desk.claim(1, 101)
    assert (claim.call.status, claim.known.told) == ("missed", "missed")


def test_ringing_is_never_replayed(desk):
    desk.hear("offer")
    desk.tell(1, REFUSED, 1)
    desk.tell(2, Delivered(None), 1)

    assert replay(desk, 1, 2, again=True) == {1: "ringing", 2: "ringing"}
    assert desk.row(1).state == "failed"
    assert stories(desk) == []


def test_a_popup_that_could_not_be_taken_away_may_be_tried_again(desk):
    desk.hear("offer")
    desk.tell(2, Delivered(None), 1)
    desk.hear("missed", 20)
    change(desk, 2, state="failed", withdrawn=False, reason="It refused.")

    assert replay(desk, 2) == {2: None}
    assert desk.claim(2, 101).withdraws


def test_a_held_one_stays_held_while_its_connection_is_paused(desk):
    desk.hear("missed")
    pause(desk)

    assert replay(desk, 1) == {1: "paused"}
    assert text(desk, 1) == "all-0 is paused and must be resumed first: `ringbridge connection resume all-0`."
    assert desk.row().state == "held"


def test_a_failed_one_of_a_paused_connection_waits_for_it_too(desk):
    desk.hear("missed")
    desk.tell(1, REFUSED)
    pause(desk)

    assert replay(desk, 1) == {1: "paused"}
    assert desk.row().state == "failed"


def test_what_is_held_though_its_connection_is_not_paused_is_freed(desk):
    desk.hear("missed")
    change(desk, 1, state="held", due_at=None, reason="Paused by hand.")

    assert replay(desk, 1) == {1: None}
    assert desk.tell(1, after=101) is not None


def test_refused_credentials_are_to_be_mended_before(desk):
    desk.hear("missed")
    desk.tell(1, LOCKED_OUT)

    assert "Mend its credentials until `ringbridge connection check all-0` finds nothing" in text(desk, 1)


def test_what_was_skipped_or_is_due_or_was_never_there_is_not_replayed_and_it_is_said_why(desk):
    desk.hear("offer")
    desk.claim(2, 60)
    desk.hear("missed", 61)

    assert replay(desk, 1, 2, 77) == {1: "due", 2: "skipped", 77: "unknown"}
    assert text(desk, 1) == "It is due already, since 2026-11-20T14:04:13Z."
    assert text(desk, 2) == (
        "It was skipped, and there is nothing to tell. It was too late to ring by the time that this could be told."
    )
    desk.claim(1, 99)
    assert text(desk, 1) == "It is being told at this moment."
    change(desk, 1, lease_until=None, due_at=desk.moment(110))
    assert text(desk, 1) == "It is due already, at 2026-11-20T14:05:02Z."


def test_what_failed_of_a_connection_that_was_removed_is_over(desk):
    desk.hear("missed")
    desk.tell(1, REFUSED)
    [all_0, _] = Directory(desk.store).current().connections
    desk.store.write(lambda db: holding.remove(db, all_0, desk.moment(10)))

    assert replay(desk, 1) == {1: "removed"}


def test_everything_that_fits_is_replayed_by_connection_state_and_time(desk):
    desk.connect("crm", "result")
    for number in range(4):
        desk.hear("missed", number * 10.0, id_message=f"C{number}", chat=f"1555123000{number}@c.us")
    for delivery_id in range(1, 8):  # two for each call: all-0, crm
        desk.tell(delivery_id, REFUSED, 95)
    desk.tell(8, Delivered(None), 95)

    assert replay_all(desk, connection="crm", since=desk.moment(10)) == [(4, None), (6, None)]
    assert replay_all(desk, states=("delivered",)) == [(8, "delivered")]
    assert replay_all(desk, states=("delivered",), again=True) == [(8, None)]
    assert replay_all(desk) == [(1, None), (2, None), (3, None), (5, None), (7, None)]
    assert replay_all(desk) == []


def test_more_than_fit_one_transaction_are_all_replayed(desk):
    many = 2 * replays._AT_ONCE + 1
    for number in range(many):
        desk.hear("missed", id_message=f"C{number}")
    desk.store.write(
        lambda db: (
            db.execute(update(tables.deliveries).values(state="failed", due_at=None, reason="It refused.")) and None
        )
    )

    assert replay_all(desk) == [(number, None) for number in range(1, many + 1)]
    change(desk, 1, state="failed")
    assert list(replay(desk, *range(1, many + 1)).values()) == [None] + ["due"] * (many - 1)


@pytest.fixture
def office(run, tmp_path):
    """What `run` looks into: a failed delivery, a delivered one, ringing that failed, and one that is held."""
    run("call", "list")
    store = open_store(Settings(data_dir=tmp_path / "data"))
    desk = Desk(store, datetime.now(UTC) - timedelta(minutes=5), ["all", "result"])
    desk.know()
    desk.hear("missed")
    desk.tell(1, REFUSED)
    desk.tell(2, Delivered(None))
    desk.hear("offer", 10, id_message="C2", chat="15551230043@c.us")
    desk.know("15551230043@c.us")
    desk.tell(3, REFUSED, 12)
    desk.hear("missed", 20, id_message="C3")
    pause(desk, 1)
    yield desk
    store.close()


def states(run):
    return {one["id"]: one["state"] for one in json.loads(run("delivery", "list", "--json").stdout)}


def test_the_command_says_of_each_id_what_came_of_it(run, office):
    assert states(run) == {1: "failed", 2: "delivered", 3: "failed", 4: "due", 5: "held"}

    done = run("delivery", "replay", 1, 1)
    mixed = run("delivery", "replay", 2, 5, 99, "--again")

    assert (done.exit_code, done.output) == (0, "delivery 1: replayed, all-0 is told again\n")
    assert mixed.exit_code == 1
    assert mixed.stderr.splitlines() == [
        "delivery 2: result-1 is paused and must be resumed first: `ringbridge connection resume result-1`.",
        "delivery 5: result-1 is paused and must be resumed first: `ringbridge connection resume result-1`.",
        "delivery 99: There is no such delivery; `ringbridge delivery list` shows those that there are.",
    ]
    assert states(run)[1] == "due"


def test_the_command_counts_what_fits_and_says_in_one_line_what_was_left(run, office):
    done = run("delivery", "replay", "--since", "1h")

    assert (done.exit_code, done.stdout) == (0, "1 delivery replayed.\n")
    assert done.stderr == (
        "Not replayed: 1 only ringing, which is never replayed; "
        "1 of connections that are paused and must be resumed first (result-1).\n"
    )


def test_where_nothing_fits_there_is_nothing_to_replay_and_where_nothing_could_be_it_failed(run, office):
    nothing = run("delivery", "replay", "--state", "skipped")
    refused = run("delivery", "replay", "--connection", "result-1")

    assert (nothing.exit_code, nothing.output) == (0, "Nothing to replay.\n")
    assert (refused.exit_code, refused.stdout) == (1, "")
    assert refused.stderr.count("\n") == 1


@pytest.mark.parametrize(
    "arguments", [[], ["--again"], ["1", "--state", "held"], ["x"], ["0"], [str(2**40)], ["--state", "due"]]
)
def test_replaying_without_saying_what_is_wrong_usage(run, arguments):
    assert run("delivery", "replay", *arguments).exit_code == 2


def test_replaying_for_a_connection_that_never_was_is_a_mistake(run):
    refused = run("delivery", "replay", "--connection", "nobody")

    assert (refused.exit_code, refused.stderr.startswith("Error: There is no connection nobody;")) == (1, True)

"""The story of a call: all that happened to it, in order, and how each connection stands with it."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from desk import CHAT, DONE, LOCKED_OUT, NOT_NOW, PERHAPS, REFUSED, Desk
from sqlalchemy import update

from bridge import connections, heartbeats, holding, standings, stories, story
from bridge.directory import Directory
from bridge.policies import Delivered
from bridge.store import tables
from connectors.kit import Policy, Receipt

ID = "7103111222-C1"


@pytest.fixture
def desk(store, now):
    desk = Desk(store, now, [])
    for position, (name, policy) in enumerate({"sales": "all", "popup": "ring", "crm": "result"}.items()):
        desk.connect(name, policy, position)
    return desk


def told(desk, *kinds, after=3600.0, key=ID):
    """(what, connection, text) of each entry, or of those of some kinds."""
    with desk.store.read() as db:
        entries = stories.of_call(db, key, desk.moment(after))["story"]
    return [(one["what"], one["connection"], one["text"]) for one in entries if not kinds or one["what"] in kinds]


def ends(desk, after=3600.0, key=ID):
    with desk.store.read() as db:
        return {one.connection: one for one in standings.of_call(db, key, desk.moment(after))}


def connection(desk, name):
    return next(one for one in Directory(desk.store).current().connections if one.name == name)


def test_a_story_is_told_in_order_of_time_and_says_who_hears_what(desk):
    desk.know()
    desk.hear("offer")
    desk.tell(1, NOT_NOW, 1)
    desk.tell(1, Delivered(Receipt("977", "https://crm.example.com/977")), 4)
    desk.hear("declined", 19)
    desk.tell(1, Delivered(None), 20)
    desk.hear("pickUp", 40)

    assert told(desk) == [
        ("notification", None, 'incomingCall "offer"'),
        ("policy", "sales", "policy all: is told that it rings, and the outcome"),
        ("policy", "popup", "policy ring: is told that it rings"),
        ("policy", "crm", "policy result: is told the outcome"),
        ("name", None, "The name was known already, from contact_name; took 0 ms."),
        ("attempt", "sales", "ringing not told: It did not answer; took 0 ms, to be tried again"),
        ("attempt", "sales", "ringing told; took 0 ms"),
        ("notification", None, 'incomingCall "declined"'),
        ("skipped", "popup", "It was too late to ring by the time that this could be told."),
        ("attempt", "sales", "missed told; took 0 ms"),
        ("record", "sales", "977, https://crm.example.com/977"),
        ("notification", None, 'incomingCall "pickUp"'),
        ("late_outcome", None, "Another outcome had been heard first: that one stands, and nobody is told of this."),
    ]


def test_an_entry_has_exactly_these_keys_and_the_call_those_of_the_list(desk):
    desk.hear("offer")
    with desk.store.read() as db:
        shown = stories.of_call(db, ID, desk.moment())

    assert list(shown)[-2:] == ["deliveries", "story"]
    assert shown["story"][0] == {
        "at": "2026-11-20T14:03:12Z", "what": "notification", "connection": None, "text": 'incomingCall "offer"',
        "detail": {"id": 1, "type": "incomingCall", "status": "offer", "verdict": "call"},
    }  # fmt: skip
    assert shown["story"][1]["detail"] == {"policy": "all"}
    json.dumps(shown)


def test_a_call_is_found_by_its_id_and_by_its_id_message_where_that_is_unique(desk):
    desk.hear("offer")
    desk.hear("offer", 1, id_message="C/2")
    with desk.store.read() as db:
        assert stories.ids(db, ID) == stories.ids(db, "C1") == [ID]
        assert len(stories.ids(db, "C/2")) == 1
        assert stories.ids(db, "c1") == []


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


def name_line(desk, connection_name=None, **detail):
    """A question for the name, as the tasks write down what came of it."""
    whom = connection(desk, connection_name).id if connection_name else None
    desk.store.write(lambda db: story.tell(db, 1, "name", desk.moment(1), whom, **detail))


def test_names_are_told_with_their_source_and_the_time_they_took(desk):
    desk.hear("offer")
    name_line(desk, source="name", took_ms=340, reason=None)
    name_line(desk, source=None, took_ms=2, reason=None)
    name_line(desk, source=None, took_ms=10_000, reason="It did not answer.")
    name_line(desk, "crm", source="crm", took_ms=1900, reason=None)

    assert told(desk, "name") == [
        ("name", None, "GREEN-API was asked who this is and knew a name (name); took 340 ms."),
        ("name", None, "GREEN-API was asked who this is and knew no name; took 2 ms."),
        ("name", None, "GREEN-API was asked who this is and did not say: It did not answer; took 10.0 s."),
        ("name", "crm", "This system was asked who this is and knew a name; took 1.9 s."),
    ]


@pytest.mark.parametrize(
    ("chat", "source", "text"),
    [
        ("120363041234567890@g.us", "group", "A group: nobody was asked who it is."),
        ("123456789012345@lid", "hidden", "The number is hidden, and nobody was asked who it is."),
        (CHAT, "phone", "Nobody had a name for this number when last asked, so the number is shown; took 0 ms."),
    ],
)
def test_where_nobody_was_asked_the_story_says_why(desk, chat, source, text):
    desk.know(chat, contact_name=None, name=None)
    desk.hear("offer", chat=chat)
    with desk.store.read() as db:
        [entry] = [one for one in stories.of_call(db, ID, desk.moment(5))["story"] if one["what"] == "name"]

    assert entry["text"] == text
    assert entry["detail"] == {"source": source, "took_ms": 0, "reason": None}


def test_a_name_that_is_being_asked_for_is_not_said_to_be_known(desk):
    desk.hear("offer")

    assert told(desk, "name", after=1) == [("name", None, "Somebody is being asked who this is.")]


def test_a_system_that_is_being_asked_for_a_name_counts_too(desk):
    desk.know(contact_name=None, name=None)
    desk.store.write(
        lambda db: (
            db.execute(
                tables.people.insert(),
                {"connection_id": connection(desk, "crm").id, "chat_id": CHAT, "due_at": desk.moment()},
            )
            and None
        )
    )
    desk.hear("offer")

    assert told(desk, "name", after=1) == [("name", None, "Somebody is being asked who this is.")]
    assert "Nobody had a name" in told(desk, "name", after=90)[0][2]


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


def test_a_call_without_an_outcome_is_closed_in_the_story(desk):
    desk.hear("offer")
    desk.silence(200)

    assert told(desk, "closed") == [("closed", None, "No outcome within 180 s: given up waiting for it.")]


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


def test_what_five_workers_died_of_is_told(desk):
    desk.know()
    desk.hear("missed")
    for number in range(6):
        desk.claim(1, number * 100.0)

    [failed] = told(desk, "failed")
    assert failed[2].startswith("5 attempts in a row ended with their worker")


def test_an_outcome_from_our_own_account_that_came_before_its_offer_is_in_the_story(desk):
    desk.hear("declined", -1, **{"from": "15557650001@c.us"})
    desk.hear("offer")

    assert told(desk, "notification") == [
        ("notification", None, 'incomingCall "declined", from our own account'),
        ("notification", None, 'incomingCall "offer"'),
    ]
    assert told(desk, "policy")[0][2] == "policy all: is told the outcome"


def test_an_offer_that_came_after_its_outcome_is_said_to_change_nothing(desk):
    desk.hear("declined")
    desk.hear("offer", 1)

    assert told(desk, "notification")[1][2] == 'incomingCall "offer": it came after the outcome, and changes nothing'


def test_a_body_that_was_cut_does_not_spoil_the_story(desk):
    desk.hear("offer")
    desk.store.write(lambda db: db.execute(update(tables.notifications).values(body='{"status": "of')) and None)

    assert told(desk, "notification") == [("notification", None, "incomingCall, without a status")]


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

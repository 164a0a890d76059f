"""Our calls, reconciled with what GREEN-API's journal lists: each call once, and none told twice or too late."""

from __future__ import annotations

from datetime import timedelta

import pytest
from desk import CHAT, Desk
from sqlalchemy import select

from bridge import journal, stories
from bridge.greenapi.client import JournalEntry
from bridge.journal import Reconciliation
from bridge.store import tables
from connectors.kit import CallStatus

SOMEBODY = "15551239999@c.us"


@pytest.fixture
def desk(store, now):
    desk = Desk(store, now, ["all", "result", "ring", "ignore"])
    desk.know()
    desk.know(SOMEBODY)
    return desk


def entry(desk, id_message="C1", status="declined", ended=0.0, chat=CHAT, *, video=False):
    return JournalEntry(id_message, chat, status, desk.moment(ended), video)


def read(desk, *entries, after=60.0, since=-3600.0, tell=True) -> list[str]:
    """Reconcile at a moment; what came of each entry."""
    snapshot = desk.snapshot()
    [instance] = snapshot.by_id.values()
    run = Reconciliation(instance, snapshot, desk.settings, desk.moment(after), desk.moment(since), tell)
    return [one.verdict for one in run.run(desk.store, list(entries))]


def told(desk, call=0):
    with desk.store.read() as db:
        shown = stories.of_call(db, desk.calls()[call].key, desk.moment(100))
    return [one["text"] for one in shown["story"]]


def test_a_call_that_nobody_told_of_is_there_once_finished_and_late(desk):
    assert read(desk, entry(desk, video=True)) == ["new"]
    assert read(desk, entry(desk, video=True), after=660) == ["known"]

    [call] = desk.calls()
    assert (call.source, call.late, call.status, call.video) == ("journal", True, CallStatus.MISSED, True)
    assert (call.started_at, call.outcome_at, call.received_at) == (desk.start, desk.start, desk.moment(60))


def test_it_is_told_by_policies_that_hear_outcomes_and_rings_nowhere(desk):
    read(desk, entry(desk))

    assert desk.states() == {"all-0": ("due", "missed", None), "result-1": ("due", "missed", None)}
    assert desk.claim(1, after=61).call.late


def test_an_open_call_gets_its_outcome(desk):
    desk.hear("offer")
    desk.tell(1)

    assert read(desk, entry(desk, status="pickUp", ended=90), after=100) == ["settled"]
    [call] = desk.calls()
    assert (call.source, call.late, call.status, call.outcome_at) == ("webhook", False, "answered", desk.moment(90))
    assert desk.states()["all-0"] == ("due", "answered", "ringing")


def test_an_outcome_that_we_gave_up_on_is_replaced_by_the_real_one(desk):
    desk.hear("offer")
    desk.silence(after=200)

    assert read(desk, entry(desk, ended=30), after=600) == ["settled"]
    assert desk.calls()[0].status == CallStatus.MISSED


@pytest.mark.parametrize("late", ["offer", "declined"])
def test_a_notification_that_comes_after_the_journal_changes_nothing_and_tells_nobody(desk, late):
    read(desk, entry(desk))
    before = desk.states()

    assert not desk.hear(late, after=70, stamped=0).due
    assert [call.status for call in desk.calls()] == [CallStatus.MISSED]
    assert desk.states() == before


def test_a_call_that_was_told_of_is_left_alone(desk):
    desk.hear("offer")
    desk.hear("declined", after=20)
    before = desk.states()

    assert read(desk, entry(desk, ended=20)) == ["known"]
    assert desk.states() == before
    assert len(desk.calls()) == 1


def test_what_ended_before_the_window_brings_nothing(desk):
    desk.hear("offer", id_message="C2", after=-300)

    listed = [entry(desk, "C1", ended=-301), entry(desk, "C2", ended=-301)]
    assert read(desk, *listed, since=-300) == ["known", "known"]
    assert [call.status for call in desk.calls()] == [CallStatus.RINGING]


def test_a_call_listed_under_another_id_is_the_one_of_that_chat_and_time(desk):
    desk.hear("offer")

    assert read(desk, entry(desk, "ANOTHER", ended=20), after=150) == ["settled"]
    assert read(desk, entry(desk, "ANOTHER", ended=20), after=660) == ["known"]
    assert len(desk.calls()) == 1


def test_while_a_phone_rings_a_fresh_entry_under_another_id_may_be_the_next_call_and_waits(desk):
    desk.hear("offer")

    assert read(desk, entry(desk, "NEXT", "pickUp", ended=20), after=60) == ["known"]
    assert [call.status for call in desk.calls()] == [CallStatus.RINGING]
    desk.hear("declined", after=70)
    assert read(desk, entry(desk, "C1", ended=15), entry(desk, "NEXT", "pickUp", ended=20), after=660) == [
        "known",
        "new",
    ]
    assert sorted(call.status for call in desk.calls()) == [CallStatus.ANSWERED, CallStatus.MISSED]


def test_somebody_who_calls_again_at_once_has_called_twice(desk):
    desk.hear("offer")
    desk.hear("declined", after=20)

    assert read(desk, entry(desk, "C1", ended=20), entry(desk, "C2", ended=50)) == ["known", "new"]


def test_two_calls_under_other_ids_are_not_both_the_one_that_we_know(desk):
    desk.hear("offer")

    assert read(desk, entry(desk, "X", ended=20), entry(desk, "Y", ended=50), after=172) == ["settled", "new"]
    assert read(desk, entry(desk, "X", ended=20), entry(desk, "Y", ended=50), after=660) == ["known", "known"]


@pytest.mark.parametrize(
    ("status", "ended", "chat"),
    [
        pytest.param("pickUp", 20, CHAT, id="another outcome"),
        pytest.param("declined", -30, CHAT, id="it ended before ours began"),
        pytest.param("declined", 200, CHAT, id="too long after"),
        pytest.param("declined", 20, SOMEBODY, id="somebody else"),
    ],
)
def test_a_call_under_another_id_is_another_call_where_it_cannot_be_the_same(desk, status, ended, chat):
    desk.hear("offer")
    desk.hear("declined", after=10)

    assert read(desk, entry(desk, "ANOTHER", status, ended, chat), after=300) == ["new"]


def test_a_hidden_number_is_the_person_whose_chat_it_is_known_to_be(desk):
    lid = {"instance_id": 1, "chat_id": "214700913355128@lid", "phone_chat": CHAT}
    row = {**lid, "checked_at": desk.start, "expires_at": desk.start}
    desk.store.write(lambda db: db.execute(tables.callers.insert(), row) and None)
    desk.hear("offer")

    assert read(desk, entry(desk, "ANOTHER", ended=20, chat=lid["chat_id"]), after=150) == ["settled"]


def test_a_call_of_our_own_account_makes_none(desk):
    desk.hear("offer", chat="15557650001@c.us")

    assert read(desk, entry(desk)) == ["own"]
    assert desk.calls() == []


def test_words_that_we_do_not_know_are_kept(desk):
    assert read(desk, entry(desk, status="Teleported")) == ["new"]
    assert (desk.calls()[0].status, desk.calls()[0].raw_status) == (CallStatus.UNKNOWN, "teleported")


def test_an_entry_without_an_outcome_is_believed_once_it_cannot_ring_any_more(desk):
    assert read(desk, entry(desk, status=""), after=100) == []
    assert read(desk, entry(desk, status=""), after=400) == ["new"]
    assert (desk.calls()[0].status, desk.calls()[0].raw_status) == (CallStatus.UNKNOWN, None)


def test_an_import_tells_nobody_and_leaves_open_calls_alone(desk):
    desk.hear("offer", id_message="OPEN", chat=SOMEBODY)
    before = desk.states()

    listed = [entry(desk), entry(desk, "OPEN", ended=20, chat=SOMEBODY)]
    assert read(desk, *listed, tell=False) == ["new", "open"]
    assert desk.states() == before
    assert "so nobody is told" in told(desk, call=1)[0]
    assert read(desk, entry(desk), after=660) == ["known"]


def test_more_than_one_portion_is_brought_in_whole(desk):
    listed = [entry(desk, f"C{number}", ended=-number, chat=f"1555000{number:04}@c.us") for number in range(250)]

    assert read(desk, *listed) == ["new"] * 250
    assert read(desk, *listed) == ["known"] * 250


def test_the_story_says_where_a_call_is_known_from(desk):
    read(desk, entry(desk))

    story = told(desk)
    assert story[0] == 'GREEN-API\'s journal lists it with "declined", of which no notification had come.'
    assert "policy all: is told the outcome" in story
    assert "policy ring: is told nothing: the call was over when we first heard of it" in story


@pytest.mark.parametrize(("gap", "minutes"), [(0, 2), (1, 3), (60, 3), (61, 4), (3600, 62)])
def test_a_gap_is_rounded_up_to_minutes_and_its_neighbourhood_asked_for_as_well(now, gap, minutes):
    assert journal.minutes(now - timedelta(seconds=gap), now) == minutes


def test_nothing_is_left_in_the_store_of_calls_that_nobody_hears(desk):
    read(desk, entry(desk), tell=False)

    with desk.store.read() as db:
        assert db.execute(select(tables.deliveries.c.id)).all() == []

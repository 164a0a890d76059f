"""Who has to be called back: one entry for each caller, and one operator for each entry."""

from __future__ import annotations

import pytest
from desk import CHAT, Desk
from office import all_at_once
from sqlalchemy import func, insert, select

from bridge import erasure, follow_ups, retention, waiting
from bridge.follow_ups import Refused
from bridge.settings import Settings
from bridge.store import tables

OTHER, GROUP, HIDDEN = "15551239999@c.us", "120363043968066561@g.us", "99887766554433@lid"
DAY = 86400


@pytest.fixture
def desk(store, now):
    return Desk(store, now, [])


class Calls:
    """Makes calls that ended as told, each `after` seconds from the desk's start."""

    def __init__(self, desk):
        self.desk, self.count = desk, 0

    def __call__(self, outcome, after, chat=CHAT):
        self.count += 1
        self.desk.hear("offer", after, chat=chat, id_message=f"C{self.count}")
        if outcome:
            self.desk.hear(outcome, after + 5, chat=chat, id_message=f"C{self.count}")


@pytest.fixture
def call(desk):
    return Calls(desk)


def listed(desk, after=1000.0):
    with desk.store.read() as db:
        return follow_ups.missed(db, desk.moment(after))


def act(desk, action, who="olga", after=1000.0, chat=CHAT, **more):
    desk.store.write(lambda db: action(db, desk.moment(after), who, 1, chat, **more))


def audited(desk):
    with desk.store.read() as db:
        rows = db.execute(select(tables.audit).order_by(tables.audit.c.id))
        return [(row.who, row.what, row.about) for row in rows]


def test_all_missed_calls_of_one_caller_are_one_entry_and_the_latest_caller_is_first(desk, call):
    desk.know()
    for after, outcome in ((0, "missed"), (60, "hangUp"), (540, "declined")):
        call(outcome, after)
    call("missed", 100, OTHER)

    first, second = listed(desk)
    assert (first.caller, first.phone, first.instance, first.count) == ("Noor (bakery)", "+15551230042", "support", 3)
    assert (first.first_at, first.last_at) == (desk.moment(0), desk.moment(540))
    assert (second.caller, second.count, second.claimed_by) == ("+1 555-123-9999", 1, None)


def test_once_a_later_call_was_answered_nobody_has_to_call_back(desk, call):
    call("missed", 0)
    call("missed", 0, OTHER)
    call("pickUp", 60)
    assert [one.chat_id for one in listed(desk)] == [OTHER]

    call("missed", 120)
    assert [(one.chat_id, one.count) for one in listed(desk)] == [(CHAT, 1), (OTHER, 1)]


def test_a_call_that_still_rings_and_one_without_an_outcome_are_not_missed(desk, call):
    call(None, 0)
    call("oddity", 60, OTHER)

    assert listed(desk) == []


def test_groups_and_hidden_numbers_are_in_the_list_too(desk, call):
    call("missed", 0, GROUP)
    call("missed", 60, HIDDEN)

    assert [(one.caller_source, one.phone) for one in listed(desk)] == [("hidden", None), ("group", None)]


def test_a_missed_call_waits_for_a_week_and_not_longer(desk, call):
    call("missed", 0)

    assert len(listed(desk, 7 * DAY)) == 1
    assert listed(desk, 7 * DAY + 1) == []


def test_only_the_newest_missed_calls_are_looked_at(desk, now):
    row = {"instance_id": 1, "direction": "incoming", "status": "missed", "source": "webhook", "late": False}
    rows = [
        {**row, "key": f"k{n}", "chat_id": CHAT if n else OTHER, "started_at": desk.moment(n), "received_at": now}
        for n in range(waiting.AT_MOST + 1)
    ]
    desk.store.write(lambda db: db.execute(insert(tables.calls), rows) and None)

    assert [(one.chat_id, one.count) for one in listed(desk)] == [(CHAT, waiting.AT_MOST)]


def test_who_claims_is_shown_and_the_same_again_changes_nothing(desk, call):
    call("missed", 0)
    act(desk, follow_ups.claim, after=10)
    act(desk, follow_ups.claim, after=20)

    [entry] = listed(desk)
    assert (entry.claimed_by, entry.claimed_at) == ("olga", desk.moment(10))
    assert audited(desk) == [("olga", "follow_up.claimed", "support")]


def test_what_somebody_has_claimed_is_refused_to_others_in_every_way(desk, call):
    call("missed", 0)
    act(desk, follow_ups.claim)

    for action in (follow_ups.claim, follow_ups.release, follow_ups.done):
        with pytest.raises(Refused, match=r"olga is calling back already\. Take it over"):
            act(desk, action, who="pavel")
    assert listed(desk)[0].claimed_by == "olga"
    assert len(audited(desk)) == 1


def test_what_is_taken_over_belongs_to_the_other(desk, call):
    call("missed", 0)
    act(desk, follow_ups.claim)
    act(desk, follow_ups.take_over, who="pavel")

    with pytest.raises(Refused, match="pavel"):
        act(desk, follow_ups.done)
    act(desk, follow_ups.done, who="pavel")
    assert listed(desk) == []
    assert audited(desk)[1:] == [
        ("pavel", "follow_up.taken_over", "support"),
        ("pavel", "follow_up.done", "support"),
    ]


def test_what_is_given_back_may_be_claimed_by_others(desk, call):
    call("missed", 0)
    act(desk, follow_ups.release)
    act(desk, follow_ups.claim)
    act(desk, follow_ups.release)
    assert listed(desk)[0].claimed_by is None

    act(desk, follow_ups.claim, who="pavel")
    assert listed(desk)[0].claimed_by == "pavel"
    assert [what for _, what, _ in audited(desk)] == [
        "follow_up.claimed", "follow_up.released", "follow_up.claimed"
    ]  # fmt: skip


def test_what_is_done_is_gone_and_listed_with_who_and_when(desk, call):
    desk.know()
    call("missed", 0)
    act(desk, follow_ups.done, after=30)
    act(desk, follow_ups.done, after=40)

    with desk.store.read() as db:
        [done] = follow_ups.recently_done(db)
    assert listed(desk) == []
    assert (done.caller, done.instance, done.done_by, done.done_at) == (
        "Noor (bakery)", "support", "olga", desk.moment(30)
    )  # fmt: skip
    assert audited(desk) == [("olga", "follow_up.done", "support")]


def test_a_call_that_comes_after_it_was_done_is_a_new_entry_that_nobody_has_claimed(desk, call):
    call("missed", 0)
    act(desk, follow_ups.claim, after=10)
    act(desk, follow_ups.done, after=30)
    call("missed", 60)

    [entry] = listed(desk)
    assert (entry.count, entry.claimed_by) == (1, None)
    act(desk, follow_ups.claim)
    act(desk, follow_ups.done)
    assert listed(desk) == []


def test_a_call_that_was_not_on_the_screen_yet_stays_when_the_others_are_done(desk, call):
    call("missed", 0)
    call("missed", 60)
    act(desk, follow_ups.done, through=desk.moment(0))

    [entry] = listed(desk)
    assert (entry.count, entry.first_at) == (1, desk.moment(60))
    act(desk, follow_ups.done, through=desk.moment(0))  # the same screen, a second time
    assert len(listed(desk)) == 1
    act(desk, follow_ups.done, through=desk.moment(99999))  # nobody can see what is to come
    call("missed", 120)
    assert [one.count for one in listed(desk)] == [1]


def test_a_claim_from_before_the_caller_was_spoken_to_counts_no_more(desk, call):
    call("missed", 0)
    act(desk, follow_ups.claim, after=10)
    call("pickUp", 60)
    call("missed", 120)

    assert listed(desk)[0].claimed_by is None
    act(desk, follow_ups.claim, who="pavel")
    assert listed(desk)[0].claimed_by == "pavel"


@pytest.mark.parametrize("action", [follow_ups.claim, follow_ups.take_over])
def test_nobody_claims_what_nobody_has_to_do(desk, call, action):
    call("pickUp", 0)

    with pytest.raises(Refused, match="Nobody has to call back"):
        act(desk, action)
    with desk.store.read() as db:
        assert db.execute(select(func.count()).select_from(tables.follow_ups)).scalar() == 0
    assert audited(desk) == []


def test_of_many_who_press_at_once_one_wins(desk, call):
    for number in range(5):
        call("missed", 0, f"1555123000{number}@c.us")
    won, refused = [], []

    def press(who):
        for number in range(5):
            chat = f"1555123000{number}@c.us"
            try:
                act(desk, follow_ups.claim, who=who, chat=chat)
                won.append((chat, who))
            except Refused:
                refused.append((chat, who))

    all_at_once(press, [f"operator{number}" for number in range(6)])

    assert sorted(won) == sorted((one.chat_id, one.claimed_by) for one in listed(desk))
    assert (len(won), len(refused), len(audited(desk))) == (5, 25, 5)


def test_of_many_who_are_done_at_once_one_is_noted(desk, call):
    call("missed", 0)
    outcomes = []

    def press(who):
        try:
            act(desk, follow_ups.done, who=who)
        except Refused as refusal:
            outcomes.append(str(refusal))

    all_at_once(press, [f"operator{number}" for number in range(6)])

    assert listed(desk) == []
    assert len(audited(desk)) == 1
    assert all(text.startswith("Nobody has to call back") for text in outcomes)


def test_what_is_noted_of_an_erased_person_goes_with_them(desk, call):
    call("missed", 0)
    act(desk, follow_ups.done)
    call("missed", 60)
    act(desk, follow_ups.claim)
    call("missed", 0, OTHER)
    act(desk, follow_ups.claim, chat=OTHER)

    erased = erasure.erase(desk.store, erasure.somebody("+15551230042"), desk.moment(1000))

    with desk.store.read() as db:
        tables_with_it = [
            table.name
            for table in tables.metadata.sorted_tables
            if any("15551230042" in str(value) for row in db.execute(select(table)) for value in row)
        ]
    assert erased.rows["follow_ups"] == 2
    assert tables_with_it == []
    assert [(one.chat_id, one.claimed_by) for one in listed(desk)] == [(OTHER, "olga")]


def test_a_person_of_whom_only_the_follow_up_is_left_is_erased_too(desk):
    row = {"instance_id": 1, "chat_id": CHAT, "done_by": "olga", "done_at": desk.start, "done_through": desk.start}
    desk.store.write(lambda db: db.execute(insert(tables.follow_ups), row) and None)

    assert erasure.erase(desk.store, erasure.somebody(CHAT), desk.start).rows["follow_ups"] == 1


def test_follow_ups_are_forgotten_after_the_calls_they_are_about(desk, call):
    call("missed", 0)
    act(desk, follow_ups.done, after=10)
    call("missed", 0, OTHER)
    act(desk, follow_ups.claim, after=10, chat=OTHER)
    settings = Settings(keep_calls_days=1, keep_notifications_days=1)

    def forgotten(days):
        found = []
        while True:
            with desk.store.read() as db:
                portion = retention.too_old(db, settings, desk.moment(days * DAY))
            if portion is None:
                return found
            desk.store.write(lambda db, portion=portion: retention.forget(db, portion))
            found.append(portion.table)

    assert "follow_ups" not in forgotten(8)
    assert forgotten(8.1) == ["follow_ups"]

"""What operators see: who is calling, whom nobody has called back, and how the last calls ended."""

from __future__ import annotations

import pytest
from desk import CHAT, DONE, Desk
from sqlalchemy import event, insert

from bridge import board, follow_ups, simulation
from bridge.store import tables
from connectors.kit import Person, Receipt

OTHER = "15551239999@c.us"


@pytest.fixture
def desk(store, now):
    return Desk(store, now, ["all"])


def seen(desk, after=0.0):
    with desk.store.read() as db:
        return board.snapshot(db, desk.moment(after), desk.settings.ring_seconds)


def learned(desk, chat=CHAT, **person):
    row = {"connection_id": 1, "chat_id": chat, "person": person}
    desk.store.write(lambda db: db.execute(insert(tables.people), row) and None)


def test_without_an_instance_the_board_says_so(store, now):
    with store.read() as db:
        assert board.snapshot(db, now, 45) == board.Board(
            has_instances=False, ringing=[], missed=[], recent=[], done=[]
        )


def test_a_ringing_call_is_shown_with_its_caller_and_its_line(desk):
    desk.know()
    desk.hear("offer", isVideo=True)

    [call] = seen(desk).ringing
    assert (call.caller, call.phone, call.instance) == ("Noor (bakery)", "+15551230042", "support")
    assert (call.started_at, call.video, call.is_waiting, call.links) == (desk.start, True, False, ())
    assert seen(desk).recent == []


def test_a_call_that_rang_too_long_waits_for_its_outcome(desk):
    desk.hear("offer")

    assert [one.is_waiting for one in seen(desk, 45).ringing] == [False]
    assert [one.is_waiting for one in seen(desk, 45.1).ringing] == [True]


def test_a_call_that_ended_moves_to_the_recent_and_missed_ones(desk):
    desk.hear("offer")
    desk.hear("missed", 5)

    shown = seen(desk, 10)
    assert shown.ringing == []
    assert [(one.status, one.is_waiting, one.links) for one in shown.recent] == [("missed", False, ())]
    assert [one.count for one in shown.missed] == [1]


def test_the_name_that_a_connected_system_knows_is_shown_where_there_is_no_better_one(desk):
    learned(desk, name="Noor Haddad", url="https://crm.example.com/7")
    desk.hear("offer")
    desk.hear("missed", 5, id_message="C2", at=desk.moment(-300))

    shown = seen(desk)
    assert {one.caller for one in (*shown.ringing, *shown.missed, *shown.recent)} == {"Noor Haddad"}
    assert shown.ringing[0].links == (board.Link("all-0", "https://crm.example.com/7"),)

    desk.know()
    assert seen(desk).ringing[0].caller == "Noor (bakery)"


def test_what_a_connection_of_another_line_knows_is_not_shown(desk):
    desk.change("all-0", instances=["sales"])
    learned(desk, name="Noor Haddad", url="https://crm.example.com/7")
    desk.hear("offer")

    [call] = seen(desk).ringing
    assert (call.caller, call.links) == ("+1 555-123-0042", ())


def test_the_note_of_the_call_is_linked_where_the_person_is_not(desk):
    desk.know()
    desk.hear("offer")
    desk.tell(outcome=DONE.__class__(Receipt("977", "https://crm.example.com/note/977")))
    assert seen(desk).ringing[0].links == (board.Link("all-0", "https://crm.example.com/note/977"),)

    person = Person("Noor", "7", "https://crm.example.com/person/7")
    desk.hear("offer", id_message="C2")
    desk.tell(2, outcome=DONE.__class__(Receipt("978", "https://crm.example.com/note/978", person=person)))
    assert seen(desk).ringing[0].links == (board.Link("all-0", "https://crm.example.com/person/7"),)


@pytest.mark.parametrize(
    "url",
    ["javascript:alert(1)", "data:text/html,x", "//evil.example", "https:", "http://[x", "https://a\u202eb.example/"],
)
def test_a_link_leads_to_web_addresses_alone(desk, url):
    learned(desk, name="Noor", url=url)
    desk.hear("offer")

    assert seen(desk).ringing[0].links == ()


def test_what_was_done_is_shown_with_who_did_it(desk):
    desk.hear("missed")
    desk.store.write(lambda db: follow_ups.done(db, desk.moment(9), "olga", 1, CHAT))

    assert [(one.caller, one.done_by) for one in seen(desk, 10).done] == [("+1 555-123-0042", "olga")]
    assert seen(desk, 10).missed == []


def test_with_many_calls_stored_the_board_is_bounded_and_asks_the_same_questions(desk):
    row = {"instance_id": 1, "direction": "incoming", "source": "webhook", "late": False, "received_at": desk.start}
    rows = [
        {
            **row,
            "key": f"k{n}",
            "chat_id": f"1555{n:07}@c.us",
            "status": ("missed", "answered", "ringing")[n % 3],
            "started_at": desk.moment(n),
        }
        for n in range(900)
    ]

    def questions():
        asked = []
        event.listen(desk.store.engine, "before_cursor_execute", lambda *given: asked.append(given[2]))
        shown = seen(desk, 900)
        return shown, len(asked)

    desk.hear("offer")
    desk.hear("missed", id_message="C2", chat=OTHER)
    few = questions()[1]
    desk.store.write(lambda db: db.execute(insert(tables.calls), rows) and None)
    shown, many = questions()

    assert many <= few + 1
    assert (len(shown.ringing), len(shown.missed), len(shown.recent)) == (50, 30, 30)
    assert shown.more_missed == 271


def test_the_simulated_board_goes_on_with_the_clock_and_is_never_dull(now):
    boards = [simulation.board(now.__class__.fromtimestamp(now.timestamp() + 3 * n, now.tzinfo)) for n in range(120)]

    assert boards[0] == simulation.board(now)
    assert {len(one.ringing) for one in boards} >= {0, 1, 2}
    assert all(one.missed and one.recent for one in boards)
    assert all(call.phone.startswith("+1555") for one in boards for call in (*one.ringing, *one.missed, *one.recent))
    assert {entry.count for one in boards for entry in one.missed} >= {2, 3}

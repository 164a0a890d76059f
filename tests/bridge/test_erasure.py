"""A person is taken out of every table, and out of the files of the embedded store."""

from __future__ import annotations

import json

import pytest
from desk import CHAT, DONE, Desk
from office import all_at_once
from sqlalchemy import delete, select

from bridge import callers, erasure, notifications, people
from bridge.callers import Lookup, Names
from bridge.people import Question
from bridge.settings import Settings
from bridge.store import migrate, open_store, tables
from connectors.kit import Person, Receipt

DIGITS = "15551230042"
OTHER, LONGER = "15551239999@c.us", "155512300421@c.us"
HIDDEN = "99887766554433@lid"
FORMS = (CHAT, "15551230042:7@c.us", "15551230042@s.whatsapp.net", "15551230042:31@s.whatsapp.net")
TOLD = DONE.__class__(Receipt("977", parts={"task": "12"}, person=Person("Noor", "P7")))


@pytest.fixture
def desk(store, now):
    return Desk(store, now, ["all", "result"])


def erase(desk, text="+1 (555) 123-0042"):
    who = erasure.somebody(text)
    return erasure.erase(desk.store, who, desk.moment())


def rows_with(store, text) -> list[str]:
    """The tables in which a text stands, in any column."""
    with store.read() as db:
        return [
            table.name
            for table in tables.metadata.sorted_tables
            if any(text in str(value) for row in db.execute(select(table)) for value in row)
        ]


@pytest.mark.parametrize(
    "spelling",
    ["+15551230042", "1 555 123 0042", "+1 (555) 123-00-42", "0015551230042", " 1.555.123.0042 ", *FORMS],
)
def test_every_common_spelling_names_the_same_person(spelling):
    who = erasure.somebody(spelling)

    assert str(who) == f"+{DIGITS}"
    assert all(who.owns(chat) for chat in FORMS)
    assert not any(who.owns(chat) for chat in (OTHER, LONGER, HIDDEN))


@pytest.mark.parametrize("text", ["", "Noor", "12", "@c.us", "0049"])
def test_what_is_neither_a_number_nor_a_chat_is_nobody(text):
    assert erasure.somebody(text) is None


def test_a_person_is_gone_from_every_table_and_the_others_stay(desk):
    for number, chat in enumerate([*FORMS, OTHER, LONGER, HIDDEN]):
        desk.know(chat)
        desk.hear("offer", chat=chat, id_message=f"C{number}")
        desk.hear("hangUp", 1, chat=chat, id_message=f"C{number}")
    desk.tell(1, TOLD, 2)
    desk.store.write(lambda db: notifications.keep_unread(db, f'{{"x": {DIGITS}'.encode(), 1, "No JSON.", desk.start))
    desk.store.write(lambda db: notifications.keep_unread(db, f'{{"x": {DIGITS}7'.encode(), 1, "No JSON.", desk.start))
    desk.hear("missed", 2, chat=CHAT, id_message="C4")  # from them, about somebody else's call

    erased = erase(desk)

    with desk.store.read() as db:
        left = db.execute(select(tables.calls.c.chat_id)).scalars().all()
        kept = db.execute(select(tables.notifications.c.body).where(tables.notifications.c.call_id.is_(None))).all()
    assert sorted(left) == sorted([OTHER, LONGER, HIDDEN])
    assert kept == [(f'{{"x": {DIGITS}7',)]
    assert erased.rows["calls"] == 4
    assert erased.rows["deliveries"] == 8
    assert erased.rows["callers"] == 4
    assert erased.rows["notifications"] == 10
    assert erased.records == {("all-0", "977"), ("all-0", "task 12"), ("all-0", "P7")}
    assert rows_with(desk.store, f"{DIGITS}@") == rows_with(desk.store, f"{DIGITS}:") == []
    assert erase(desk).rows.total() == 0


def test_a_hidden_caller_is_erased_by_the_id_of_the_chat(desk):
    desk.hear("offer", chat=HIDDEN)
    desk.hear("offer", id_message="C2")

    assert erase(desk, HIDDEN).rows["calls"] == 1
    assert [call.chat_id for call in desk.calls()] == [CHAT]


def test_nothing_is_left_in_the_files(tmp_path, now):
    """Many rows, changed many times, so that pages fill up, are divided and set free."""
    store = open_store(Settings(data_dir=tmp_path))
    migrate.migrate(store)
    desk = Desk(store, now)
    for number in range(300):
        chat = CHAT if number % 3 else f"1555999{number:04}@c.us"
        desk.know(chat) if number < 2 else None
        desk.hear("offer", number / 10, chat=chat, id_message=f"C{number}-{'x' * (number % 70)}")
        desk.hear("missed", number / 10 + 0.1, chat=chat, id_message=f"C{number}-{'x' * (number % 70)}")
        desk.tell(number + 1, TOLD, number / 10 + 61)
    files = list(tmp_path.glob("ringbridge.sqlite3*"))
    assert any(DIGITS.encode() in file.read_bytes() for file in files)

    erase(desk)

    assert [file.name for file in files if DIGITS.encode() in file.read_bytes()] == []
    assert len(desk.calls()) == 100
    store.close()


def test_remains_of_what_was_deleted_before_are_wiped_out_too(tmp_path, now):
    store = open_store(Settings(data_dir=tmp_path))
    migrate.migrate(store)
    desk = Desk(store, now)
    desk.know()

    def careless(db):
        db.connection.dbapi_connection.execute("PRAGMA secure_delete=OFF")
        db.execute(delete(tables.callers))

    store.write(careless)
    erase(desk)

    assert not any(DIGITS.encode() in file.read_bytes() for file in tmp_path.glob("ringbridge.sqlite3*"))
    store.close()


def test_a_delivery_that_is_being_told_settles_into_nothing(desk, caplog):
    desk.know()
    desk.hear("offer")
    claim = desk.claim()

    erased = erase(desk)
    bells = desk.settle(claim, TOLD, 1)

    assert erased.told_now == {"all-0"}
    assert bells == []
    assert rows_with(desk.store, DIGITS) == []
    assert "lease was lost" in caplog.text
    assert DIGITS not in caplog.text


def test_answers_that_come_after_the_erasure_are_not_kept(desk):
    desk.hear("offer")
    desk.store.write(lambda db: people.ask(db, 1, CHAT, desk.start))
    lookup = Lookup(1, "7103111222-C1", 1, CHAT)
    question = Question(1, 1, 1, "webhook", CHAT, f"+{DIGITS}")

    erase(desk)
    desk.store.write(lambda db: callers.learn(db, lookup, Names("Noor", "Noor"), desk.start))
    desk.store.write(lambda db: people.learn(db, question, Person("Noor", "P7"), desk.start))

    assert rows_with(desk.store, DIGITS) == rows_with(desk.store, "Noor") == []


def test_a_person_who_calls_while_being_erased_disturbs_nobody(desk):
    """Whatever is heard or told meanwhile finds a whole call or none."""
    desk.know()

    def work(number):
        for turn in range(3):
            if number < 1:
                erase(desk)
                continue
            desk.hear("offer", id_message=f"C{number}-{turn}")
            with desk.store.read() as db:
                owed = db.execute(select(tables.deliveries.c.id)).scalars().all()
            for delivery in owed:
                desk.tell(delivery, TOLD)
            desk.hear("missed", 1, id_message=f"C{number}-{turn}")

    all_at_once(work, range(4))
    erase(desk)

    assert [name for name in rows_with(desk.store, DIGITS) if name != "instances"] == []


def test_thousands_of_rows_go_in_portions(desk):
    desk.know()
    desk.hear("offer")
    row = {"delivery_id": 1, "fence": 1, "status": "missed", "started_at": desk.start}
    desk.store.write(lambda db: db.execute(tables.attempts.insert(), [row] * 1200) and None)

    assert erase(desk).rows["attempts"] == 1200
    assert desk.calls() == []


@pytest.fixture
def told(run, tmp_path, now):
    """A data directory in which one call was told; runs commands in it."""
    run("migrate")
    store = open_store(Settings(data_dir=tmp_path / "data"))
    desk = Desk(store, now)
    desk.know()
    desk.hear("missed")
    desk.tell(1, TOLD)
    store.close()
    return run


def test_the_command_says_what_is_gone_and_what_remains_elsewhere(told):
    erased = told("caller", "erase", "+1 555 123 0042", "--yes")

    assert erased.exit_code == 0
    assert erased.stdout.splitlines() == [
        "Removed about +15551230042: 1 attempt, 1 notification, 1 delivery, 1 call, 1 name from GREEN-API,"
        " 1 person known to a connection.",
        "These records in connected systems are not ours to delete, and remain there:",
        "  all-0: 977",
        "  all-0: P7",
        "  all-0: task 12",
        "Backups from before still hold it.",
    ]
    assert json.loads(told("call", "list", "--json").stdout) == []


def test_of_somebody_unknown_nothing_is_kept(told):
    unknown = told("caller", "erase", "+4930123456")

    assert (unknown.exit_code, unknown.output) == (0, "Nothing is kept about +4930123456.\n")


def test_what_names_nobody_is_wrong_usage(told):
    assert told("caller", "erase", "Noor").exit_code == 2

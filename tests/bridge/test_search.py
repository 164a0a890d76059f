"""Calls are found by all that an operator may remember of them."""

from __future__ import annotations

from datetime import timedelta

import pytest
from desk import Desk
from sqlalchemy import text as sql

from bridge import callers, instances, introductions, people, search
from bridge.callers import Lookup, Names
from bridge.instances import InstanceConfig
from bridge.introductions import Introduction
from bridge.people import Question
from bridge.search import Filter
from bridge.text import folded
from connectors.kit import Person

ANNA, BORIS, GROUP, HIDDEN = "79111234567@c.us", "79115550000@c.us", "120363023579111234@g.us", "23691112345678@lid"


@pytest.fixture
def desk(store, now):
    return Desk(store, now, ["all", "result"])


def call(desk, number, chat, status="offer", after=None, **more):
    desk.hear(status, number if after is None else after, id_message=f"C{number}", chat=chat, **more)


def found(desk, text="", **wanted):
    with desk.store.read() as db:
        return [one["id_message"] for one in search.find(db, Filter(text, **wanted)).rows]


def learn(desk, chat, names):
    lookup = Lookup(1, "7103111222-C1", 1, chat)
    desk.store.write(lambda db: callers.learn(db, lookup, names, desk.start))


@pytest.mark.parametrize(
    ("name", "typed"),
    [
        ("Пётр Кузнецов", "пЕТР"),
        ("ПЕТР", "пётр"),
        ("José Müller", "JOSE muller"),
        ("Straße 7", "STRASSE"),
        ("İpek Öztürk", "ipek"),
        ("ΣΟΦΙΑ ΝΙΚΟΣ", "νικος"),
        ("Anna Petrova", "petrova ann"),
        ("100%_sure", "%_s"),
        ('O\'Neil "Bob"', "'neil \"b"),
        ("back\\slash / Co", "k\\s / c"),
        ("王小明", "小明"),
        ("Agent 007", "007"),
    ],
)
def test_a_name_is_found_by_a_part_of_it_in_any_case_and_without_accents(desk, name, typed):
    desk.know(ANNA, name, None)
    desk.know(BORIS, None, "Somebody else")
    call(desk, 1, ANNA)
    call(desk, 2, BORIS)

    assert found(desk, typed) == ["C1"]


@pytest.mark.parametrize(
    "typed",
    [
        "%",
        "_",
        "a%a",
        "\\",
        "'; DROP TABLE calls; --",
        "\x00",
        "x" * 10_000,
        "anna boris",
        "[a-z]",
        "*",
        "12",
        "\ud800",
    ],
)
def test_what_no_name_holds_finds_nobody_whatever_it_means_to_a_database(desk, typed):
    desk.know(ANNA, "Anna", None)
    desk.know(BORIS, "Boris", None)
    call(desk, 1, ANNA)
    call(desk, 2, BORIS)

    assert found(desk, typed) == []
    assert found(desk) == ["C2", "C1"]


def test_blank_text_asks_for_nothing(desk):
    call(desk, 1, ANNA)

    assert [found(desk, typed) for typed in ("", "  ", "\u202e\u200b")] == [["C1"]] * 3


@pytest.mark.parametrize(
    "typed",
    [
        "+7 (911) 123-45",
        "79111234567",
        "234-56",
        "8 911 123 45 67",
        "00 7 911 123 45 67",
        "+7\u2011911\u2011123",
        "٧٩١١١٢٣",
    ],
)
def test_a_number_is_found_by_any_of_its_digits_however_they_are_written(desk, typed):
    call(desk, 1, ANNA)
    call(desk, 2, BORIS)

    assert found(desk, typed) == ["C1"]


def test_two_digits_are_no_number_and_the_ids_of_groups_and_hidden_ones_neither(desk):
    call(desk, 1, ANNA)
    call(desk, 2, GROUP)
    call(desk, 3, HIDDEN)

    assert found(desk, "79") == []
    assert found(desk, "9111234") == ["C1"]


def test_somebody_who_hides_the_number_is_found_by_it_where_it_is_known(desk):
    call(desk, 1, HIDDEN)
    said = Introduction(HIDDEN, name="Anna", phone_chat=ANNA)
    desk.store.write(lambda db: introductions.learn(db, 1, [said], desk.start))

    assert found(desk, "9111234") == ["C1"]


def test_whoever_learns_a_name_makes_it_found(desk):
    chats = [f"7911000000{number}@c.us" for number in range(5)]
    for number, chat in enumerate(chats):
        call(desk, number, chat)
    learn(desk, chats[0], Names("ПЕРВАЯ", None))
    learn(desk, chats[1], Names(None, "Вторая"))
    said = [Introduction(chats[2], "Третья"), Introduction(chats[1], contact_name="Вторая из книжки")]
    desk.store.write(lambda db: introductions.learn(db, 1, said, desk.start))
    question = Question(
        desk.store.write(lambda db: people.ask(db, 1, chats[3], desk.start)), 1, 1, "webhook", chats[3], "+7"
    )
    desk.store.write(lambda db: people.learn(db, question, Person(name="Четвёртая"), desk.start))
    desk.store.write(lambda db: people.keep(db, 2, chats[4], Person(name="Пятая"), desk.start))

    typed = ["первая", "вторая", "книжки", "третья", "четвертая", "пятая"]
    assert [found(desk, one) for one in typed] == [["C0"], ["C1"], ["C1"], ["C2"], ["C3"], ["C4"]]


def test_a_name_that_nobody_knows_any_more_finds_nobody(desk):
    call(desk, 1, ANNA)
    learn(desk, ANNA, Names("Anna", None))
    learn(desk, ANNA, Names("Maria", None))
    for name in ("Olga", None):
        desk.store.write(lambda db, name=name: people.keep(db, 1, ANNA, Person(name=name), desk.start))

    assert [found(desk, one) for one in ("anna", "maria", "olga")] == [[], ["C1"], ["C1"]]


def test_the_address_book_of_another_line_names_nobody_on_this_one(desk):
    config = InstanceConfig("sales", "7103999000", "https://api.example.com", "t0ken-of-the-api", ("s3cret",))
    desk.store.write(lambda db: instances.save(db, desk.store.secrets, config, None))
    call(desk, 1, ANNA)
    said = [Introduction(ANNA, "Anna")]
    desk.store.write(lambda db: introductions.learn(db, 2, said, desk.start))
    assert found(desk, "anna") == []

    desk.store.write(lambda db: introductions.learn(db, 1, said, desk.start))
    assert found(desk, "anna") == ["C1"]


def test_every_filter_holds_alone_and_with_the_others(desk):
    desk.know(ANNA, "Anna", None)
    call(desk, 1, ANNA, "missed")
    call(desk, 2, BORIS, "missed")
    call(desk, 3, ANNA, "pickUp")
    call(desk, 4, ANNA)
    third = desk.moment(3)

    assert found(desk, statuses=["missed"]) == ["C2", "C1"]
    assert found(desk, statuses=["missed", "ringing"]) == ["C4", "C2", "C1"]
    assert found(desk, since=third) == ["C4", "C3"]
    assert found(desk, until=third) == ["C2", "C1"]
    assert found(desk, instance="support") == ["C4", "C3", "C2", "C1"]
    assert found(desk, instance="sales") == []
    assert found(desk, connection="all-0") == ["C4", "C3", "C2", "C1"]
    assert found(desk, connection="result-1") == ["C3", "C2", "C1"]
    assert found(desk, connection="nobody") == []
    everything = {"statuses": ["missed", "answered"], "instance": "support", "connection": "result-1"}
    assert found(desk, "anna", **everything, since=desk.moment(2), until=desk.moment(4)) == ["C3"]


@pytest.mark.parametrize("text", ["", "anna", "911"])
def test_pages_follow_each_other_without_gap_or_repeat_though_calls_began_at_once(desk, text):
    for number in range(7):
        call(desk, number, f"7911000000{number}@c.us", after=number // 3)
        desk.know(f"7911000000{number}@c.us", "Anna", None)
    pages, place = [], None
    with desk.store.read() as db:
        while not pages or place:
            page = search.find(db, Filter(text), after=place, limit=2)
            pages.append([one["id_message"] for one in page.rows])
            place = page.next

    assert pages == [["C6", "C5"], ["C4", "C3"], ["C2", "C1"], ["C0"]]


def test_the_last_full_page_has_none_after_it(desk):
    call(desk, 1, ANNA)
    with desk.store.read() as db:
        assert search.find(db, Filter(), limit=1).next is None


@pytest.mark.parametrize("place", ["", "x", "1-", "1-x", "99999999999999999999-1", "1-" + "9" * 19, "-" * 5000])
def test_a_place_that_is_none_is_refused(desk, place):
    with desk.store.read() as db, pytest.raises(ValueError, match="no such place"):
        search.find(db, Filter(), after=place)


def test_a_connection_that_hears_often_is_found_like_one_that_hears_rarely(desk, monkeypatch):
    for number in range(5):
        call(desk, number, f"7911000000{number}@c.us", "missed" if number % 2 else "offer")
    monkeypatch.setattr(search, "_FEW", 1)

    assert found(desk, connection="result-1") == ["C3", "C1"]


def test_a_word_that_is_frequent_finds_the_same_calls_as_one_that_is_rare(desk, monkeypatch):
    for number in range(9):
        chat = f"7911000000{number}@c.us"
        call(desk, number, chat)
        desk.know(chat, "Anna" if number % 2 else "Boris", None)
    desk.store.write(lambda db: people.keep(db, 1, "79110000004@c.us", Person(name="Anna"), desk.start))
    rare = [found(desk, one) for one in ("anna", "911000", "5")]
    monkeypatch.setattr(search, "_FEW", 1)

    assert [found(desk, one) for one in ("anna", "911000", "5")] == rare
    assert rare[0] == ["C7", "C5", "C4", "C3", "C1"]


def test_all_that_fit_are_handed_on_however_many(desk, monkeypatch):
    monkeypatch.setattr(search, "_AT_ONCE", 2)
    for number in range(5):
        call(desk, number, ANNA, "missed")
    call(desk, 5, ANNA)

    kept = [one["id_message"] for one in search.every(desk.store, Filter(statuses=["missed"]))]
    assert kept == ["C4", "C3", "C2", "C1", "C0"]


def test_the_choices_are_the_names_that_there_are_and_were(desk, now):
    desk.connect("Alpha", "ignore")
    desk.store.write(
        lambda db: (
            db.execute(sql("UPDATE connections SET removed_at = :at WHERE name = 'all-0'"), {"at": now + timedelta(1)})
            and None
        )
    )
    with desk.store.read() as db:
        assert search.choices(db) == search.Choices(["support"], ["all-0", "Alpha", "result-1"])


def test_folding_leaves_scripts_without_cases_alone():
    assert [folded(one) for one in ("शक्ति", "שלום", "한국")] == ["शक्ति", "שלום", "한국"]

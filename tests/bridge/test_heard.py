"""What is heard in passing: written down a little later, once, and only where it adds something."""

from __future__ import annotations

import json

import pytest
from books import change, instance
from desk import CHAT, ID_INSTANCE, Desk
from sqlalchemy import select

from bridge import erasure
from bridge import heard as hearing
from bridge.greenapi.events import read
from bridge.heard import Heard
from bridge.store import tables

GROUP = "1203630439680000@g.us"
LID = "214700913355128@lid"


@pytest.fixture
def desk(store, now):
    return Desk(store, now)


@pytest.fixture
def heard():
    return Heard()


def message(**sender):
    body = {
        "typeWebhook": "incomingMessageReceived",
        "instanceData": {"idInstance": int(ID_INSTANCE)},
        "senderData": {"chatId": CHAT, "sender": CHAT, **sender},
    }
    return read(json.dumps(body).encode())


def hear(heard, desk, *messages, after=0.0):
    for one in messages:
        heard.notification(one.id_instance, one.sender)
    heard.flush(desk.store, desk.moment(after))


def known(desk) -> dict[str, tuple]:
    with desk.store.read() as db:
        rows = db.execute(select(tables.callers)).all()
    return {row.chat_id: (row.contact_name, row.name, row.phone_chat, row.expires_at > desk.start) for row in rows}


def test_whoever_writes_is_known_when_they_call(desk, heard):
    hear(heard, desk, message(senderName="Noor", senderContactName="Noor (bakery)"))

    assert known(desk) == {CHAT: ("Noor (bakery)", "Noor", None, True)}
    assert not desk.hear("offer").look_up


def test_half_a_name_is_shown_while_green_api_is_asked_for_the_other_half(desk, heard):
    hear(heard, desk, message(senderName="Noor"))
    accepted = desk.hear("offer", after=1)

    assert known(desk) == {CHAT: (None, "Noor", None, False)}
    assert accepted.look_up == (1,)
    assert desk.claim(after=3).call.caller.name == "Noor"


def test_a_name_is_never_lost_to_a_blank_or_to_what_is_no_name(desk, heard):
    desk.know()
    hear(heard, desk, message(senderName="", senderContactName="\u202e\n"), message(senderName=["Noor"]), message())

    assert known(desk) == {CHAT: ("Noor (bakery)", "Noor", None, True)}


def test_a_newer_name_takes_the_place_of_an_older_one(desk, heard):
    desk.know()
    hear(heard, desk, message(senderName="Noor the second"))

    assert known(desk) == {CHAT: ("Noor (bakery)", "Noor the second", None, True)}


def test_in_a_group_it_is_the_sender_who_is_named(desk, heard):
    hear(heard, desk, message(chatId=GROUP, senderName="Noor"))

    assert set(known(desk)) == {CHAT}


@pytest.mark.parametrize(
    "sender",
    [
        {"chatId": LID, "sender": CHAT},
        {"chatId": CHAT, "sender": LID},
        {"chatId": LID, "sender": LID, "senderPhoneNumber": 15551230042},
    ],
)
def test_a_hidden_chat_and_its_number_become_a_pair_where_a_message_shows_both(desk, heard, sender):
    hear(heard, desk, message(**sender, senderName="Noor"))

    assert known(desk) == {LID: (None, "Noor", CHAT, False)}


def test_in_a_group_nothing_is_paired(desk, heard):
    hear(heard, desk, message(chatId=GROUP, sender=LID, senderName="Noor"))

    assert known(desk)[LID][2] is None


@pytest.mark.parametrize("sender", [None, 7, {}, {"chatId": 7}, {"chatId": {}, "sender": [], "senderName": "x"}])
def test_whatever_a_sender_looks_like_nothing_breaks(desk, heard, sender):
    body = {"typeWebhook": "incomingMessageReceived", "instanceData": {"idInstance": ID_INSTANCE}, "senderData": sender}
    hear(heard, desk, read(json.dumps(body).encode()))

    assert known(desk) == {}


@pytest.mark.parametrize("odd", ["1555\ud8001230042@c.us", "1555\x001230042@c.us", "\udfff@lid"])
def test_a_chat_id_that_cannot_be_stored_takes_no_other_with_it(desk, heard, odd):
    for sender in (message(chatId=odd, sender=odd, senderName="Odd"), message(senderName="Noor")):
        heard.notification(ID_INSTANCE, sender.sender)
    heard.flush(desk.store, desk.moment())

    assert known(desk)[CHAT][1] == "Noor"
    assert len(known(desk)) == 2


def test_a_number_that_is_none_makes_no_pair(desk, heard):
    hear(heard, desk, message(chatId=LID, sender=LID, senderName="Noor", senderPhoneNumber=10**4000))

    assert known(desk)[LID][2] is None


def test_who_said_the_same_before_is_not_looked_at_again(desk, heard):
    hear(heard, desk, message(senderName="Noor"))
    desk.store.write(lambda db: db.execute(tables.callers.delete()) and None)
    hear(heard, desk, message(senderName="Noor"))

    assert known(desk) == {}


def test_no_more_is_remembered_than_there_is_room_for(desk, heard, monkeypatch):
    monkeypatch.setattr(hearing, "_MOST_SENDERS", 2)
    people = [message(sender=f"1555123000{n}@c.us", chatId=GROUP, senderName="N") for n in range(5)]
    hear(heard, desk, *people)
    assert len(known(desk)) == 2

    hear(heard, desk, *people)  # those who were dropped are met again
    assert len(known(desk)) == 4


def test_that_an_instance_lives_is_written_once_a_minute_at_most(desk, heard, monkeypatch):
    seen = []
    for second in (0, 30, 59, 61):
        monkeypatch.setattr(hearing.time, "time", lambda at=second: desk.moment(at).timestamp())
        hear(heard, desk, message())
        seen.append(instance(desk).heard_at)

    assert seen == [desk.start, desk.start, desk.start, desk.moment(61)]


def test_what_was_refused_in_its_name_is_counted(desk, heard):
    for after in (0, 60):
        heard.refused(ID_INSTANCE)
        heard.refused(ID_INSTANCE)
        heard.flush(desk.store, desk.moment(after))

    row = instance(desk)
    assert (row.refused, row.refused_at) == (4, desk.moment(60))


def test_an_instance_that_was_removed_meanwhile_learns_nothing(desk, heard):
    change(desk, removed_at=desk.start)
    hear(heard, desk, message(senderName="Noor"))

    assert known(desk) == {}


def test_whoever_is_erased_by_number_goes_from_their_hidden_chat_as_well(desk, heard):
    hear(heard, desk, message(chatId=LID, sender=CHAT, senderName="Noor"))
    erasure.erase(desk.store, erasure.somebody("+15551230042"), desk.start)

    assert known(desk) == {}

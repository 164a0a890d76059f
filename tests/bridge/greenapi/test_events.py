"""Notifications of every generation and spelling, read for what can be made of them."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from desk import CHAT, ID_INSTANCE, notification

from bridge.greenapi import chats
from bridge.greenapi.events import CallEvent, Notification, Unreadable, read
from connectors.kit import CallStatus

ANOTHER_CHAT = "15551230043@c.us"
OURSELVES = "15557650001@c.us"
AT = datetime(2025, 11, 20, 14, 3, 12, tzinfo=UTC)
SECONDS = 1763647392


def heard(status="offer", **more) -> CallEvent:
    call = read(json.dumps(notification(status, **more)).encode()).call
    assert call is not None
    return call


def of_instance(**data) -> dict:
    return {"instanceData": {"idInstance": int(ID_INSTANCE), "wid": OURSELVES, **data}}


def test_the_form_of_today_is_read_whole():
    event = heard("offer", id_message="9C41D0A7F2B84E6E93B1D5C0AA77E210", at=SECONDS)

    assert event == CallEvent(
        id_instance=ID_INSTANCE,
        chat_id=CHAT,
        from_ourselves=False,
        id_message="9C41D0A7F2B84E6E93B1D5C0AA77E210",
        status=CallStatus.RINGING,
        word="offer",
        raw_status=None,
        at=AT,
        video=None,
    )
    assert event.call_key == "7103111222-9C41D0A7F2B84E6E93B1D5C0AA77E210"
    assert read(json.dumps(notification()).encode()) == Notification("incomingCall", ID_INSTANCE, heard())


@pytest.mark.parametrize(
    ("word", "status"),
    [
        (None, CallStatus.RINGING),
        ("", CallStatus.RINGING),
        (" ", CallStatus.RINGING),
        ("offer", CallStatus.RINGING),
        (" Offer ", CallStatus.RINGING),
        ("pickUp", CallStatus.ANSWERED),
        ("PICKUP", CallStatus.ANSWERED),
        ("hungUp", CallStatus.DROPPED),
        ("hangUp", CallStatus.DROPPED),
        ("HANGUP", CallStatus.DROPPED),
        ("missed", CallStatus.MISSED),
        ("declined", CallStatus.MISSED),
        ("Declined", CallStatus.MISSED),
    ],
)
def test_every_word_of_every_generation_has_its_status(word, status):
    event = heard(word)

    assert (event.status, event.raw_status) == (status, None)


@pytest.mark.parametrize(
    ("word", "kept"),
    [
        ("voicemail", "voicemail"),
        ("  Call\u202e\nBusy ", "Call Busy"),
        (7, "7"),
        (False, "false"),
        (["pickUp"], '["pickUp"]'),
        ({"of": 1}, '{"of": 1}'),
    ],
)
def test_a_word_that_we_do_not_know_is_an_unknown_outcome_kept_as_it_came(word, kept):
    event = heard(word)

    assert (event.status, event.raw_status) == (CallStatus.UNKNOWN, kept)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"status": "hangUp"}, {"status": "HUNGUP"}),
        ({"status": None}, {"status": "offer"}),
        ({"status": ""}, {"status": "Offer"}),
        ({"id_message": 12345}, {"id_message": " 12345 "}),
        ({"at": SECONDS}, {"at": SECONDS + 60}),
        ({"chat": CHAT}, {"chat": ANOTHER_CHAT}),
        ({"id_message": None, "at": SECONDS}, {"id_message": None, "at": str(SECONDS)}),
        ({"id_message": None, "at": SECONDS}, {"id_message": " ", "at": SECONDS * 1000}),
        (of_instance(idInstance=7103111222), of_instance(idInstance=" 7103111222 ")),
    ],
)
def test_these_are_one_notification_that_came_twice(one, other):
    assert heard(**one).key == heard(**other).key


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"status": "offer"}, {"status": "pickUp"}),
        ({"status": "missed"}, {"status": "declined"}),
        ({"id_message": "C1"}, {"id_message": "C2"}),
        ({"id_message": "C1"}, {"id_message": "c1"}),
        (of_instance(idInstance=7103111222), of_instance(idInstance=7103111223)),
        ({"id_message": None, "at": SECONDS}, {"id_message": None, "at": SECONDS + 1}),
        ({"id_message": None, "at": SECONDS}, {"id_message": None, "at": None}),
        ({"id_message": None, "chat": CHAT}, {"id_message": None, "chat": ANOTHER_CHAT}),
        ({"id_message": None, "status": "offer"}, {"id_message": None, "status": "pickUp"}),
    ],
)
def test_these_are_two_notifications(one, other):
    assert heard(**one).key != heard(**other).key


def test_all_notifications_of_one_id_are_about_one_call_and_of_one_instance_alone():
    keys = {heard(word, at=SECONDS + number).call_key for number, word in enumerate([None, "pickUp", "busy"])}

    assert keys == {"7103111222-C1"}
    assert heard(**of_instance(idInstance=7103111223)).call_key == "7103111223-C1"


@pytest.mark.parametrize("given", ["a b", "C1/2", "Ünï", "x" * 81, "\ud800"])
def test_an_id_that_no_address_could_hold_is_hashed_and_still_tells_calls_apart(given):
    event = heard(id_message=given)

    head, _, digest = event.call_key.partition("-")
    assert head == ID_INSTANCE
    assert len(digest) == 64
    assert int(digest, 16)
    assert event.call_key == heard("pickUp", id_message=given).call_key
    assert event.call_key != heard(id_message=given + "!").call_key


def test_the_longest_readable_id_is_shown_as_it_is():
    assert heard(id_message="x" * 80).call_key == f"7103111222-{'x' * 80}"


def test_the_outcomes_of_a_call_are_known_before_they_come():
    outcomes = heard("offer").outcome_keys()

    for word in ("pickUp", "hungUp", "hangUp", "declined", "missed"):
        assert outcomes[heard(word, at=SECONDS).key] is heard(word).status
    assert heard("offer").key not in outcomes
    assert heard("offer", id_message=None).outcome_keys() == {}


@pytest.mark.parametrize(
    ("given", "at"),
    [
        (SECONDS, AT),
        (str(SECONDS), AT),
        (f" {SECONDS} ", AT),
        (float(SECONDS), AT),
        (SECONDS * 1000, AT),
        (str(SECONDS * 1000), AT),
        (1, datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC)),
        (99_999_999_999, datetime(5138, 11, 16, 9, 46, 39, tzinfo=UTC)),
        (100_000_000_000, datetime(1973, 3, 3, 9, 46, 40, tzinfo=UTC)),
    ],
)
def test_a_time_may_be_seconds_or_milliseconds_and_a_number_or_text(given, at):
    assert heard(at=given).at == at


@pytest.mark.parametrize(
    "given",
    [None, 0, -SECONDS, "", "soon", "nan", "inf", "-inf", True, [SECONDS], {}, 10**14, 10**30, 10**400, float("inf")],
)
def test_a_time_without_sense_is_no_time(given):
    assert heard(at=given).at is None


@pytest.mark.parametrize(("given", "video"), [(True, True), (False, False), ("yes", None), (1, None), (None, None)])
def test_video_is_taken_where_it_is_said(given, video):
    assert heard(isVideo=given).video is video


@pytest.mark.parametrize(
    ("chat", "kept"),
    [(10000000, "10000000"), (-10000000000000, "-10000000000000"), (f" {CHAT} ", CHAT), ("x" * 600, "x" * 512)],
)
def test_a_chat_is_kept_as_it_was_written_be_it_a_number_or_text(chat, kept):
    assert heard(chat=chat).chat_id == kept


@pytest.mark.parametrize(
    ("chat", "wid", "ours"),
    [
        (OURSELVES, OURSELVES, True),
        ("15557650001:12@s.whatsapp.net", OURSELVES, True),
        (OURSELVES, "15557650001:3@c.us", True),
        ("10000000", "10000000", True),
        (CHAT, OURSELVES, False),
        ("98765432101234@lid", "120363041234567890@g.us", False),
        (CHAT, "", False),
        (CHAT, None, False),
        (OURSELVES, 15557650001, False),
    ],
)
def test_our_own_account_is_recognised_with_or_without_its_device(chat, wid, ours):
    assert heard(chat=chat, **of_instance(wid=wid)).from_ourselves is ours


@pytest.mark.parametrize(
    ("chat", "phone", "group"),
    [
        (CHAT, "+15551230042", False),
        ("15551230042@s.whatsapp.net", "+15551230042", False),
        ("15551230042:12@s.whatsapp.net", "+15551230042", False),
        ("15551230042:12345@c.us", None, False),
        ("214700913355128@lid", None, False),
        ("1203630439680000@g.us", None, True),
        ("15551234567-1581230000@g.us", None, True),
        ("10000000", None, False),
        ("-10000000000000", None, True),
        ("-7", None, True),
        ("-a123", None, False),
        ("1234@c.us", None, False),
        ("1234567890123456@c.us", None, False),
        ("+15551230042@c.us", None, False),
        ("15551230042@c.us.example.com", None, False),
    ],
)
def test_only_a_person_known_by_number_has_a_phone_and_groups_are_told_apart(chat, phone, group):
    assert (chats.phone(chat), chats.is_group(chat)) == (phone, group)


@pytest.mark.parametrize("kind", ["outgoingCall", "statusInstanceChanged", "incomingMessageReceived", "ofTomorrow"])
def test_other_notifications_are_named_and_not_read(kind):
    body = json.dumps({"typeWebhook": kind, **of_instance(), "from": 7, "status": "pickUp"}).encode()

    assert read(body) == Notification(kind, ID_INSTANCE, None)


@pytest.mark.parametrize("data", [{}, {"instanceData": None}, {"instanceData": {"idInstance": True}}])
def test_another_notification_need_not_name_its_instance(data):
    body = json.dumps({"typeWebhook": "x" * 100 + "\x00", **data}).encode()

    assert read(body) == Notification("x" * 80, None, None)


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"", "not JSON"),
        (b"\xff\xfe", "not JSON"),
        (b'{"typeWebhook": "incomingCall"', "not JSON"),
        (b"[" * 100_000, "nested too deeply"),
        (b'["incomingCall"]', "names no typeWebhook"),
        (b'{"typeWebhook": 7}', "names no typeWebhook"),
        (json.dumps({**notification(), "instanceData": {}}).encode(), "names no idInstance"),
        (json.dumps({**notification(), **of_instance(idInstance=" ")}).encode(), "names no idInstance"),
        (json.dumps(notification(chat="")).encode(), "names no caller"),
        (json.dumps(notification(chat=True)).encode(), "names no caller"),
        (json.dumps(notification(chat=[CHAT])).encode(), "names no caller"),
    ],
)
def test_what_cannot_be_read_is_said_in_words(body, says):
    with pytest.raises(Unreadable, match=says):
        read(body)

"""Whatever a body holds is no error: what cannot be read is kept, and what is not needed is stored nowhere."""

from __future__ import annotations

import json

import pytest
from desk import ID_INSTANCE, notification
from doorstep import rows
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from bridge.store import tables

on_sqlite = pytest.mark.parametrize("store", ["sqlite"], indirect=True)


def kept(store, column=tables.notifications.c.body):
    with store.read() as db:
        return db.execute(select(column).order_by(tables.notifications.c.id)).scalars().all()


UNREADABLE = [
    b"", b"null", b"3", b'"offer"', b"[]", b"{", b"{}", b'{"typeWebhook": null}', b'{"typeWebhook": 5}', b"\xff\xfe",
    b'{"typeWebhook": "incomingCall\xff"}', b"\x00", b"[" * 100_000, b'{"a":' * 100_000, b"9" * 5000,
    b'{"typeWebhook": "incomingCall"}', b'{"typeWebhook": "incomingCall", "instanceData": 7}',
    b'{"typeWebhook": "incomingCall", "instanceData": {"idInstance": true}}',
    b'{"typeWebhook": "incomingCall", "instanceData": {"idInstance": 7103111222}}',
    b'{"typeWebhook": "incomingCall", "instanceData": {"idInstance": 7103111222}, "from": " "}',
    b"\xe2\x82" * 150_000,
]  # fmt: skip


@pytest.mark.parametrize("body", UNREADABLE, ids=range(len(UNREADABLE)))
def test_what_cannot_be_read_is_kept_once_with_its_beginning(post, store, body):
    assert [post(body).status_code for _ in range(2)] == [200, 200]

    assert kept(store, tables.notifications.c.verdict) == ["unread"]
    [text] = kept(store)
    assert len(text) <= 64 * 1024
    assert text[:20] == body[: 64 * 1024].decode("utf-8", "replace").replace("\x00", "\ufffd")[:20]


def test_what_cannot_be_read_of_another_instance_is_refused_as_all_that_names_it(post, store):
    answer = post(b'{"typeWebhook": "incomingCall", "instanceData": {"idInstance": 9999}}')

    assert (answer.status_code, answer.data) == (401, b"Unauthorized\n")
    assert kept(store) == []


def test_what_cannot_be_read_is_kept_with_the_type_and_the_instance_that_it_names(post, store):
    post(b'{"typeWebhook": "incomingCall", "instanceData": {"idInstance": 7103111222}}')

    assert kept(store, tables.notifications.c.type) == ["incomingCall"]
    assert kept(store, tables.notifications.c.instance_id) == [1]


@on_sqlite
def test_no_depth_of_nesting_is_too_much_for_an_answer(post):
    nested = [
        json.dumps(notification(status=None))[:-1] + f', "status": {"[" * n}{"]" * n}}}' for n in range(900, 1000)
    ]

    assert {post(body.encode()).status_code for body in nested} == {200}


@pytest.mark.parametrize("kind", ["incomingMessageReceived", "outgoingMessageStatus", "deviceInfo", "x" * 9999, "\0"])
def test_what_we_do_not_need_is_stored_nowhere(post, store, kind):
    assert post({"typeWebhook": kind, "instanceData": {"idInstance": ID_INSTANCE}}).status_code == 200
    assert post({"typeWebhook": kind}).status_code == 200
    assert rows(store) == [0, 0, 0]


FIELDS = ["typeWebhook", "from", "idMessage", "status", "timestamp", "isVideo", "instanceData", "wid", "idInstance"]
CHARACTERS = st.characters(exclude_categories=()) | st.sampled_from("\x00\ud800\udfff\u202e")
PLAIN = st.none() | st.booleans() | st.floats() | st.integers() | st.integers(0, 10**4200) | st.text(CHARACTERS)


def nested(inner):
    return inner | st.lists(inner, max_size=3) | st.dictionaries(st.text(CHARACTERS), inner, max_size=3)


JSON = nested(nested(PLAIN))


def with_field(name, value):
    body = notification()
    (body["instanceData"] if name in ("wid", "idInstance") else body)[name] = value
    return body


@given(changes=st.dictionaries(st.sampled_from(FIELDS), JSON, min_size=1, max_size=3))
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_value_of_any_field_is_answered_with_an_error(post, changes):
    body = notification()
    for name, value in sorted(changes.items()):
        if name in ("wid", "idInstance"):
            body["instanceData"] = {**notification()["instanceData"], name: value}
        else:
            body[name] = value

    assert post(body).status_code in (200, 401)


@pytest.mark.parametrize("name", FIELDS)
@pytest.mark.parametrize("value", ["\ud800\x00", "x" * 300_000, -1, 1e308, {"a": [{}]}, [[]] * 100, "٣"])
def test_an_odd_value_is_no_error(post, name, value):
    assert post(with_field(name, value)).status_code in (200, 401)


@on_sqlite
@pytest.mark.parametrize("name", FIELDS)
def test_a_number_of_five_thousand_digits_is_kept_as_unread(post, store, name):
    body = json.dumps(with_field(name, "here")).replace('"here"', "9" * 5000)

    assert post(body.encode()).status_code == 200
    assert kept(store, tables.notifications.c.verdict) == ["unread"]

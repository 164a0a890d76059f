"""What is answered in front of Flask is answered as Flask would: only sooner."""

from __future__ import annotations

import json

import pytest
from desk import ID_INSTANCE, Desk, notification
from flask import Flask
from sqlalchemy import func, select

from bridge.service import open_service
from bridge.settings import Settings
from bridge.store import migrate, tables
from bridge.web import create_app

PATH = "/webhooks/greenapi"
TOKEN = {"Authorization": "Bearer s3cret"}
MESSAGE = {"typeWebhook": "incomingMessageReceived", "instanceData": {"idInstance": int(ID_INSTANCE)}}


@pytest.fixture
def app(tmp_path, now):
    service = open_service(Settings(data_dir=tmp_path))
    migrate.migrate(service.store)
    Desk(service.store, now)
    yield create_app(service), service.store
    service.store.close()


def through_flask(app, **request):
    """The same request, with the short way taken out."""
    plain = Flask.wsgi_app.__get__(app)
    short, app.wsgi_app = app.wsgi_app, plain
    try:
        return app.test_client().post(PATH, **request)
    finally:
        app.wsgi_app = short


@pytest.mark.parametrize("path", [PATH, f"{PATH}/"])
def test_a_message_is_answered_and_not_kept(app, path):
    app, store = app

    assert app.test_client().post(path, json=MESSAGE, headers=TOKEN).status_code == 200
    with store.read() as db:
        assert db.execute(select(func.count()).select_from(tables.notifications)).scalar() == 0


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (json.dumps(MESSAGE), TOKEN),
        (json.dumps(MESSAGE), {}),
        (json.dumps(MESSAGE), {"Authorization": "Bearer wrong"}),
        (json.dumps({**MESSAGE, "instanceData": {"idInstance": 1}}), TOKEN),
        (json.dumps({**MESSAGE, "instanceData": None}), TOKEN),
        (json.dumps({**MESSAGE, "text": "incomingCall"}), TOKEN),
        (json.dumps({"typeWebhook": 5}), TOKEN),
        (json.dumps(notification()), TOKEN),
        (json.dumps(notification()).replace("incomingCall", "\\u0069ncomingCall"), TOKEN),
        ("", TOKEN),
        ("[" * 100_000, TOKEN),
        (b"\xff", TOKEN),
        ("x" * 300_000, TOKEN),
    ],
    ids=lambda value: repr(value)[:40],
)
def test_the_short_way_answers_as_the_long_one(app, body, headers):
    app, _ = app
    short = app.test_client().post(PATH, data=body, headers=headers)
    long = through_flask(app, data=body, headers=headers)

    assert short.status_code == long.status_code


def test_a_call_takes_the_long_way_with_its_body_intact(app, now):
    app, store = app
    app.test_client().post(PATH, data=json.dumps(notification(at=now)), headers=TOKEN)

    with store.read() as db:
        assert db.execute(select(tables.calls.c.key)).scalars().all() == [f"{ID_INSTANCE}-C1"]

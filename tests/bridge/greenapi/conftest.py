"""A stand-in for GREEN-API with one account, and the webhook that it pushes to."""

from __future__ import annotations

import json

import pytest
from flask import Response, request
from standin import NOOR

from bridge.greenapi.standin import Account, GreenApi
from bridge.greenapi.standin.loopback import Loopback, unanswered


class Receiver:
    """A webhook that keeps what it is sent, and answers 200 unless told what to answer next."""

    def __init__(self):
        self.requests = []
        self.answers = []
        self.loopback = Loopback("receiver", None)
        self.loopback.app.add_url_rule("/in", view_func=self.take, methods=["POST"])

    def take(self):
        self.requests.append((dict(request.headers), request.get_data()))
        answer = self.answers.pop(0) if self.answers else 200
        return unanswered() if answer is None else Response(status=answer, headers={"Location": "/in"})

    @property
    def told(self):
        return [json.loads(body) for _, body in self.requests]


@pytest.fixture
def receiver():
    receiver = Receiver()
    receiver.url = receiver.loopback.start() + "/in"
    yield receiver
    receiver.loopback.stop()


@pytest.fixture
def account(receiver):
    contacts = {NOOR: {"contactName": "Noor (bakery)", "name": "Noor"}}
    return Account(
        id_instance="7103111222",
        api_token="t0ken",
        webhook_url=receiver.url,
        webhook_token="s3cret",
        wid="15557650001@c.us",
        contacts=contacts,
    )


@pytest.fixture
def green_api(account):
    with GreenApi([account], pause=0.01, contacts_per_second=None) as green_api:
        yield green_api

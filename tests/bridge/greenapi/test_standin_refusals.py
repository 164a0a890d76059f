"""The stand-in refuses what GREEN-API refuses, limits who asks too often, and fails as often as it is told to."""

from __future__ import annotations

import re
import time

import pytest
import requests
from standin import NOOR, api, ask

from bridge.greenapi.standin import Fault, GreenApi


@pytest.mark.parametrize(
    ("body", "address", "status", "text"),
    [
        ({"chatId": NOOR}, {"token": "wrong"}, 401, "^$"),
        ({"chatId": NOOR}, {"instance": "1"}, 403, "."),
        ({"chatId": NOOR}, {"method": "getNothing"}, 404, "<html"),
        ("no JSON", {}, 400, "Unexpected token .* in JSON"),
        ({"chatId": "1203630439680000@g.us"}, {}, 400, "^Validation failed"),
        ({}, {}, 400, "^Validation failed"),
        ([], {}, 400, "^Validation failed"),
    ],
)
def test_a_wrong_request_is_refused_as_green_api_refuses_it(green_api, body, address, status, text):
    answer = ask(green_api, body, **address)

    assert answer.status_code == status
    assert re.search(text, answer.text)


def test_a_wrong_verb_is_not_found(green_api):
    with requests.Session() as session:
        answer = session.get(f"{green_api.url}/waInstance7103111222/getContactInfo/t0ken", timeout=5)

    assert answer.status_code == 404
    assert "<html" in answer.text


@pytest.mark.parametrize(
    ("changes", "method", "said"),
    [
        ({"expired": True}, "getStateInstance", "expired"),
        ({"state": "notAuthorized"}, "getContacts", "not authorized"),
        ({"state": "starting"}, "getSettings", "starting"),
    ],
)
def test_an_account_that_cannot_says_why(green_api, account, changes, method, said):
    green_api.account(account.model_copy(update=changes))

    refused = api(green_api, "GET", method)

    assert refused.status_code == 400
    assert said in refused.text


def test_contacts_are_limited_for_each_account(account):
    now = [1_795_170_000.0]
    other = account.model_copy(update={"id_instance": "1"})
    with GreenApi([account, other], contacts_per_second=1.0, clock=lambda: now[0]) as green_api:

        def answers(*instances):
            return [ask(green_api, {"chatId": NOOR}, instance=one).status_code for one in instances]

        assert answers("7103111222", "7103111222", "1") == [200, 429, 200]
        now[0] += 0.9
        assert answers("7103111222") == [429]
        now[0] += 0.1
        assert answers("7103111222", "7103111222") == [200, 429]
        now[0] -= 60
        assert answers("7103111222", "7103111222") == [200, 429]


def test_every_method_is_limited_where_that_is_switched_on(account):
    with GreenApi([account], rate_limits=True, clock=lambda: 1_795_170_000.0) as green_api:
        answers = [
            api(green_api, "GET", method).status_code for method in ("getSettings", "getContacts", "getSettings")
        ]

    assert answers == [200, 200, 429]


def test_a_fault_lasts_as_often_as_asked(green_api):
    green_api.fault(Fault(method="getContactInfo", status=502, body="<html>", count=2))

    answers = [ask(green_api, {"chatId": NOOR}) for _ in range(3)]

    assert [answer.status_code for answer in answers] == [502, 502, 200]
    asked = [entry for entry in green_api.log.entries() if entry["what"] == "contact"]
    assert [(entry["chat_id"], entry["answer"]) for entry in asked] == [(NOOR, 502), (NOOR, 502), (NOOR, 200)]


def test_a_fault_without_a_count_lasts_until_it_is_cleared(green_api):
    green_api.fault(Fault(method="getContactInfo", drop=True))
    for _ in range(2):
        with pytest.raises(requests.ConnectionError):
            ask(green_api, {"chatId": NOOR})

    green_api.fault(Fault(method="getContactInfo", count=0))

    assert ask(green_api, {"chatId": NOOR}).status_code == 200


def test_a_fault_may_be_one_accounts_alone(green_api, account):
    green_api.account(account.model_copy(update={"id_instance": "1"}))
    green_api.fault(Fault(method="getSettings", id_instance="1", status=466))

    answers = [api(green_api, "GET", "getSettings", instance=one).status_code for one in ("1", "7103111222")]

    assert answers == [466, 200]


def test_a_slow_answer_is_still_the_right_one(green_api):
    green_api.fault(Fault(method="getContactInfo", delay=0.05))

    before = time.monotonic()
    answer = ask(green_api, {"chatId": NOOR})

    assert time.monotonic() - before >= 0.05
    assert answer.json()["name"] == "Noor"

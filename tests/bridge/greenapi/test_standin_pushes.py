"""The stand-in pushes one notification after another, with its token, until each is taken."""

from __future__ import annotations

import pytest
from standin import NOOR, wait_until


def pushed(green_api):
    return [entry for entry in green_api.log.entries() if entry["what"] == "pushed"]


def test_a_notification_carries_the_token_and_the_content_type_of_green_api(green_api, receiver):
    green_api.ring("7103111222", NOOR, None)

    assert green_api.idle(timeout=5)
    [(headers, _)] = receiver.requests
    assert headers["Authorization"] == "Bearer s3cret"
    assert headers["Content-Type"] == "application/json; charset=utf-8"


@pytest.mark.parametrize(
    ("token", "header"),
    [
        ("", None),
        ("s3cret", "Bearer s3cret"),
        ("Bearer s3cret", "Bearer s3cret"),
        ("Basic dXNlcjpwYXNz", "Basic dXNlcjpwYXNz"),
    ],
)
def test_a_token_that_names_its_scheme_is_sent_as_it_is(account, token, header):
    assert account.model_copy(update={"webhook_token": token}).authorization == header


@pytest.mark.parametrize("answer", [201, 204, 302, 401, 503, None])
def test_whatever_is_not_200_is_sent_again_and_what_is_behind_it_waits(green_api, receiver, answer):
    receiver.answers = [answer, answer]

    green_api.ring("7103111222", NOOR, "pickUp", after=0)

    assert green_api.idle(timeout=5)
    assert [told["status"] for told in receiver.told] == ["offer", "offer", "offer", "pickUp"]
    assert receiver.requests[0][1] == receiver.requests[2][1]
    assert [entry["answer"] for entry in pushed(green_api)] == [answer, answer, 200, 200]


def test_an_account_that_is_refused_holds_up_no_other(green_api, account, receiver):
    green_api.account(account.model_copy(update={"id_instance": "1", "webhook_url": "http://127.0.0.1:9/"}))

    green_api.ring("1", NOOR, None)
    green_api.ring("7103111222", NOOR, None)

    wait_until(lambda: receiver.requests)
    assert not green_api.idle()


def test_a_changed_webhook_address_takes_what_is_queued(green_api, account, receiver):
    green_api.account(account.model_copy(update={"webhook_url": "http://127.0.0.1:9/"}))
    id_message = green_api.ring("7103111222", NOOR, None)
    wait_until(lambda: pushed(green_api))

    green_api.account(account)

    assert green_api.idle(timeout=5)
    assert [told["idMessage"] for told in receiver.told] == [id_message]


def test_it_is_not_idle_before_the_outcome_has_been_taken(green_api):
    green_api.ring("7103111222", NOOR, after=60)

    wait_until(lambda: pushed(green_api))
    assert not green_api.idle()

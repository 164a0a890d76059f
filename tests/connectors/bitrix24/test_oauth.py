"""The application's tokens: renewed when the portal says so, once for all workers, and never by the clock."""

from __future__ import annotations

import threading

import pytest
from application import AUTHORISED, SECRETS, SETTINGS, connector, portal

from connectors.bitrix24.app import Bitrix24App
from connectors.kit import Known, Rejected, Retryable, Unauthorized
from connectors.kit.testing import RULES, Fault, Notebook, Reply, Stand, Subject, sample_call

EXPIRED = Reply(401, {"error": "expired_token", "error_description": "The access token provided has expired."})


@pytest.fixture
def acme():
    return portal()


def asked(acme):
    return [entry.method for entry in acme.log]


def test_a_token_that_works_is_not_renewed(acme):
    connector(acme).check()

    assert asked(acme) == ["profile"]


def test_the_first_thing_that_is_asked_for_is_an_access_token(acme):
    memory = Notebook()

    connector(acme, memory).check()

    assert asked(acme) == ["oauth", "profile"]
    assert memory.read() == {
        "seed": AUTHORISED["seed"],
        "access_token": "access-c4nary-0002",
        "refresh_token": "refresh-c4nary-0002",
    }


def test_after_an_hour_the_same_request_is_made_once_more_with_a_new_token(acme):
    acme.clock.now += 3601

    connector(acme).check()

    assert asked(acme) == ["profile", "oauth", "profile"]
    assert acme.refused == []


def test_each_refresh_uses_the_token_that_the_last_one_gave_out(acme):
    memory = Notebook(AUTHORISED)
    for _ in range(3):
        acme.clock.now += 3601
        connector(acme, memory).check()

    assert acme.oauth.refreshed == 3


def test_a_fresh_token_that_is_refused_as_well_is_not_renewed_for_ever(acme):
    class Hurried:
        """Its tokens run out at once."""

        def answer(self, request):
            acme.oauth.expire()
            return acme.answer(request)

    with pytest.raises(Unauthorized):
        connector(Stand(Hurried())).check()

    assert asked(acme) == ["profile", "oauth", "profile"]


def test_of_many_threads_whose_token_has_run_out_one_renews_it(acme):
    acme.clock.now += 3601
    made = connector(acme, Notebook(AUTHORISED))
    threads = [threading.Thread(target=made.check) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert acme.oauth.refreshed == 1
    assert acme.refused == []


def test_a_refresh_token_that_is_entered_anew_takes_the_place_of_what_was_kept(acme):
    memory = Notebook(AUTHORISED)
    acme.oauth.authorise()

    connector(acme, memory, refresh_token="refresh-c4nary-0002").check()

    assert memory.read()["refresh_token"] == "refresh-c4nary-0003"
    assert acme.refused == []


def test_other_settings_leave_what_was_kept(acme):
    connector(acme, Notebook(AUTHORISED), operators=["6"], line="Bakery").check()

    assert asked(acme) == ["profile"]


@pytest.mark.parametrize(
    ("settings", "spoil", "reason"),
    [
        ({"client_secret": "another-secret"}, None, r"invalid_client\): client_id and client_secret are not those"),
        ({"client_id": "local.other"}, None, r"invalid_client\)"),
        ({"refresh_token": "used-up-long-ago"}, None, r"invalid_grant\): the refresh token is used up"),
        ({}, "revoked", r"invalid_grant\)"),
    ],
)
def test_what_the_oauth_server_refuses_is_a_matter_for_an_administrator(acme, settings, spoil, reason):
    if spoil:
        setattr(acme.oauth, spoil, True)

    with pytest.raises(Unauthorized, match=reason):
        connector(acme, Notebook(), **settings).check()


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ({"error": "PAYMENT_REQUIRED"}, "subscription"),
        ({"error": "invalid_scope"}, "save the application's form"),
        ({"error": "something_new"}, r"\(something_new\): authorise the application anew"),
        ({"error": "<b>'; https://x"}, r"\(no known code\)"),
    ],
)
def test_other_refusals_say_what_to_do_as_well(acme, body, reason):
    with pytest.raises(Unauthorized, match=reason):
        connector(Stand(acme, Fault(Reply(400, body))), Notebook()).check()


@pytest.mark.parametrize("body", [{}, [], {"access_token": "x"}, {"access_token": "", "refresh_token": ""}])
def test_an_answer_without_tokens_is_not_kept(acme, body):
    memory = Notebook()

    with pytest.raises(Retryable, match="without tokens"):
        connector(Stand(acme, Fault(Reply(200, body))), memory).check()

    assert memory.read() == {}


def test_an_oauth_server_that_fails_is_asked_again_later(acme):
    for fault in (Fault(Reply(500, {})), Fault(Reply(503, "<html>")), Fault()):
        with pytest.raises(Retryable):
            connector(Stand(acme, fault), Notebook()).check()


def test_another_oauth_server_may_be_named(acme):
    stand = Stand(acme, Fault(Reply(400, {})))

    with pytest.raises(Rejected):
        connector(stand, Notebook(), oauth_server="https://oauth.example.com/token").check()

    assert stand.seen[0].url.startswith("https://oauth.example.com/token?grant_type=refresh_token&client_id=local.")


def test_the_secret_goes_to_the_oauth_server_only(acme):
    stand = Stand(acme)
    made = connector(stand, Notebook())
    made.deliver(sample_call(), Known())

    spoken = [request for request in stand.seen if "c4nary-client-secret" in f"{request.url} {request.body}"]
    assert [request.url.partition("?")[0] for request in spoken] == ["https://oauth.bitrix.info/oauth/token/"]


@pytest.mark.parametrize("rule", [rule for rule in RULES if rule.__name__ != "repeats_safely_when_unsure"])
def test_one_that_has_no_access_yet_keeps_the_contract_too(rule):
    # Not that one: a refresh whose answer is lost has used the token up, and no attempt of ours can bring it back.
    rule(Subject(Bitrix24App, SETTINGS, portal, secrets=SECRETS))

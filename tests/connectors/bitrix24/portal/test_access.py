"""Who may ask the stand-in of a portal what: addresses, scopes and tokens."""

from __future__ import annotations

import pytest
from bitrix24_client import PHONE, WEBHOOK, App, ask, refusal, result, sent

TOKEN_URL = "https://oauth.bitrix.info/oauth/token/"


def test_a_request_may_be_json_a_form_or_a_query_and_a_name_may_be_spelt_in_any_case(portal):
    asked = f"{WEBHOOK}/CRM.Duplicate.FindByComm.json"
    query = {"type": "PHONE", "values[]": PHONE}

    assert result(sent(portal, asked, {"type": "PHONE", "values": [PHONE]})) == {"CONTACT": [651]}
    assert result(sent(portal, asked, data=query)) == {"CONTACT": [651]}
    assert result(sent(portal, asked, verb="GET", params=query)) == {"CONTACT": [651]}
    ignored = sent(portal, asked, {"type": "PHONE", "values": [PHONE]}, verb="GET")
    assert refusal(ignored) == (400, "", "Communication type is not defined.")


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        (f"{WEBHOOK.replace('https', 'http')}/profile", (400, "INVALID_REQUEST", "Https required")),
        (f"{WEBHOOK[:-1]}/profile", (401, "INVALID_CREDENTIALS", "Invalid request credentials")),
        (f"{WEBHOOK}/crm.lead.invent", (404, "ERROR_METHOD_NOT_FOUND", "Method not found!")),
        ("https://acme.bitrix24.test/rest/profile", (401, "NO_AUTH_FOUND", "Wrong authorization data")),
    ],
)
def test_an_address_that_is_wrong_is_refused_as_what_it_is(portal, url, expected):
    assert refusal(sent(portal, url, {})) == expected
    assert [(one.status, one.code, one.description) for one in portal.refused] == [expected]


def test_a_portal_that_moved_redirects_and_one_without_rest_says_so(portal):
    portal.has_rest = False
    assert refusal(ask(portal, "profile"))[:2] == (403, "ACCESS_DENIED")

    portal.renamed_to = "new.bitrix24.test"
    moved = ask(portal, "profile")
    assert (moved.status, moved.headers["Location"][:25]) == (302, "https://new.bitrix24.test")


def test_a_scope_that_is_missing_is_named_by_its_code(portal):
    portal.webhooks = dict.fromkeys(portal.webhooks, frozenset({"crm"}))

    assert refusal(ask(portal, "im.notify.system.add", USER_ID=5, MESSAGE="x"))[:2] == (403, "insufficient_scope")
    assert refusal(ask(portal, "user.get"))[:2] == (403, "insufficient_scope")
    assert result(ask(portal, "scope")) == ["crm"]


def test_a_webhook_may_neither_register_nor_finish_a_call(portal):
    for method in ("register", "finish"):
        asked = ask(portal, f"telephony.externalCall.{method}", USER_ID=5, PHONE_NUMBER=PHONE, TYPE=2, CALL_ID="x")
        assert refusal(asked)[:2] == (403, "WRONG_AUTH_TYPE")


def test_a_refresh_token_works_once_and_an_old_access_token_says_that_it_expired(portal, clock):
    app = App(portal)
    clock.now += 3601
    assert refusal(app.ask("profile"))[:2] == (401, "expired_token")
    keys = {"grant_type": "refresh_token", "client_id": "local.c4nary.client", "client_secret": "c4nary-client-secret"}
    refresh = {**keys, "refresh_token": app.tokens.refresh}
    fresh = sent(portal, TOKEN_URL, verb="GET", params=refresh)

    assert fresh.status == 200
    assert portal.refused == []
    assert refusal(sent(portal, TOKEN_URL, verb="GET", params=refresh))[:2] == (400, "invalid_grant")
    assert refusal(sent(portal, TOKEN_URL, verb="GET", params={**refresh, "client_id": "x"}))[:2] == (
        401,
        "invalid_client",
    )
    used = sent(portal, "https://acme.bitrix24.test/rest/profile", {"auth": fresh.body["access_token"]})
    assert result(used)["ID"] == "1"

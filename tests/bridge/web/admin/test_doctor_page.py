"""The doctor on a page: it opens at once, its findings follow, and mending says beforehand what it costs."""

from __future__ import annotations

from dataclasses import replace

import pytest
from office import office

from bridge import audit, instances
from bridge.buckets import Buckets
from bridge.greenapi.standin import Account, GreenApi
from bridge.instances import InstanceConfig

LINE, API_TOKEN, WEBHOOK_TOKEN = "7103111222", "canary-token-of-the-api", "canary-token-of-the-webhook"
OFF = {"incomingWebhook": "no", "incomingCallWebhook": "no", "stateWebhook": "no"}
RESTARTS = "The instance restarts. It may take five minutes until that holds, and calls may be lost meanwhile."
CHECK = "/admin/instances/support/check"


@pytest.fixture
def service(store, clock):
    """Its allowances go by real time: by a clock that stands still the doctor would wait for each."""
    return replace(office(store, clock), buckets=Buckets(None))


@pytest.fixture
def green_api():
    with GreenApi(pause=0.01) as green_api:
        yield green_api


@pytest.fixture
def admit(site, store, green_api):
    """Polled, so that no public address is needed; at GREEN-API as each test wants it. Returns an administrator."""

    def admit(**account):
        green_api.account(Account(**{"id_instance": LINE, "api_token": API_TOKEN, "webhook_url": "", **account}))
        config = InstanceConfig("support", LINE, green_api.url, API_TOKEN, (WEBHOOK_TOKEN,), intake="poll")
        store.write(lambda db: instances.save(db, store.secrets, config, None))
        return site.as_administrator()

    return admit


def trail(store):
    with store.read() as db:
        return [row for row in audit.listing(db, 50) if row["what"].startswith("instance.")]


def test_the_page_opens_without_asking_anybody_and_the_findings_follow(admit, green_api):
    admin = admit(settings=OFF)

    page = admin.get(CHECK).text
    assert 'data-fragment="/admin/instances/support/findings"' in page
    assert f'href="{CHECK}?now=1"' in page
    assert "incomingCallWebhook" not in page

    fragment, whole = admin.get("/admin/instances/support/findings").text, admin.get(f"{CHECK}?now=1").text
    for text in (fragment, whole):
        assert "GREEN-API tells of no calls." in text
        assert "Mend it with the button below." in text
        assert "--fix" not in text
        assert "canary" not in text
    assert "<html" not in fragment
    assert "data-fragment" not in whole


def test_mending_says_beforehand_that_it_restarts_and_is_a_post_with_a_line_in_the_trail(admit, store, green_api):
    admin = admit(settings=OFF)
    fragment = admin.get("/admin/instances/support/findings").text
    assert RESTARTS in fragment
    assert 'action="/admin/instances/support/fix"' in fragment
    assert "replace_webhook" not in fragment
    assert trail(store) == []

    done = admin.post("/admin/instances/support/fix")

    assert (done.status_code, done.location) == (303, CHECK)
    assert "Changed at GREEN-API: " in admin.get(CHECK).text
    [row] = trail(store)
    assert (row["who"], row["what"], row["about"]) == ("ada", "instance.mended", "support")
    assert "incomingCallWebhook" in row["detail"]["text"]


def test_taking_a_webhook_over_is_offered_only_where_somebody_has_it(admit, store):
    admin = admit(webhook_url="https://crm.example.com/canary-secret-of-theirs")
    fragment = admin.get("/admin/instances/support/findings").text
    assert 'name="replace_webhook"' in fragment
    assert "hears nothing of this account any more" in fragment
    assert "--" not in fragment.replace("<!--", "")
    assert "canary" not in fragment

    admin.post("/admin/instances/support/fix")
    assert "Nothing was changed at GREEN-API" in admin.get(CHECK).text
    assert trail(store) == []
    admin.post("/admin/instances/support/fix", {"replace_webhook": "yes"})
    assert "Changed at GREEN-API: webhookUrl" in admin.get(CHECK).text
    assert trail(store)[0]["detail"]["replace_webhook"] is True


def test_where_nothing_is_to_be_mended_no_button_is_offered(admit):
    fragment = admit().get("/admin/instances/support/findings").text

    assert "<form" not in fragment


def test_a_get_mends_nothing(admit):
    assert admit(settings=OFF).get("/admin/instances/support/fix").status_code == 405

"""GREEN-API accounts on pages: added, changed and removed, with no secret shown and nothing lost that is left blank."""

from __future__ import annotations

import pytest
from administration import FORM, seen, trail

from bridge import instances


def configs(store):
    with store.read() as db:
        return {one.name: one.config for one in instances.active(db, store.secrets)}


def test_an_instance_is_added_and_its_check_opens(admin, store):
    seen(admin.post("/admin/instances/add", FORM), "/admin/instances/support/check")

    assert configs(store)["support"].webhook_tokens == ("canary-hook",)
    assert trail(store) == [("ada", "instance.added", "support")]
    assert "support" in admin.get("/admin/instances").text


def test_a_webhook_without_a_token_gets_one_that_nobody_knows(admin, store):
    admin.post("/admin/instances/add", {**FORM, "webhook_token": ""})

    [token] = configs(store)["support"].webhook_tokens
    assert len(token) >= 32


def test_what_is_wrong_stands_beside_its_field_and_secrets_are_not_sent_back(admin, store):
    wrong = {**FORM, "id_instance": "seven", "lookups_per_second": "often", "timezone": "Mars"}
    answer = admin.post("/admin/instances/add", wrong)

    assert answer.status_code == 400
    assert "It is the number that the GREEN-API console shows." in answer.text
    assert "Input should be a valid number." in answer.text
    assert "It is no IANA time zone" in answer.text
    assert 'value="seven"' in answer.text
    assert "canary" not in answer.text
    assert configs(store) == {}


def test_a_change_shows_no_secret_and_keeps_those_left_blank(admin, store):
    admin.post("/admin/instances/add", FORM)
    page = admin.get("/admin/instances/support/change").text
    assert "canary" not in page

    blank = {**FORM, "api_token": "", "webhook_token": "", "timezone": "Europe/Berlin"}
    seen(admin.post("/admin/instances/support/change", blank), "/admin/instances/support/check")

    config = configs(store)["support"]
    assert (config.api_token, config.webhook_tokens, config.timezone) == (
        "canary-api",
        ("canary-hook",),
        "Europe/Berlin",
    )


def test_a_new_token_may_leave_the_old_one_accepted(admin, store):
    admin.post("/admin/instances/add", FORM)
    admin.post("/admin/instances/support/change", {**FORM, "webhook_token": "canary-new", "keep_old": "yes"})

    assert configs(store)["support"].webhook_tokens == ("canary-new", "canary-hook")


def test_removing_asks_first(admin, store):
    admin.post("/admin/instances/add", FORM)
    assert "Remove support?" in admin.get("/admin/instances/support/remove").text
    assert "support" in configs(store)

    seen(admin.post("/admin/instances/support/remove"), "/admin/instances")
    assert configs(store) == {}
    assert trail(store)[-1] == ("ada", "instance.removed", "support")


@pytest.mark.parametrize("page", ["change", "remove", "check", "findings"])
def test_an_instance_that_is_not_there_is_a_page_that_is_not_there(admin, page):
    assert admin.get(f"/admin/instances/nobody/{page}").status_code == 404

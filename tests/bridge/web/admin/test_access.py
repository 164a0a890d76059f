"""Operators open no page of administration, and a form without its token changes nothing."""

from __future__ import annotations

import pytest
from administration import FORM, trail

PAGES = (
    "",
    "/instances",
    "/instances/add",
    "/deliveries",
    "/notifications",
    "/users",
    "/users/add",
    "/tokens",
    "/audit",
)


@pytest.mark.parametrize("page", PAGES)
def test_operators_open_no_page_of_administration(site, page):
    assert site.as_operator().get(f"/admin{page}").status_code == 403
    assert site.get(f"/admin{page}").status_code == 303


@pytest.mark.parametrize(
    "path",
    ["instances/add", "deliveries/replay", "notifications/replay", "users/add", "tokens/add", "users/ada/remove"],
)
def test_a_form_without_its_token_changes_nothing(admin, path, store):
    answer = admin.client.post(f"/admin/{path}", data=FORM, headers={"Accept": "text/html"})

    assert answer.status_code == 400
    assert "This form could not be trusted" in answer.text
    assert trail(store) == []


def test_an_operator_opens_no_page_of_the_administrators(site):
    browser = site.as_operator()
    answer = browser.get("/admin")
    assert answer.status_code == 403
    assert "for administrators" in answer.text
    assert 'href="/admin"' not in browser.get("/").text
    assert site.as_administrator().get("/admin").status_code == 200

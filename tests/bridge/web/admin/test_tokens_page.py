"""A bearer token is shown once, on the page that answers its making, and refused from its removal on."""

from __future__ import annotations

import re

from administration import seen

from bridge import tokens


def test_a_token_is_shown_once(admin, store, now):
    made = admin.post("/admin/tokens/add", {"name": "reports", "role": "operator"})
    [token] = re.findall(r'value="(rb_[^"]+)"', made.text)

    assert made.headers["Cache-Control"] == "no-store"
    with store.read() as db:
        assert tokens.owner(db, token, now).name == "reports"
    listed = admin.get("/admin/tokens").text
    assert "reports" in listed
    assert token not in listed


def test_a_removed_token_is_refused(admin, store, now):
    made = admin.post("/admin/tokens/add", {"name": "my reports", "role": "operator"})
    [token] = re.findall(r'value="(rb_[^"]+)"', made.text)
    assert "Remove my reports?" in admin.get("/admin/tokens/my%20reports/remove").text

    seen(admin.post("/admin/tokens/my%20reports/remove"), "/admin/tokens")

    with store.read() as db:
        assert tokens.owner(db, token, now) is None
    assert admin.post("/admin/tokens/my%20reports/remove").status_code == 404


def test_a_token_that_nobody_made_is_a_page_that_is_not_there(admin):
    for name in ("warehouse", "a%00b", "a/b"):
        assert admin.get(f"/admin/tokens/{name}/remove").status_code == 404
        assert admin.post(f"/admin/tokens/{name}/remove").status_code == 404


def test_a_token_that_cannot_be_made_says_why(admin):
    answer = admin.post("/admin/tokens/add", {"name": "<b>", "role": "operator"})

    assert answer.status_code == 400
    assert "A token&#39;s name is up to 80 letters" in answer.text

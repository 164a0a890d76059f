"""Who gets in and who does not, where they go on, and what stands on the trail."""

from __future__ import annotations

import pytest
from credentials import GOOD, sign_in
from sqlalchemy import select

from bridge.store import tables


def test_whoever_knows_name_and_password_comes_in_and_goes_on_where_they_were_going(site, ada):
    assert site.get("/admin").location == "/login?next=/admin"
    answer = sign_in(site.client, " ADA ", next="/admin")
    assert (answer.status_code, answer.location) == (303, "/admin")
    assert site.get("/admin").status_code == 200


@pytest.mark.parametrize(
    "target",
    ["https://evil.example", "//evil.example", "/\\evil.example", "javascript:alert(1)", "\n/x", "//[", "/\\["],
)
def test_nobody_is_sent_elsewhere_after_signing_in(site, ada, target):
    assert sign_in(site.client, next=target).location == "/"


@pytest.mark.parametrize(
    ("name", "password"), [("ada", "wrong"), ("eve", GOOD), ("", ""), ("ada", "\udc00"), ("a\0", GOOD)]
)
def test_a_wrong_name_and_a_wrong_password_read_alike(site, ada, name, password):
    answer = sign_in(site.client, name, password.encode("utf-8", "replace").decode())
    assert answer.status_code == 401
    assert "The name or the password is wrong" in answer.text
    assert site.get("/").status_code == 303


def test_what_was_changed_is_on_the_audit_trail_without_a_secret(site, store, ada, sealed):
    sign_in(site.client)
    with store.read() as db:
        rows = db.execute(select(tables.audit.c.who, tables.audit.c.what, tables.audit.c.about)).all()
        text = str(db.execute(select(tables.audit)).all())
    assert rows == [("test", "user.added", "ada"), ("ada", "user.signed_in", "ada")]
    assert sealed not in text
    assert GOOD not in text

"""People who may sign in: added, given another role or password, removed; and an administrator always stays."""

from __future__ import annotations

import pytest
from administration import seen

from bridge import operators

PASSWORD = "four plain words together"


def people(store):
    with store.read() as db:
        return {one["name"]: one["role"] for one in operators.listing(db)}


def test_somebody_is_added_and_may_sign_in(admin, site, store):
    person = {"name": "Olga", "role": "operator", "password": PASSWORD, "again": PASSWORD}
    seen(admin.post("/admin/users/add", person), "/admin/users")

    assert people(store) == {"ada": "administrator", "olga": "operator"}
    signed_in = site.post("/login", {"name": "olga", "password": PASSWORD})
    assert signed_in.status_code == 303


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"again": "something else"}, "The two passwords differ."),
        ({"password": "short", "again": "short"}, "it needs at least 12"),
        ({"name": "a b"}, "A user&#39;s name is 2 to 80 letters"),
        ({"role": "king"}, "The role king is not known"),
        ({"name": "ada"}, "There is a user ada already"),
    ],
)
def test_somebody_who_cannot_be_added_is_told_why(admin, store, change, sentence):
    person = {"name": "olga", "role": "operator", "password": PASSWORD, "again": PASSWORD, **change}
    answer = admin.post("/admin/users/add", person)

    assert answer.status_code == 400
    assert sentence in answer.text
    assert people(store) == {"ada": "administrator"}


def test_another_role_holds_from_the_next_request_on(admin, site, store):
    other = site.as_administrator("bob")
    assert other.get("/admin/users").status_code == 200

    seen(admin.post("/admin/users/bob/role", {"role": "operator"}), "/admin/users")

    assert people(store)["bob"] == "operator"
    assert other.get("/admin/users").status_code == 403


def test_another_password_signs_out_whoever_was_signed_in(admin, site):
    other = site.as_operator("olga")
    assert other.get("/me").status_code == 200

    seen(admin.post("/admin/users/olga/password", {"password": PASSWORD, "again": PASSWORD}), "/admin/users")

    assert other.get("/me").status_code == 303
    assert site.post("/login", {"name": "olga", "password": PASSWORD}).status_code == 303


def test_the_last_administrator_stays(admin, store):
    for path, data in (("remove", {"oneself": "yes"}), ("role", {"role": "operator", "oneself": "yes"})):
        answer = admin.post(f"/admin/users/ada/{path}", data)
        assert answer.status_code == 400
        assert "ada is the only administrator" in answer.text
    assert people(store) == {"ada": "administrator"}


def test_nobody_removes_or_demotes_oneself_by_mistake(admin, site, store):
    site.as_administrator("bob")
    for path in ("remove", "role"):
        answer = admin.post(f"/admin/users/ada/{path}", {"role": "operator"})
        assert answer.status_code == 400
        assert "That is you" in answer.text
    assert people(store)["ada"] == "administrator"

    admin.post("/admin/users/ada/remove", {"oneself": "yes"})
    assert people(store) == {"bob": "administrator"}
    assert admin.get("/me").status_code == 303


def test_removing_somebody_asks_first(admin, site, store):
    site.as_operator("olga")
    assert "Remove olga?" in admin.get("/admin/users/olga/remove").text
    assert "olga" in people(store)

    admin.post("/admin/users/olga/remove")
    assert "olga" not in people(store)
    assert admin.get("/admin/users/olga").status_code == 404

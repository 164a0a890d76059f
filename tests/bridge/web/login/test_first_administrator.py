"""How the first administrator comes in, and that the last one stays."""

from __future__ import annotations

import pytest
from credentials import GOOD, HTML, fields
from sqlalchemy import select

from bridge import invitations, operators
from bridge.descriptions import ConfigError
from bridge.store import tables


def test_the_first_administrator_comes_in_by_the_code_that_was_printed(site, store, now):
    code = store.write(lambda db: invitations.invite(db, now))
    assert site.get("/").location == "/start"
    data = fields(site.client, f"/start?code={code}", code=code.lower(), name="Ada", password=GOOD, again=GOOD)
    answer = site.client.post("/start", data=data, headers=HTML)
    assert (answer.status_code, answer.location) == (303, "/admin")
    assert site.get("/admin").status_code == 200
    with store.read() as db:
        assert operators.listing(db)[0]["role"] == "administrator"
        assert db.execute(select(tables.invitations)).all() == []
    assert site.get("/start").location == "/login"


@pytest.mark.parametrize("code", ["", "AAAAA-AAAAA-AAAAA-AAAAA", "\x00", "ö" * 5000])
def test_another_code_opens_nothing(site, store, now, code):
    store.write(lambda db: invitations.invite(db, now))
    data = fields(site.client, "/start", code=code, name="ada", password=GOOD, again=GOOD)
    answer = site.client.post("/start", data=data, headers=HTML)
    assert answer.status_code == 400
    assert "not the code" in answer.text
    assert site.get("/admin").status_code == 303


def test_a_code_is_void_once_a_newer_one_was_printed(store, now):
    first, second = (store.write(lambda db: invitations.invite(db, now)) for _ in range(2))
    with pytest.raises(ConfigError, match="prints a new one"):
        store.write(lambda db: invitations.accept(db, now, first, "ada", "x"))
    store.write(lambda db: invitations.accept(db, now, second, "ada", "x"))
    with pytest.raises(ConfigError):
        store.write(lambda db: invitations.accept(db, now, second, "eve", "x"))


def test_no_code_is_printed_once_somebody_can_sign_in(store, now, ada):
    assert store.write(lambda db: invitations.invite(db, now)) is None


def test_no_stranger_keeps_the_first_administrator_waiting(site, store, now):
    code = store.write(lambda db: invitations.invite(db, now))
    data = fields(site.client, "/start", name="ada", password=GOOD, again=GOOD)
    for _ in range(60):
        assert site.client.post("/start", data={**data, "code": "WRONG"}, headers=HTML).status_code == 400
    assert site.client.post("/start", data={**data, "code": code}, headers=HTML).status_code == 303


def test_the_last_administrator_stays(store, now, ada):
    for attempt in (
        lambda db: operators.remove(db, now, "ada", "ada"),
        lambda db: operators.set_role(db, now, "ada", "ada", "operator"),
    ):
        with pytest.raises(ConfigError, match="only administrator"):
            store.write(attempt)
    store.write(lambda db: operators.add(db, now, "ada", "bob", "administrator", "x"))
    store.write(lambda db: operators.remove(db, now, "bob", "ada"))

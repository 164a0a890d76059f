"""Sessions: begun anew each time, and ended by signing out, by time, by removal and by another password."""

from __future__ import annotations

from datetime import timedelta

from credentials import GOOD, HTML, fields, sign_in
from sqlalchemy import func, select

from bridge import operators, sessions, throttle
from bridge.store import tables


def test_signing_in_begins_a_session_of_a_new_id(site, store, ada):
    ids = []
    for _ in range(2):
        sign_in(site.client)
        with site.client.session_transaction() as session:
            ids.append(session["id"])
        site.post("/logout")
    assert len(set(ids)) == 2


def test_signing_out_ends_the_session_for_whoever_copied_its_cookie(site, ada):
    sign_in(site.client)
    copied = site.client.get_cookie("session").value
    assert site.get("/").status_code == 200
    assert site.post("/logout").status_code == 303
    site.client.set_cookie("session", copied)
    assert site.get("/").status_code == 303


def test_a_session_ends_after_half_an_hour_of_nothing(site, clock):
    browser = site.as_operator()
    for _ in range(3):
        clock.pass_(29 * 60)
        site.app.extensions["sessions"]._known.clear()
        assert browser.get("/").status_code == 200
    clock.pass_(31 * 60)
    site.app.extensions["sessions"]._known.clear()
    assert browser.get("/").status_code == 303


def test_a_session_ends_after_twelve_hours_whatever_is_done(site, clock):
    browser = site.as_operator()
    for _ in range(25):
        clock.pass_(29 * 60)
        site.app.extensions["sessions"]._known.clear()
        status = browser.get("/").status_code
    assert status == 303


def test_who_was_removed_is_out_within_seconds(site, store, now, ada):
    browser = site.as_operator()
    assert browser.get("/").status_code == 200
    store.write(lambda db: operators.remove(db, now, "ada", "olga"))
    site.app.extensions["sessions"]._known.clear()
    assert browser.get("/").status_code == 303


def test_who_changes_the_password_stays_and_all_other_browsers_go(site, store, ada, sealed):
    here, there = site.app.test_client(), site.app.test_client()
    for client in (here, there):
        sign_in(client)
    new = "some quite different words"
    data = fields(here, "/me", old=GOOD, password=new, again=new)
    assert here.post("/me/password", data=data, headers=HTML).status_code == 303
    site.app.extensions["sessions"]._known.clear()
    assert here.get("/", headers=HTML).status_code == 200
    assert there.get("/", headers=HTML).status_code == 303
    assert sign_in(there, password=GOOD).status_code == 401
    assert sign_in(there, password=new).status_code == 303


def test_a_copy_of_the_store_signs_nobody_in(store, now, ada):
    made = store.write(lambda db: sessions.begin(db, ada, now))
    with store.read() as db:
        assert made not in str(db.execute(select(tables.sessions)).all())


def test_old_sessions_and_counts_are_forgotten(store, now, ada):
    store.write(lambda db: sessions.begin(db, ada, now - timedelta(hours=13)))
    kept = store.write(lambda db: sessions.begin(db, ada, now))
    store.write(lambda db: throttle.take(db, ["pair:a:b"], now - timedelta(days=2)))
    assert store.write(lambda db: sessions.forget_old(db, now)) == 1
    assert store.write(lambda db: throttle.forget_old(db, now)) == 1
    with store.read() as db:
        assert db.execute(select(func.count()).select_from(tables.sessions)).scalar() == 1
    assert kept

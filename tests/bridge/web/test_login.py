"""Who gets in, who does not, and how the first one does."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from browsers import Site
from office import office
from sqlalchemy import func, select, update

from bridge import invitations, operators, passwords, sessions, throttle
from bridge.descriptions import ConfigError
from bridge.store import tables

GOOD = "several words that nobody guesses"
HTML = {"Accept": "text/html"}


@pytest.fixture(scope="module")
def sealed():
    return passwords.seal(GOOD)


@pytest.fixture
def ada(store, now, sealed):
    return store.write(lambda db: operators.add(db, now, "test", "Ada", "administrator", sealed))


@pytest.fixture
def wrong(monkeypatch):
    """No time is spent on wrong passwords; returns those that were looked at."""
    looked_at = []
    monkeypatch.setattr(passwords, "fits", lambda kept, password: bool(looked_at.append(password)) or password == GOOD)
    return looked_at


def fields(client, path, **given):
    token = re.search(r'name="csrf_token" value="([^"]+)"', client.get(path, headers=HTML).text).group(1)
    return {"csrf_token": token, **given}


def sign_in(client, name="ada", password=GOOD, headers=HTML, **more):
    data = fields(client, "/login", name=name, password=password, **more)
    return client.post("/login", data=data, headers=headers)


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


@pytest.mark.parametrize(
    ("password", "said"),
    [
        ("short", "at least 12"),
        ("x" * 129, "at most 128"),
        ("password1234", "guessed first"),
        ("qwertyuiop12", "guessed first"),
        ("aaaaaaaaaaaa", "guessed first"),
        ("123456789012", "guessed first"),
        ("anna.smith123", "guessed first"),
        ("пароль123456", "guessed first"),
    ],
)
def test_a_password_that_is_guessed_first_is_refused(password, said):
    assert said in passwords.fault(password, "anna.smith")


@pytest.mark.parametrize("password", [GOOD, "Tr0ub4dor&3x!k", "четыре слова подряд", "🐴🔋📎✅🐴🔋📎✅🦊🐙🐳🌵"])
def test_a_password_of_several_words_will_do(password):
    assert passwords.fault(password, "anna") is None


def test_a_password_is_the_same_on_every_keyboard(sealed):
    kept = passwords.seal("Zoë keeps several bees")
    assert passwords.fits(kept, "Zoe\u0308 keeps several bees")
    assert not passwords.fits(kept, "Zoe keeps several bees")
    assert not passwords.fits(None, GOOD)


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


def test_a_copy_of_the_store_signs_nobody_in(store, now, ada):
    made = store.write(lambda db: sessions.begin(db, ada, now))
    with store.read() as db:
        assert made not in str(db.execute(select(tables.sessions)).all())


def test_a_thousand_wrong_passwords_get_nobody_in_and_lock_nobody_out(site, store, ada, clock, wrong):
    owner = site.app.test_client()
    sign_in(owner)  # a browser in which the owner was signed in before
    owner.post("/logout", data=fields(owner, "/me"))
    wrong.clear()
    guesser = site.app.test_client()
    data = fields(guesser, "/login", name="ada")
    answers = []
    for number in range(1000):
        answers.append(guesser.post("/login", data={**data, "password": f"guess {number}"}, headers=HTML).status_code)
        clock.pass_(0.05)
    assert set(answers) == {401, 429}
    assert len(wrong) < 20
    assert sign_in(owner).status_code == 303
    stranger = site.app.test_client()
    assert sign_in(stranger).status_code == 429  # another browser at the guesser's address
    assert sign_in(stranger, headers={**HTML, "X-Forwarded-For": "192.0.2.9"}).status_code == 303
    clock.pass_(15 * 60)
    assert sign_in(site.app.test_client()).status_code == 303  # no wait is longer


def test_who_is_to_wait_is_told_for_how_long(site, ada, wrong):
    for _ in range(5):
        sign_in(site.client, password="wrong")
    answer = sign_in(site.client)
    assert answer.status_code == 429
    assert 1 <= int(answer.headers["Retry-After"]) <= 3
    assert "Try again in" in answer.text


def test_all_the_addresses_of_one_network_are_one(site, ada, wrong):
    for number in range(6):
        answer = sign_in(site.client, password="wrong", headers={**HTML, "X-Forwarded-For": f"2001:db8:1:2::{number}"})
    assert answer.status_code == 429
    assert sign_in(site.client, headers={**HTML, "X-Forwarded-For": "2001:db8:1:3::1"}).status_code == 303


def test_no_stranger_keeps_the_first_administrator_waiting(site, store, now):
    code = store.write(lambda db: invitations.invite(db, now))
    data = fields(site.client, "/start", name="ada", password=GOOD, again=GOOD)
    for _ in range(60):
        assert site.client.post("/start", data={**data, "code": "WRONG"}, headers=HTML).status_code == 400
    assert site.client.post("/start", data={**data, "code": code}, headers=HTML).status_code == 303


def test_guesses_at_the_same_moment_are_counted_each(store, now):
    keys = throttle.keys("ada", "192.0.2.1", None)
    assert [bool(store.write(lambda db: throttle.take(db, keys, now))) for _ in range(6)] == [False] * 5 + [True]


def test_an_office_behind_one_address_signs_in_all_day(store, now):
    for number in range(200):
        keys = throttle.keys(f"operator{number % 40}", "192.0.2.1", None)
        assert not store.write(lambda db, keys=keys: throttle.take(db, keys, now))
        store.write(lambda db, keys=keys: throttle.passed(db, keys, now))


def test_a_form_without_its_token_is_refused_with_an_explanation(site, ada):
    for headers, said in ((HTML, "could not be trusted"), ({}, "Bad Request")):
        answer = site.client.post("/login", data={"name": "ada", "password": GOOD}, headers=headers)
        assert answer.status_code == 400
        assert said in answer.text


def test_a_form_that_another_site_sent_is_refused(site, ada):
    answer = sign_in(site.client, headers={**HTML, "Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 400
    assert sign_in(site.client, headers={**HTML, "Sec-Fetch-Site": "same-origin"}).status_code == 303


def test_an_operator_opens_no_page_of_the_administrators(site):
    browser = site.as_operator()
    answer = browser.get("/admin")
    assert answer.status_code == 403
    assert "for administrators" in answer.text
    assert 'href="/admin"' not in browser.get("/").text
    assert site.as_administrator().get("/admin").status_code == 200


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


def test_pages_are_in_the_language_of_the_browser_unless_another_was_chosen(site):
    browser = site.as_operator()
    assert '<html lang="en"' in browser.get("/").text
    assert '<html lang="ru"' in browser.get("/", headers={"Accept-Language": "ru,en;q=0.5"}).text
    assert browser.post("/me/language", {"language": "ru"}).status_code == 303
    assert '<html lang="ru"' in browser.get("/").text
    assert browser.post("/me/language", {"language": "xx"}).status_code == 400


def test_every_page_tells_browsers_what_to_refuse(site):
    for path in ("/login", "/start", "/", "/nowhere", "/static/page.js"):
        answer = site.get(path)
        policy = answer.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_cookies_are_for_https_alone_where_the_bridge_is_reached_so(store, clock):
    site = Site(office(store, clock, public_url="https://calls.example.com"))
    site.as_operator()
    cookie = site.get("/login").headers["Set-Cookie"]
    assert cookie.startswith("__Host-session=")
    assert {"Secure", "HttpOnly", "SameSite=Lax", "Path=/"} <= set(cookie.split("; "))


def test_the_last_administrator_stays(store, now, ada):
    for attempt in (
        lambda db: operators.remove(db, now, "ada", "ada"),
        lambda db: operators.set_role(db, now, "ada", "ada", "operator"),
    ):
        with pytest.raises(ConfigError, match="only administrator"):
            store.write(attempt)
    store.write(lambda db: operators.add(db, now, "ada", "bob", "administrator", "x"))
    store.write(lambda db: operators.remove(db, now, "bob", "ada"))


def test_what_was_changed_is_on_the_audit_trail_without_a_secret(site, store, ada, sealed):
    sign_in(site.client)
    with store.read() as db:
        rows = db.execute(select(tables.audit.c.who, tables.audit.c.what, tables.audit.c.about)).all()
        text = str(db.execute(select(tables.audit)).all())
    assert rows == [("test", "user.added", "ada"), ("ada", "user.signed_in", "ada")]
    assert sealed not in text
    assert GOOD not in text


def test_old_sessions_and_counts_are_forgotten(store, now, ada):
    store.write(lambda db: sessions.begin(db, ada, now - timedelta(hours=13)))
    kept = store.write(lambda db: sessions.begin(db, ada, now))
    store.write(lambda db: throttle.take(db, ["pair:a:b"], now - timedelta(days=2)))
    assert store.write(lambda db: sessions.forget_old(db, now)) == 1
    assert store.write(lambda db: throttle.forget_old(db, now)) == 1
    with store.read() as db:
        assert db.execute(select(func.count()).select_from(tables.sessions)).scalar() == 1
    assert kept


def test_a_weaker_hash_is_renewed_when_its_owner_signs_in(site, store, ada):
    weak = passwords.PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(GOOD)
    store.write(lambda db: db.execute(update(tables.users).values(password_hash=weak)))
    assert sign_in(site.client).status_code == 303
    with store.read() as db:
        assert not passwords.is_outdated(db.execute(select(tables.users.c.password_hash)).scalar_one())

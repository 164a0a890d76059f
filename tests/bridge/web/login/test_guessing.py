"""Whoever guesses passwords is slowed down, and nobody else waits for it."""

from __future__ import annotations

from credentials import HTML, fields, sign_in

from bridge import throttle


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


def test_guesses_at_the_same_moment_are_counted_each(store, now):
    keys = throttle.keys("ada", "192.0.2.1", None)
    assert [bool(store.write(lambda db: throttle.take(db, keys, now))) for _ in range(6)] == [False] * 5 + [True]


def test_an_office_behind_one_address_signs_in_all_day(store, now):
    for number in range(200):
        keys = throttle.keys(f"operator{number % 40}", "192.0.2.1", None)
        assert not store.write(lambda db, keys=keys: throttle.take(db, keys, now))
        store.write(lambda db, keys=keys: throttle.passed(db, keys, now))

"""From the route table: who may open what, and what a request must carry to change anything."""

from __future__ import annotations

import pytest
from desk import Desk
from office import office
from sqlalchemy import select

from bridge.store.tables import metadata

HTML = {"Accept": "text/html"}
OPEN_TO_ALL = {"login", "start", "bootstrap", "static", "health", "metrics", "webhook"}
NO_PAGES = {"health", "metrics", "webhook"}
"""Programs talk to these: they have their own tokens, or need none."""


def blueprint_of(rule):
    return rule.endpoint.partition(".")[0]


def rules(app, *methods):
    """Every route but the API's that takes one of these methods, and a path of it."""
    found = []
    for rule in sorted(app.url_map.iter_rules(), key=str):
        if rule.rule.startswith("/api/"):
            continue
        values = {
            name: 1 if type(rule._converters[name]).__name__ == "IntegerConverter" else "crm" for name in rule.arguments
        }
        path = rule.build(values, append_unknown=False)[1]
        found += [(rule, path, method) for method in methods if method in rule.methods]
    return found


@pytest.fixture
def service(store, now, clock):
    return office(Desk(store, now).store, clock)


def test_what_is_the_administrators_is_closed_to_operators(site):
    operator = site.as_operator()
    closed = [one for one in rules(site.app, "GET", "POST") if one[1].startswith("/admin")]
    assert len(closed) > 1
    for rule, path, method in closed:
        status = operator.get(path).status_code if method == "GET" else operator.post(path).status_code
        assert status == 403, (method, rule.rule)


def test_nothing_is_open_to_strangers_but_the_door_and_the_way_in(site):
    site.as_administrator()  # somebody can sign in: this is no first start
    for rule, path, method in rules(site.app, "GET", "POST"):
        if blueprint_of(rule) in OPEN_TO_ALL:
            continue
        if method == "GET":
            answer = site.get(path)
            assert answer.status_code in (303, 401), (method, rule.rule)
            assert answer.status_code == 401 or answer.location.startswith("/login"), rule.rule
        else:
            token = site.client.get("/login", headers=HTML).text.split('name="csrf_token" value="')[1].split('"')[0]
            answer = site.client.post(path, data={"csrf_token": token}, headers=HTML)
            assert answer.status_code == 401, (method, rule.rule)


def test_each_change_wants_the_token_of_its_form(site):
    for person in (site.as_administrator(), site.as_operator(), site):
        for rule, path, method in rules(site.app, "POST", "PUT", "PATCH", "DELETE"):
            if blueprint_of(rule) in NO_PAGES:
                continue
            answer = person.client.open(path, method=method, data={"csrf_token": "wrong"}, headers=HTML)
            assert answer.status_code == 400, (method, rule.rule)
            assert "could not be trusted" in answer.text, (method, rule.rule)


def test_an_address_without_a_page_knows_who_asks(site):
    assert "To the board" in site.as_operator().get("/nothing").text
    assert "Sign in" in site.client.get("/nothing", headers=HTML).text


def test_looking_changes_nothing(site, store):
    administrator = site.as_administrator()
    before = contents(store)
    for rule, path, _ in rules(site.app, "GET"):
        if blueprint_of(rule) in ("bootstrap", "static"):
            continue
        answer = administrator.get(path)
        assert answer.status_code < 500 or path == "/readyz", rule.rule
        assert contents(store) == before, rule.rule


def test_every_page_is_hardened_and_kept_by_nobody(site):
    administrator = site.as_administrator()
    for rule, path, _ in rules(site.app, "GET"):
        if blueprint_of(rule) in NO_PAGES:
            continue
        answer = administrator.get(path)
        assert "unsafe" not in answer.headers["Content-Security-Policy"], rule.rule
        if answer.mimetype == "text/html" and answer.status_code == 200:
            assert answer.headers["Cache-Control"] == "no-store", rule.rule
            assert not any(word in answer.text for word in (" style=", " onclick=", " onload=", "<style")), rule.rule


def contents(store):
    with store.read() as db:
        return {name: db.execute(select(table)).all() for name, table in metadata.tables.items()}

"""Who is let into the API, and what is read of a request before anything is done."""

from __future__ import annotations

import pytest
from browsers import Site
from office import FullStore
from programs import API
from sqlalchemy import select

from bridge import tokens
from bridge.store import tables
from bridge.web.api.reading import LONGEST_BODY
from bridge.web.api.table import ROUTES

on_sqlite = pytest.mark.parametrize("store", ["sqlite"], indirect=True)
PAUSE = "/connections/all-0/pause"


def addresses(role=None):
    """(method, path) of every route, or of those for a role."""
    return list(_addresses(role))


def _addresses(role):
    filled = {"{id}": "1", "{name}": "support", "{call}": "x"}
    for route in ROUTES:
        path = route.path
        for gap, value in filled.items():
            path = path.replace(gap, value)
        if role in (None, route.role):
            yield route.method, path


@on_sqlite
@pytest.mark.parametrize("header", [None, "", "Bearer", "Bearer ", "Bearer nothing", "Bearer rb_nothing", "Basic rb_x"])
def test_nothing_is_open_without_a_token_and_every_refusal_is_the_same(app, header):
    headers = {} if header is None else {"Authorization": header}
    for method, path in addresses():
        answer = app.test_client().open(f"{API}{path}", method=method, headers=headers, data="{", buffered=True)

        assert answer.status_code == 401
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")
        assert answer.content_type == "application/problem+json"
        assert answer.json == {
            "type": "about:blank",
            "title": "Unauthorized",
            "status": 401,
            "detail": "The Authorization header holds no token that is known here.",
            "next": "Send `Authorization: Bearer` and a token; `ringbridge token add` makes one.",
        }


@on_sqlite
def test_an_operators_token_opens_nothing_of_an_administrators(operator, store):
    before = everything(store)
    for method, path in addresses("administrator"):
        answer = operator.ask(method, path, {})

        assert (answer.status_code, answer.content_type) == (403, "application/problem+json")
    assert everything(store) == before


def everything(store):
    with store.read() as db:
        return {
            name: [tuple(row) for row in db.execute(select(table))]
            for name, table in tables.metadata.tables.items()
            if name != "tokens"  # which say when they were used last
        }


@on_sqlite
def test_administrators_may_do_what_operators_may(administrator):
    for method, path in addresses("operator"):
        assert administrator.ask(method, path, {} if method == "POST" else None).status_code in (200, 404, 422)


def test_no_route_answers_get_with_a_change(operator, administrator, store):
    before = everything(store)
    for role, program in (("operator", operator), ("administrator", administrator)):
        for method, path in addresses(role):
            if method == "GET":
                program.get(path)

    assert everything(store) == before


@on_sqlite
def test_a_session_opens_no_api_and_a_token_opens_no_page(service, administrator):
    browser = Site(service).as_administrator()

    assert browser.get("/me").status_code == 200
    assert browser.get(f"{API}/whoami").status_code == 401
    for path in ("/", "/me", "/admin", "/calls"):
        headers = {"Authorization": f"Bearer {administrator.token}", "Accept": "text/html"}
        assert administrator.client.get(path, headers=headers).status_code in (303, 308, 404)


@on_sqlite
def test_no_answer_sets_a_cookie(administrator):
    assert "Set-Cookie" not in administrator.get("/whoami").headers


def test_a_removed_token_is_refused_at_once(administrator, store, now):
    assert administrator.get("/whoami").json == {"token": "a program for administrators", "role": "administrator"}
    store.write(lambda db: tokens.remove(db, now, "test", "a program for administrators"))

    assert administrator.get("/whoami").status_code == 401


def test_the_use_of_a_token_is_noted(administrator, store):
    administrator.get("/whoami")

    with store.read() as db:
        [row] = tokens.listing(db)
    assert row["used_at"] == "2026-11-20T14:03:12Z"


@on_sqlite
def test_the_scheme_is_read_in_any_case_of_letters(administrator):
    answer = administrator.get("/whoami", headers={"Authorization": f"bearer  {administrator.token} "})

    assert answer.status_code == 200


@on_sqlite
@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 415),
        (b"{", 400),
        (b'{"name": NaN}', 400),
        (b'{"name": Infinity}', 400),
        (b'{"name": "\\ud800"}', 400),
        (b'{"name": "\xed\xa0\x80"}', 400),
        (b"\xff\xfe", 400),
        (b"[" * 100_000, 400),
        (b'{"name": ' * 5000 + b"1" + b"}" * 5000, 400),
        (b'{"name": ' + b"9" * 5000 + b"}", 400),
        (b'{"name": "a\\u0000b"}', 422),
        (b'{"name": 1e999}', 422),
        (b'{"name": 123456789012345678901234567890}', 422),
        (b'{"name": 1}', 422),
        (b'{"name": "x", "n\\u0000": 1}', 422),
        (b"[]", 422),
        (b"null", 422),
        (b'"text"', 422),
        (b"{}", 422),
        (b'{"name": "x", "another": 1}', 422),
    ],
)
def test_a_body_that_cannot_be_meant_is_a_problem_of_whoever_sent_it(administrator, store, body, status):
    headers = {"Content-Type": "application/json"} if body else {}
    answer = administrator.post("/tokens", data=body, headers=headers)

    assert (answer.status_code, answer.content_type) == (status, "application/problem+json")
    assert answer.json["status"] == status
    assert answer.json["detail"]
    assert bool(answer.json.get("errors")) == (status == 422)


@on_sqlite
@pytest.mark.parametrize(
    "kind", ["text/plain", "application/x-www-form-urlencoded", "application/json; charset=latin-1"]
)
def test_only_json_is_taken(administrator, kind):
    assert administrator.post("/tokens", data=b'{"name": "x"}', headers={"Content-Type": kind}).status_code == 415


@on_sqlite
def test_a_body_may_have_256_kib_and_not_a_byte_more(administrator):
    spaces = LONGEST_BODY - len('{"name": "x"}')
    json_of = {"Content-Type": "application/json"}

    assert administrator.post("/tokens", data=b'{"name": "x"}' + b" " * spaces, headers=json_of).status_code == 201
    answer = administrator.post("/tokens", data=b'{"name": "y"}' + b" " * (spaces + 1), headers=json_of)
    assert (answer.status_code, answer.content_type) == (413, "application/problem+json")


@on_sqlite
def test_each_wrong_key_has_its_sentence(administrator):
    answer = administrator.post("/users", {"nam": "olga", "role": "king", "password": "x"})

    assert answer.status_code == 422
    assert {one["field"] for one in answer.json["errors"]} == {"name", "nam", "role", "password"}
    assert {one["detail"] for one in answer.json["errors"]} >= {"This is needed.", "This is not known here."}


@on_sqlite
@pytest.mark.parametrize(
    "query",
    ["limit=0", "limit=201", "limit=1.0", "limit=x", "limit=%00", "limit=99999999999999999999", "after=0", "since=soon",
     "since=2026-02-30", "since=2026-11-20T25:00:00Z", "unread=yes", "limit=1&limit=2", "other=1", "since="],
)  # fmt: skip
def test_a_query_that_cannot_be_meant_is_refused(administrator, query):
    answer = administrator.get(f"/notifications?{query}")

    assert (answer.status_code, answer.content_type) == (422, "application/problem+json")
    assert answer.json["errors"][0]["field"] == query.partition("=")[0]


@pytest.mark.parametrize(
    "since",
    ["999999999w", "0001-01-01", "0001-01-01T00:00:00%2B14:00", "9999-12-31T23:59:59-14:00", "2h", "2026-11-20"],
)
def test_any_moment_that_can_be_written_is_taken(administrator, since):
    assert administrator.get(f"/notifications?since={since}").status_code == 200
    assert administrator.get(f"/deliveries?since={since}").status_code == 200


@on_sqlite
@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nothing", 404),
        ("GET", "/", 404),
        ("GET", "/notifications/99999999999999999999", 404),
        ("GET", "/notifications/x", 404),
        ("GET", "/connections/%00", 404),
        ("GET", "/connections/%ff%fe", 404),
        ("GET", "/connections/..%2f..", 404),
        ("PUT", "/whoami", 405),
        ("TRACE", "/whoami", 405),
        ("PATCH", "/calls", 405),
    ],
)
def test_what_is_not_there_is_a_problem_too(administrator, method, path, status):
    answer = administrator.ask(method, path)

    assert (answer.status_code, answer.content_type) == (status, "application/problem+json")
    assert ("GET" in answer.headers.get("Allow", "")) == (status == 405)


@on_sqlite
def test_answers_are_kept_by_nobody(administrator):
    answer = administrator.get("/whoami")

    assert (answer.headers["Cache-Control"], answer.headers["X-Content-Type-Options"]) == ("no-store", "nosniff")


@on_sqlite
def test_a_store_that_cannot_be_written_still_answers_what_is_asked(administrator, service, store):
    object.__setattr__(service, "store", FullStore(store))

    assert administrator.get("/whoami").status_code == 200
    answer = administrator.post(PAUSE)
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    assert answer.json["next"] == "Send the same again in some seconds."


@on_sqlite
def test_a_mistake_of_ours_tells_nothing_but_that(administrator, service, caplog):
    class Broken:
        def read(self):
            raise RuntimeError("what only the log may know")

    object.__setattr__(service, "store", Broken())
    answer = administrator.get("/whoami")

    assert (answer.status_code, answer.content_type) == (500, "application/problem+json")
    assert "what only" not in answer.text
    assert "what only" in caplog.text

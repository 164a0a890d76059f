"""What a board that asks again and again is answered: nothing where nothing has changed, and nothing to strangers."""

from __future__ import annotations

import gzip
import html
import re

import pytest
from boards import ask, later

from bridge import operators


def test_a_board_that_has_not_changed_is_answered_304(site, desk, olga, clock):
    desk.hear("offer")
    first = ask(olga)
    assert re.fullmatch(r'W/"en\.[0-9a-f]{32}"', first.headers["ETag"])
    assert first.headers["Cache-Control"] == "no-store"

    later(site, clock)
    again = ask(olga, first.headers["ETag"])
    assert (again.status_code, again.data) == (304, b"")

    desk.hear("missed", 1)
    later(site, clock)
    changed = ask(olga, first.headers["ETag"])
    assert changed.status_code == 200
    assert changed.headers["ETag"] != first.headers["ETag"]
    assert "3 calls" not in changed.text
    assert "1 call" in changed.text


def test_the_page_carries_the_mark_of_what_it_shows(desk, olga):
    desk.hear("offer")
    etag = html.unescape(re.search(r'data-etag="([^"]+)"', olga.get("/").text)[1])

    assert ask(olga, etag).status_code == 304


def test_whoever_is_not_signed_in_is_told_so_whatever_they_have(site, desk, olga):
    etag = ask(olga).headers["ETag"]

    assert ask(site, etag).status_code == 401
    assert site.client.get("/live", headers={"If-None-Match": etag, "Cookie": "session=forged"}).status_code == 401


def test_whoever_was_signed_out_gets_no_304_either(site, desk, olga):
    etag = ask(olga).headers["ETag"]
    assert ask(olga, etag).status_code == 304

    def removed(db):
        operators.add(db, site.service.now(), "test", "ada", "administrator", "")
        operators.remove(db, site.service.now(), "test", "olga")

    site.service.store.write(removed)
    with olga.client.session_transaction() as session:
        site.app.extensions["sessions"].forget(session["id"])
    assert ask(olga, etag).status_code == 401


@pytest.fixture
def flask_calls(site):
    """The paths that came as far as Flask."""
    seen, inner = [], site.app.wsgi_app._app._around

    def noting(environ, start_response):
        seen.append(environ["PATH_INFO"])
        return inner(environ, start_response)

    site.app.wsgi_app._app._around = noting
    return seen


def test_what_many_boards_ask_does_not_reach_flask(site, desk, olga, flask_calls):
    site.app.extensions["live"]._clock = lambda: 100.0
    etag = ask(olga).headers["ETag"]
    asked = len(flask_calls)

    assert {ask(olga, etag).status_code for _ in range(5)} == {304}
    old = ask(olga, 'W/"en.0"')
    assert (old.status_code, old.headers["ETag"], old.text) == (200, etag, ask(olga, 'W/"en.1"').text)
    assert len(flask_calls) == asked
    assert ask(olga, 'W/"xx.0"').status_code == 200
    assert len(flask_calls) == asked + 1


def test_a_browser_that_can_unpack_gets_less_to_carry(desk, olga):
    desk.hear("offer")
    plain, packed = ask(olga), ask(olga, **{"Accept-Encoding": "gzip, br"})

    assert packed.headers["Content-Encoding"] == "gzip"
    assert packed.headers["ETag"] == plain.headers["ETag"]
    assert gzip.decompress(packed.data) == plain.data
    assert ask(olga, plain.headers["ETag"], **{"Accept-Encoding": "gzip"}).status_code == 304


@pytest.mark.parametrize(
    "cookies", ["", "session=", "session=x.y.z", "session=" + "a" * 5000, "session=\x00", "other=1; session"]
)
def test_cookies_that_we_have_not_signed_are_left_to_flask(site, desk, olga, cookies):
    site.app.extensions["live"]._clock = lambda: 100.0
    etag = ask(olga).headers["ETag"]
    answer = site.app.test_client(use_cookies=False).get(
        "/live", headers={"If-None-Match": etag, "Accept": "text/html", "Sec-Fetch-Mode": "same-origin"},
        environ_overrides={"HTTP_COOKIE": cookies},
    )  # fmt: skip

    assert answer.status_code == 401

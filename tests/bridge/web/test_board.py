"""The board in a browser: what it shows, what it asks again and again, and what its buttons do."""

from __future__ import annotations

import gzip
import html
import re

import pytest
from desk import CHAT, Desk
from sqlalchemy import insert, select

from bridge import follow_ups, operators
from bridge.board import Board
from bridge.store import StoreUnavailable, tables
from bridge.text import clean
from bridge.web.live import Live

HOSTILE = "<img src=x onerror=alert(1)>[URL=https://evil.example]\u202egnp.exe\"'"


@pytest.fixture
def desk(service, now):
    return Desk(service.store, now, ["all"])


@pytest.fixture
def olga(site):
    return site.as_operator()


def ask(browser, etag=None, **headers):
    headers |= {"Accept": "text/html", "Sec-Fetch-Mode": "same-origin", "Sec-Fetch-Site": "same-origin"}
    if etag:
        headers["If-None-Match"] = etag
    return browser.client.get("/live", headers=headers)


def press(browser, action):
    """What a button of the first missed caller does, for the script on the page."""
    asked = ask(browser).text
    path = html.unescape(re.search(rf'formaction="(/follow-ups/{action}[^"]*)"', asked)[1])
    return browser.post(path, headers={"Accept": "text/plain", "Sec-Fetch-Site": "same-origin"})


def later(site, clock, seconds=1.0):
    """Time passes, also for what boards share."""
    clock.pass_(seconds)
    site.app.extensions["live"].changed()


def test_without_an_instance_simulated_calls_are_offered(olga):
    page = olga.get("/")

    assert page.status_code == 200
    assert "No calls yet" in page.text
    assert 'href="/?simulated=1"' in page.text


def test_with_an_instance_and_without_a_call_it_says_how_to_get_one(desk, olga):
    assert "Call one of the connected numbers" in olga.get("/").text


def test_simulated_calls_are_marked_and_cannot_be_claimed(olga):
    page = olga.get("/?simulated=1").text

    assert "Simulated calls." in page
    assert "To call back" in page
    assert "formaction" not in page
    assert 'data-source="/live?simulated=1"' in page
    assert "Simulated calls." not in olga.get("/").text


def test_who_is_calling_is_on_the_page_at_once_with_the_line_and_since_when(desk, olga):
    desk.know()
    desk.hear("offer")

    page = olga.get("/").text
    assert "Noor (bakery)" in page
    assert 'href="tel:+15551230042"' in page
    assert 'data-announce="Noor (bakery) is calling on support"' in page
    assert '<time datetime="2026-11-20T14:03:12Z" class="when" data-form="since">' in page


def test_a_call_of_which_nothing_is_heard_any_more_does_not_ring(site, desk, olga, clock):
    desk.hear("offer")
    assert "data-ringing" in ask(olga).text

    later(site, clock, 46)
    assert "data-ringing" not in ask(olga).text
    assert "waiting for the outcome" in ask(olga).text


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


def test_a_board_in_another_language_is_another_board(desk, service):
    live = Live(service, lambda: 100.0)
    english, russian = live.fragment("en", lambda board: "same"), live.fragment("ru", lambda board: "same")

    assert english.etag != russian.etag
    assert (live.known("en"), live.known("ru"), live.known("de")) == (english, russian, None)


def test_a_missed_caller_is_claimed_and_everybody_sees_by_whom(site, desk, olga):
    desk.know()
    desk.hear("missed")
    answer = press(olga, "claim")
    assert (answer.status_code, answer.text) == (200, "It is yours. Call back, and press Done when you have.")

    seen = ask(site.as_operator("pavel")).text
    assert 'data-claimed-by="olga"' in seen
    assert "olga is calling back" in seen


def test_two_who_press_at_once_are_told_who_won(site, desk, olga):
    desk.hear("missed")
    pavel = site.as_operator("pavel")
    asked = ask(pavel).text
    path = html.unescape(re.search(r'formaction="(/follow-ups/claim[^"]*)"', asked)[1])
    press(olga, "claim")

    answer = pavel.post(path, headers={"Accept": "text/plain"})
    assert answer.status_code == 409
    assert answer.text == "olga is calling back already. Take it over if you want to call in their place."
    assert press(pavel, "take_over").status_code == 200
    assert press(pavel, "release").status_code == 200
    assert press(olga, "done").status_code == 200
    assert "Nobody waits to be called back." in ask(olga).text
    assert "olga, " in ask(olga).text


def test_a_call_that_came_in_after_the_page_was_drawn_is_not_done_with(site, desk, olga, clock):
    desk.hear("missed")
    asked = ask(olga).text
    path = html.unescape(re.search(r'formaction="(/follow-ups/done[^"]*)"', asked)[1])
    desk.hear("missed", 30, id_message="C2")
    later(site, clock, 60)

    assert olga.post(path, headers={"Accept": "text/plain"}).status_code == 200
    assert "1 call, last at" in re.sub(r"\s+", " ", ask(olga).text)


def test_without_the_script_a_button_leads_back_to_the_board_with_a_sentence(desk, olga):
    desk.hear("missed")
    path = html.unescape(re.search(r'formaction="(/follow-ups/claim[^"]*)"', olga.get("/").text)[1])
    answer = olga.post(path)

    assert (answer.status_code, answer.headers["Location"]) == (303, "/")
    assert "It is yours." in olga.get("/").text


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/follow-ups/claim?instance=1&chat=" + CHAT, 409),
        ("/follow-ups/claim?instance=1", 409),
        ("/follow-ups/claim?instance=1&chat=%00%ED%A0%80", 409),
        ("/follow-ups/claim?instance=0&chat=x", 404),
        ("/follow-ups/claim?instance=99999999999999999999&chat=x", 404),
        ("/follow-ups/claim?instance=one&chat=x", 404),
        ("/follow-ups/done?instance=1&chat=x&through=yesterday", 404),
        ("/follow-ups/done?instance=1&chat=x&through=0001-01-01T00:00:00%2B23:00", 404),
        ("/follow-ups/done?instance=1&chat=x", 200),
        ("/follow-ups/steal?instance=1&chat=x", 404),
    ],
)
def test_what_makes_no_sense_is_refused_and_changes_nothing(desk, olga, path, status):
    assert olga.post(path, headers={"Accept": "text/plain"}).status_code == status
    with desk.store.read() as db:
        assert db.execute(select(tables.follow_ups)).all() == []


def test_a_button_without_the_token_of_the_page_is_refused(desk, olga):
    desk.hear("missed")
    asked = ask(olga).text
    path = html.unescape(re.search(r'formaction="(/follow-ups/claim[^"]*)"', asked)[1])
    # The token is missing here, and in the next it is of another site's page.
    assert olga.client.post(path, headers={"Accept": "text/plain"}).status_code == 400
    assert olga.post(path, headers={"Accept": "text/plain", "Sec-Fetch-Site": "cross-site"}).status_code == 400
    assert olga.get(path).status_code == 405
    assert 'data-claimed-by="' not in ask(olga).text


def test_a_stranger_s_name_is_text_wherever_it_stands(site, desk, olga):
    row = {"instance_id": 1, "chat_id": CHAT, "checked_at": desk.start, "expires_at": desk.start}
    desk.store.write(
        lambda db: (
            db.execute(insert(tables.callers), {**row, "contact_name": clean(HOSTILE, 200), "name": None}) and None
        )
    )
    desk.hear("offer")
    desk.hear("missed", 0, id_message="C2", at=desk.moment(-400))
    desk.store.write(lambda db: follow_ups.claim(db, desk.start, "olga", 1, CHAT))

    page = olga.get("/").text
    assert page.count("&lt;img src=x onerror=alert(1)&gt;[URL=https://evil.example]") >= 5
    assert "<img" not in page
    assert "\u202e" not in page
    assert not re.search(r'data-announce="[^"]*"[^ >]', page)


def test_no_code_and_no_style_stands_in_the_page(desk, olga):
    desk.hear("offer")
    desk.hear("missed", id_message="C2")
    page = olga.get("/").text

    assert re.findall(r"\son\w+=|\sstyle=|<style|javascript:", page) == []
    assert re.findall(r"<script(?![^>]*\ssrc=)", page) == []


class Slow:
    """A store that lets somebody in only when told to."""

    def __init__(self, service):
        self.service, self.looks = service, 0

    def __getattr__(self, name):
        return getattr(self.service, name)

    @property
    def store(self):
        self.looks += 1
        return self.service.store


def test_the_board_is_looked_up_a_few_times_a_second_however_many_ask(desk, service):
    moment = [100.0]
    counted = Slow(service)
    live = Live(counted, lambda: moment[0])
    rendered = []

    def render(board):
        rendered.append(board)
        return f"{len(board.ringing)} ringing"

    for _ in range(10):
        live.fragment("en", render)
    moment[0] += 0.25
    first = live.fragment("en", render)
    live.fragment("ru", render)
    assert counted.looks == 2
    assert len(rendered) == 2  # each language once: nothing has changed meanwhile

    desk.hear("offer")
    moment[0] += 0.25
    second = live.fragment("en", render)
    assert (first.html, second.html) == (b"0 ringing", b"1 ringing")
    assert live.known("en") == second
    assert live.known("ru") is None
    live.changed()
    assert live.known("en") is None


def test_nobody_waits_behind_a_slow_store_and_nobody_is_shown_an_old_board_as_new(desk, service):
    moment = [100.0]
    live = Live(service, lambda: moment[0])
    kept = live.fragment("en", lambda board: "kept")
    with live._at_work:
        moment[0] += 1.0
        assert live.fragment("en", lambda board: "new") == kept
        assert live.known("en") == kept
        moment[0] += 1.5
        assert live.known("en") is None
        with pytest.raises(StoreUnavailable):
            live.fragment("en", lambda board: "new")
    assert isinstance(live.fragment("en", lambda board: "new").board, Board)

"""The buttons of the board: who calls back, who won, and what makes no sense."""

from __future__ import annotations

import html
import re

import pytest
from boards import ask, later
from desk import CHAT
from sqlalchemy import select

from bridge.store import tables


def press(browser, action):
    """What a button of the first missed caller does, for the script on the page."""
    asked = ask(browser).text
    path = html.unescape(re.search(rf'formaction="(/follow-ups/{action}[^"]*)"', asked)[1])
    return browser.post(path, headers={"Accept": "text/plain", "Sec-Fetch-Site": "same-origin"})


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

"""What the board shows: who is calling, what to do where nobody is, and strangers' text as text."""

from __future__ import annotations

import re

from boards import ask, later
from desk import CHAT
from sqlalchemy import insert

from bridge import follow_ups
from bridge.store import tables
from bridge.text import clean

HOSTILE = "<img src=x onerror=alert(1)>[URL=https://evil.example]\u202egnp.exe\"'"


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

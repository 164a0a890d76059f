"""Calls on the screen: found, told one by one, taken along, and shown to those who may see them."""

from __future__ import annotations

import csv
import io
import re
from urllib.parse import parse_qs, urlsplit

import pytest
from desk import DONE, REFUSED, Desk

from bridge.policies import Delivered
from connectors.kit import Receipt

ANNA = "79111234567@c.us"
EVIL = "<img src=x onerror=alert(1)>[URL]"


@pytest.fixture
def desk(store, now):
    return Desk(store, now, ["all", "result"])


@pytest.fixture
def olga(site):
    return site.as_operator()


def ids(page):
    return re.findall(r"/calls/7103111222-(C\d+)", page.text)


def test_without_calls_the_page_says_when_there_will_be_some(olga, store):
    page = olga.get("/calls")

    assert page.status_code == 200
    assert "No calls yet" in page.text
    assert "calls.csv" not in page.text


def test_nobody_sees_calls_without_signing_in(site, desk):
    desk.hear("missed")

    for path in ("/calls", "/calls.csv", "/calls/7103111222-C1"):
        answer = site.get(path)
        assert (answer.status_code, "15551230042" in answer.text) == (303, False)


def test_calls_are_listed_and_found_by_what_is_in_the_address(olga, desk):
    desk.know(ANNA, "Анна Петрова", None)
    desk.hear("missed", 1, id_message="C1", chat=ANNA)
    desk.hear("offer", 2, id_message="C2")

    assert ids(olga.get("/calls")) == ["C2", "C1"]
    for query in ("q=ПЕТРОВА", "q=%2B7+(911)+123-45", "status=missed", "connection=result-1"):
        assert ids(olga.get(f"/calls?{query}")) == ["C1"], query
    assert ids(olga.get("/calls?instance=support&from=2026-11-20&to=2026-11-20")) == ["C2", "C1"]
    assert ids(olga.get("/calls?from=2026-11-21")) == ids(olga.get("/calls?to=2026-11-19")) == []


def test_what_was_typed_stays_and_nothing_found_can_be_cleared(olga, desk):
    desk.hear("missed")
    typed = {"q": 'x"><b>', "status": "answered", "instance": "gone", "from": "2026-11-01", "to": "2026-11-30"}
    page = olga.get("/calls", query_string=typed)

    assert page.status_code == 200
    assert "No call fits" in page.text
    assert 'href="/calls">Clear the filter' in page.text
    for kept in (
        'value="x&#34;&gt;&lt;b&gt;"',
        'value="answered" selected',
        'value="gone" selected',
        'value="2026-11-01"',
        'value="2026-11-30"',
    ):
        assert kept in page.text


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("from=yesterday", "This is no day"),
        ("to=2026-02-30", "This is no day"),
        ("from=0001-01-01", "no calls of that year"),
        ("to=9999-12-31", "no calls of that year"),
        ("from=2026-11-20&to=2026-11-19", "before the first one"),
        ("status=lost", "no such outcome"),
        ("q=" + "x" * 10_000, "too long"),
        ("after=nowhere", "does not lead to any page"),
        ("after=%00", "does not lead to any page"),
    ],
)
def test_what_cannot_be_looked_for_is_said_where_it_stands(olga, desk, query, said):
    desk.hear("missed")
    page = olga.get(f"/calls?{query}")

    assert page.status_code == 400
    assert said in page.text
    assert ids(page) == []


@pytest.mark.parametrize("typed", ["%", "_", "'", "\\", "\x00", "\ud7ff", "\u202e"])
def test_no_character_that_is_typed_breaks_the_page(olga, desk, typed):
    desk.hear("missed")

    assert olga.get("/calls", query_string={"q": typed, "instance": typed}).status_code == 200


def test_older_calls_follow_on_the_next_page_under_the_same_filter(olga, desk):
    for number in range(53):
        desk.hear("missed" if number else "offer", number, id_message=f"C{number}", chat=f"1555123{number:04}@c.us")
    first = olga.get("/calls?status=missed")
    older = re.search(r'href="([^"]+)" rel="next"', first.text)[1].replace("&amp;", "&")

    assert ids(first) == [f"C{number}" for number in range(52, 2, -1)]
    assert parse_qs(urlsplit(older).query)["status"] == ["missed"]
    second = olga.get(older)
    assert ids(second) == ["C2", "C1"]
    assert 'rel="next"' not in second.text


def test_one_call_tells_its_story_and_what_to_do_next(olga, desk):
    desk.know()
    desk.hear("missed")
    desk.tell(1, Delivered(Receipt("977", "https://crm.example.com/977")))
    desk.tell(2, REFUSED)
    page = olga.get("/calls/7103111222-C1")

    assert page.status_code == 200
    for said in ("Noor (bakery)", "+15551230042", "It refused.", "ringbridge delivery replay 2", "missed told; took"):
        assert said in page.text
    assert 'href="https://crm.example.com/977" target="_blank" rel="noopener noreferrer"' in page.text
    times = re.findall(r'<li.*?datetime="([^"]+)"', page.text, re.DOTALL)
    assert times == sorted(times)
    assert len(times) > 3


def test_only_web_addresses_become_links(olga, desk):
    desk.know()
    desk.hear("missed")
    desk.tell(1, Delivered(Receipt("977", "javascript:alert(1)")))
    page = olga.get("/calls/7103111222-C1")

    assert "977" in page.text
    assert 'href="javascript' not in page.text


def test_only_administrators_are_offered_to_tell_it_again(olga, site, desk):
    desk.know()
    desk.hear("missed")
    desk.tell(1, DONE)
    desk.tell(2, REFUSED)

    assert "/admin/deliveries" not in olga.get("/calls/7103111222-C1").text
    shown = site.as_administrator().get("/calls/7103111222-C1").text
    assert re.findall("/admin/deliveries/(\\d+)", shown) == ["1", "2"]


def test_the_id_that_green_api_gave_leads_to_the_call(olga, desk):
    desk.hear("missed")

    assert olga.get("/calls/C1").location == "/calls/7103111222-C1"


@pytest.mark.parametrize("given", ["7103111222-C9", "%00", "%F0%9F%98%80", "x" * 3000])
def test_a_call_that_is_not_there_is_answered_with_what_to_do(olga, desk, given):
    page = olga.get(f"/calls/{given}")

    assert page.status_code == 404
    assert "There is no such call" in page.text
    assert 'href="/calls"' in page.text


def test_a_name_is_text_wherever_it_stands(olga, desk):
    desk.know(contact_name=EVIL)
    desk.hear("missed")

    for path in ("/calls", "/calls/7103111222-C1", "/calls?q=%3Cimg"):
        page = olga.get(path)
        assert "<img" not in page.text
        assert "&lt;img src=x onerror=alert(1)&gt;[URL]" in page.text


def test_the_file_holds_what_the_filter_lets_through(olga, desk):
    desk.know(contact_name="=1+1")
    desk.hear("missed", 1)
    desk.hear("offer", 2, id_message="C2", chat=ANNA)
    answer = olga.get("/calls.csv?status=missed")

    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="calls.csv"'
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.data.startswith(b"\xef\xbb\xbf")
    [row] = csv.DictReader(io.StringIO(answer.data.decode("utf-8-sig"), newline=""))
    assert (row["id"], row["caller"], row["phone"]) == ("7103111222-C1", "'=1+1", "'+15551230042")


def test_a_file_that_cannot_be_made_leads_to_the_page_that_says_why(olga):
    assert olga.get("/calls.csv?from=never").location == "/calls?from=never"


def test_looking_changes_nothing(olga, desk):
    desk.hear("missed")

    for path in ("/calls", "/calls.csv", "/calls/7103111222-C1"):
        assert olga.post(path).status_code == 405

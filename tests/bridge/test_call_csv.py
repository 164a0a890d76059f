"""Calls for spreadsheets, in which no name becomes a formula."""

from __future__ import annotations

import csv
import io
import tracemalloc

import pytest
from desk import Desk

from bridge import call_csv, search
from bridge.search import Filter
from bridge.text import clean

CALL = {
    "id": "7103111222-C1", "instance": "support", "id_message": "C1", "chat_id": "15551230042@c.us",
    "phone": "+15551230042", "caller": "Noor", "caller_source": "contact_name", "status": "missed", "video": None,
    "direction": "incoming", "late": False, "source": "webhook", "started_at": "2026-11-20T14:03:31Z",
    "outcome_at": None, "deliveries": [],
}  # fmt: skip


def read(lines):
    return list(csv.DictReader(io.StringIO("".join(lines).removeprefix("\ufeff"), newline="")))


def test_the_file_begins_with_its_mark_and_a_header_that_stays():
    assert list(call_csv.lines([])) == [
        '\ufeff"id","started_at","outcome_at","instance","caller","caller_source","phone","status","video","direction",'
        '"late","source","chat_id","told"\r\n'
    ]


def test_a_call_is_read_back_as_it_is_listed(store, now):
    desk = Desk(store, now, ["all", "result"])
    desk.know(contact_name='Noor, "the\tbaker"\n')
    desk.hear("missed")

    [row] = read(call_csv.lines(search.every(store, Filter())))
    assert row == {
        "id": "7103111222-C1", "started_at": "2026-11-20T14:03:12Z", "outcome_at": "2026-11-20T14:03:12Z",
        "instance": "support", "caller": 'Noor, "the\tbaker"\n', "caller_source": "contact_name",
        "phone": "'+15551230042", "status": "missed", "video": "", "direction": "incoming", "late": "no",
        "source": "webhook", "chat_id": "15551230042@c.us", "told": "all-0: due; result-1: due",
    }  # fmt: skip


@pytest.mark.parametrize("begin", ["=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "  ="])
def test_no_name_becomes_a_formula(begin):
    name = f'{begin}HYPERLINK("https://example.com")'
    [row] = read(call_csv.lines([{**CALL, "caller": name, "instance": name}]))

    assert (row["caller"], row["instance"]) == (f"'{name}", f"'{name}")


def test_a_name_with_such_a_sign_further_on_stays_as_it_is():
    [row] = read(call_csv.lines([{**CALL, "caller": clean("Anna-Maria = @home")}]))

    assert row["caller"] == "Anna-Maria = @home"


def test_any_number_of_calls_needs_the_memory_of_one():
    def many():
        for _ in range(20_000):
            yield CALL

    tracemalloc.start()
    length = sum(len(line) for line in call_csv.lines(many()))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert length > 3_000_000
    assert peak < 300_000

"""A long list goes on where its page ended, and a place that is none is no page."""

from __future__ import annotations

import re

import pytest

from bridge import audit


def test_a_page_holds_fifty_and_leads_to_older_ones(admin, desk):
    for number in range(30):
        desk.hear("missed", number, id_message=f"C{number}")

    first = admin.get("/admin/deliveries").text
    [older] = re.findall(r'href="(/admin/deliveries\?before=\d+)"', first)
    second = admin.get(older).text

    shown = [re.findall(r'href="/calls/7103111222-C(\d+)"', page) for page in (first, second)]
    assert [len(one) for one in shown] == [50, 10]
    assert sorted(map(int, shown[0] + shown[1])) == sorted([*range(30)] * 2)


def test_the_trail_goes_on_where_a_page_ended(admin, store, now):
    for number in range(60):
        store.write(lambda db, number=number: audit.record(db, now, "ann", "connection.paused", f"c-{number}-"))

    first = admin.get("/admin/audit").text
    [older] = re.findall(r'href="(/admin/audit\?before=\d+)"', first)
    second = admin.get(older).text

    shown = [len(re.findall(r"c-\d+-", page)) for page in (first, second)]
    assert shown == [50, 10]


@pytest.mark.parametrize("before", ["x", "0", "-1", "99999999999999", "٣", "00000000001" + "9" * 30])
def test_a_place_in_a_list_that_is_none_is_no_page(admin, before):
    for page in ("deliveries", "notifications", "audit"):
        assert admin.get(f"/admin/{page}?before={before}").status_code == 404

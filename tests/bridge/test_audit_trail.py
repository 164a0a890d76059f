"""The audit trail is read a page at a time, the newest first."""

from __future__ import annotations

from bridge import audit


def test_pages_follow_each_other_without_gap_or_repeat(store, now):
    for number in range(5):
        store.write(lambda db, number=number: audit.record(db, now, "ann", "connection.paused", about=f"c{number}"))

    with store.read() as db:
        first = audit.listing(db, 2)
        second = audit.listing(db, 2, before=first[-1]["id"])
        third = audit.listing(db, 2, before=second[-1]["id"])

    assert [row["about"] for row in (*first, *second, *third)] == ["c4", "c3", "c2", "c1", "c0"]


def test_a_row_says_who_did_what_to_what_and_when(store, now):
    store.write(
        lambda db: audit.record(db, now, "shell:ann", "instance.changed", about="support", settings=["api_url"])
    )

    with store.read() as db:
        [row] = audit.listing(db, 10)

    assert row.pop("id") > 0
    assert row == {
        "at": "2026-11-20T14:03:12Z",
        "who": "shell:ann",
        "what": "instance.changed",
        "about": "support",
        "detail": {"settings": ["api_url"]},
    }

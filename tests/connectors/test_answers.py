"""How long a system asks us to wait, in every form it may say so."""

from datetime import UTC, datetime

import pytest

from connectors.kit.answers import Answer, retry_after

NOW = datetime(2026, 11, 20, 14, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        ("120", 120.0),
        (" 0 ", 0.0),
        ("Fri, 20 Nov 2026 14:01:30 GMT", 90.0),
        ("Fri, 20 Nov 2026 14:01:30 -0000", 90.0),
        ("Fri, 20 Nov 2026 13:00:00 GMT", 0.0),
        ("9" * 5000, 366 * 86400.0),
        ("Fri, 31 Dec 9999 23:59:59 GMT", 366 * 86400.0),
        ("", None),
        ("-5", None),
        ("1.5", None),
        ("soon", None),
        ("٣", None),
        ("Fri, 99 Nov 2026 14:01:30 GMT", None),
    ],
)
def test_a_pause_is_read_in_seconds_or_as_a_date(said, seconds):
    assert retry_after({"Retry-After": said}, now=NOW) == seconds


def test_an_answer_shows_no_body():
    assert "t0ken" not in repr(Answer(200, {}, b'{"token": "t0ken"}'))

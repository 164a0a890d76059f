"""What becomes of text that strangers chose."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bridge.text import clean, storable

ANY = st.text(st.characters(exclude_categories=()) | st.sampled_from("\x00\ud800\u200d\u202e\u0301\u3164 "))


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("  Noor \n\t (bakery)\u00a0 ", "Noor (bakery)"),
        ("\u202eevil\u2066\u200b\ufeff", "evil"),
        ("a\x00b\ud800", "a\ufffdb\ufffd"),
        ("Zoe\u200b\u0308", "Zoë"),
        ("\U0001f469\u200d\U0001f373", "\U0001f469\u200d\U0001f373"),
        ("\u200d \u200c", ""),
        ("\u3164\u2800", ""),
        ("x" * 81, "x" * 80),
        (" " * 5000, ""),
    ],
)
def test_a_name_becomes_one_printable_line(given, shown):
    assert clean(given) == shown


@given(ANY)
@example("a" * 79 + " \u0301")
@example("\u0958" * 80)  # grows when it is composed
def test_a_cleaned_name_is_short_storable_and_stays_as_it_is(text):
    name = clean(text)

    assert len(name) <= 80
    assert clean(name) == name == unicodedata.normalize("NFC", name)
    assert "\x00" not in name
    assert name.encode().decode() == name
    assert not any(unicodedata.category(one) in ("Cc", "Zl", "Zp") for one in name)


@given(ANY)
def test_storable_text_keeps_its_length_and_can_be_encoded(text):
    assert len(storable(text)) == len(text)
    assert "\x00" not in storable(text)
    assert storable(text).encode().decode() == storable(text)

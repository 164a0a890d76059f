"""Callers choose their names, and the portal's BBCode is live."""

import pytest

from connectors.bitrix24.wording import LONGEST_NAME, name, neutral


@pytest.mark.parametrize(
    ("hostile", "harmless"),
    [
        ("[user=all]", "(user=all)"),
        ("[url=https://evil.test]bank[/url]", "(url=https: //evil.test)bank(/url)"),
        ("WWW.evil.test", "www .evil.test"),
        ("w\u200bww.evil.test", "www .evil.test"),
        ("a#br#b", "a# BR #b"),
        (">>quoted", "> >quoted"),
        ("-----------", "--"),
        ("one\ntwo\t three", "one two three"),
        ("\u202eabc\u2069", "abc"),
        ("e\u0301", "é"),
        ("Zoë <b>&", "Zoë <b>&"),
    ],
)
def test_what_is_live_becomes_plain(hostile, harmless):
    assert neutral(hostile) == harmless


def test_a_name_is_cut():
    assert len(name("x" * 500)) == LONGEST_NAME

"""Callers choose their names, and the portal's BBCode is live."""

from dataclasses import replace

import pytest
from bitrix24_portal import live

from connectors.bitrix24.wording import LONGEST_NAME, name, neutral
from connectors.kit import CallStatus
from connectors.kit.testing import sample_call

RINGING, MISSED = CallStatus.RINGING, CallStatus.MISSED


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


HOSTILE = '[user=all] [url=https://evil.test]x[/url] >> www.evil.test #BR# [send]pay[/send] "'


@pytest.mark.parametrize("note", ["activity", "comment"])
@pytest.mark.parametrize("known", [True, False])
def test_nothing_that_a_stranger_chose_is_alive_in_the_portal(desk, stranger_desk, portal, strangers, note, known):
    settings = {"note": note, "chat_id": "chat17", "missed_task": "task", "unknown_callers": "lead"}
    one = (desk if known else stranger_desk)(**settings)
    hostile = {"caller": replace(sample_call().caller, name=HOSTILE), "summary": f"Missed call: {HOSTILE}"}
    one.tell(RINGING, **hostile)
    one.tell(MISSED, **hostile)

    shown = (portal if known else strangers).shown
    assert len(shown) > 5
    assert [text for _, text in shown if live(text, "acme.bitrix24.test")] == []

"""The words in which a call is told."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from bridge import words
from bridge.words import Wording
from connectors.kit import Caller, CallStatus, Policy

AT = datetime(2026, 7, 1, 22, 30, tzinfo=UTC)


@pytest.mark.parametrize("policy", [Policy.RING, Policy.RESULT, Policy.ALL])
@pytest.mark.parametrize(
    ("status", "label"),
    [
        (CallStatus.RINGING, "Incoming call"),
        (CallStatus.ANSWERED, "Answered call"),
        (CallStatus.DROPPED, "Dropped call"),
        (CallStatus.MISSED, "Missed call"),
        (CallStatus.UNKNOWN, "Call, outcome not reported"),
    ],
)
def test_each_status_has_its_words_and_results_alone_call_a_dropped_call_missed(policy, status, label):
    if (policy, status) == (Policy.RESULT, CallStatus.DROPPED):
        label = "Missed call"

    assert Wording().label(policy, status, None) == label


def test_an_outcome_that_we_do_not_know_is_quoted_and_cut():
    assert Wording().label(Policy.ALL, CallStatus.UNKNOWN, "x" * 50) == f"Call, outcome: {'x' * 40}"
    assert Wording().label(Policy.ALL, CallStatus.UNKNOWN, "") == "Call, outcome not reported"
    assert Wording().label(Policy.ALL, CallStatus.MISSED, "x") == "Missed call"


@pytest.mark.parametrize(
    ("caller", "timezone", "line"),
    [
        (Caller("c", "Noor", "name", "+15551230042"), "UTC", "Noor (+15551230042), line desk, 2026-07-01 22:30 UTC"),
        (Caller("c", "+1 555", "phone", "+1555"), "Europe/Berlin", "+1 555, line desk, 2026-07-02 00:30 CEST"),
        (Caller("c", "hidden number", "hidden"), "Asia/Kolkata", "hidden number, line desk, 2026-07-02 04:00 IST"),
    ],
)
def test_a_summary_is_one_line_with_the_zone_of_its_time(caller, timezone, line):
    assert Wording(timezone=timezone).summary("Missed call", caller, "desk", AT) == f"Missed call: {line}"


RUSSIAN = {
    CallStatus.RINGING: "Входящий звонок",
    CallStatus.ANSWERED: "Принятый звонок",
    CallStatus.DROPPED: "Сброшенный звонок",
    CallStatus.MISSED: "Пропущенный звонок",
    CallStatus.UNKNOWN: "Звонок, итог неизвестен",
}


def test_russian_has_words_of_its_own():
    wording = Wording("ru", "Europe/Moscow")

    assert {status: wording.label(Policy.ALL, status, None) for status in CallStatus} == RUSSIAN
    assert wording.label(Policy.ALL, CallStatus.UNKNOWN, "voicemail") == "Звонок, итог: voicemail"
    line = wording.summary("Пропущенный звонок", Caller("c", "Нур", "name", "+15551230042"), "desk", AT)
    assert line == "Пропущенный звонок: Нур (+15551230042), линия desk, 2026-07-02 01:30 MSK"


def test_every_file_of_words_is_a_language_and_says_everything():
    assert words.languages() == ("en", "ru")
    for name in words.languages():
        language = words.language(name)
        assert set(language.labels) == set(CallStatus)
        assert words.template_fault(language.summary) is words.template_fault(language.summary_without_phone) is None


def test_a_connection_may_have_words_of_its_own_in_place_of_any_of_them():
    wording = Wording("ru", labels={"missed": "Call back!", "unknown": "?"})

    assert wording.label(Policy.ALL, CallStatus.MISSED, None) == "Call back!"
    assert wording.label(Policy.RESULT, CallStatus.DROPPED, None) == "Call back!"
    assert wording.label(Policy.ALL, CallStatus.DROPPED, None) == "Сброшенный звонок"
    assert wording.label(Policy.ALL, CallStatus.UNKNOWN, None) == "?"
    assert wording.label(Policy.ALL, CallStatus.UNKNOWN, "busy") == "Звонок, итог: busy"


@pytest.mark.parametrize(
    ("template", "line"),
    [
        ("$label | ${caller} | $phone | $instance", "Missed call | $label {0} | +15551230042 | desk"),
        ("$date at $time, $$5", "2026-07-01 at 22:30 UTC, $5"),
        ("$caller\u00a0  called", "$label {0} called"),
    ],
)
def test_a_summary_may_follow_a_template_and_names_are_not_part_of_it(template, line):
    caller = Caller("c", "$label {0}", "name", "+15551230042")

    assert Wording(template=template).summary("Missed call", caller, "desk", AT) == line


def test_a_template_without_a_phone_leaves_it_out():
    line = Wording(template="$caller $phone.").summary(
        "Missed call", Caller("c", "hidden number", "hidden"), "desk", AT
    )

    assert line == "hidden number ."


@pytest.mark.parametrize(
    ("template", "fault"),
    [
        ("$label", None),
        ("no name at all", None),
        ("$who", "$who is not known; there are $label, $caller, $phone, $instance, $time, $date"),
        ("${caller.__class__}", "a $ must be followed by a name, or written twice"),
        ("5 $", "a $ must be followed by a name, or written twice"),
    ],
)
def test_what_is_wrong_with_a_template_is_said(template, fault):
    assert words.template_fault(template) == fault

"""What arrives in each channel, as text, for names that strangers choose."""

from dataclasses import replace

import pytest
from channels import DISCORD, GOOGLE_CHAT, SLACK, TEAMS, TELEGRAM, message_to

from connectors.kit import CallStatus


def test_a_call_is_told_in_its_own_words(missed_call):
    assert message_to("jsons://ops.test/in", missed_call) == {
        "version": "1.0",
        "title": "Missed call",
        "message": missed_call.summary,
        "attachments": [],
        "type": "failure",
    }


def test_an_answered_call_is_told_in_a_few_words(missed_call):
    answered = replace(missed_call, status=CallStatus.ANSWERED, label="Answered call")

    message = message_to("jsons://ops.test/in", answered)

    assert (message["title"], message["message"], message["type"]) == ("Answered call", "Noor (bakery)", "success")


@pytest.mark.parametrize(
    ("status", "kind"), [("ringing", "info"), ("dropped", "warning"), ("unknown", "warning"), ("missed", "failure")]
)
def test_each_status_has_its_colour(missed_call, status, kind):
    call = replace(missed_call, status=CallStatus(status))

    assert message_to("jsons://ops.test/in", call)["type"] == kind


def test_slack_gets_a_name_as_text(hostile_call):
    [attachment] = message_to(SLACK, hostile_call)["attachments"]

    assert attachment["text"] == (
        "Missed call: Ann *b* &lt;b&gt;x&lt;/b&gt; &amp; &lt;!channel&gt; @everyone [x](http://evil) `c` END"
    )


def test_telegram_gets_a_name_as_text(hostile_call):
    message = message_to(TELEGRAM, hostile_call)

    assert message["parse_mode"] == "HTML"
    assert message["text"] == (
        "<b>Missed call</b>\r\nMissed call: "
        "Ann *b* &lt;b&gt;x&lt;/b&gt; &amp; &lt;!channel&gt; @everyone [x](http://evil) `c` END"
    )


@pytest.mark.parametrize(("url", "field"), [(DISCORD, "content"), ("mmosts://chat.test/0123456789abcdef0123", "text")])
def test_what_renders_markdown_whatever_it_is_told_gets_it_escaped(hostile_call, url, field):
    assert message_to(url, hostile_call)[field] == (
        "Missed call\r\nMissed call: Ann \\*b\\* \\<b\\>x\\</b\\> & \\<!channel\\> @\u200beveryone"
        " \\[x\\](http://evil) \\`c\\` END"
    )


def test_words_of_a_title_are_no_markup_either(hostile_call):
    call = replace(hostile_call, label="Call, outcome: @here **x**")

    assert message_to(DISCORD, call)["content"].startswith("Call, outcome: @\u200bhere \\*\\*x\\*\\*\r\n")


def test_teams_and_google_chat_get_no_tag_and_no_link(hostile_call):
    call = replace(hostile_call, summary=f"{hostile_call.summary} <http://evil|x> <users/all>")

    card = message_to(f"{TEAMS}?api-version=2016-06-01&sp=%2Frun&sv=1.0&sig=s1g", call)
    [text] = [block["text"] for block in card["attachments"][0]["content"]["body"] if block.get("id") == "body"]

    assert text == (
        "Missed call: Ann \\*b\\* <b\\>x</b\\> & <\\!channel\\> @everyone \\[x\\]\\(http://evil\\) \\`c\\` END"
        " <http://evil\\|x\\> <users/all\\>"
    )
    # Links and mentions of Google Chat are <address|words> and <users/all>; square brackets are text there.
    assert message_to(GOOGLE_CHAT, call)["text"] == (
        "*Missed call*\nMissed call: "
        "Ann \\*b\\* <b&gt;x</b&gt; &amp; <!channel&gt; @everyone [x](http://evil) \\`c\\` END"
        " <http://evil%7Cx\\> <users/all&gt;"
    )


@pytest.mark.parametrize(
    "url", ["ntfys://push.test/topic", "jsons://ops.test/in", "gotifys://push.test/A0123456789abcd"]
)
def test_what_shows_plain_text_gets_it_without_control_and_bidirectional_characters(hostile_call, url):
    assert message_to(url, hostile_call)["message"] == (
        "Missed call: Ann *b* <b>x</b> & <!channel> @everyone [x](http://evil) `c` END"
    )

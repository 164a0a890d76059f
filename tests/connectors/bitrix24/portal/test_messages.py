"""Notifications and chats in the stand-in of a portal, and what is alive in their texts."""

from __future__ import annotations

from bitrix24_client import ask, refusal, result
from bitrix24_portal import live


def rung(portal, user_id, client="ours", tag=None):
    tags = {"TAG": tag or f"C1|{user_id}", "SUB_TAG": "C1", "CLIENT_ID": client}
    return result(ask(portal, "im.notify.system.add", USER_ID=user_id, MESSAGE="It rings", **tags))


def test_a_notification_is_withdrawn_from_everybody_by_its_tag_and_its_client_alone(portal):
    by_id = rung(portal, 5)
    rung(portal, 6)

    assert result(ask(portal, "im.notify.delete", ID=by_id, CLIENT_ID="ours")) is False
    assert refusal(ask(portal, "im.notify.delete", SUB_TAG="C1"))[:2] == (403, "ACCESS_DENIED")
    assert refusal(ask(portal, "im.notify.delete", CLIENT_ID="ours"))[:2] == (400, "PARAMS_ERROR")
    assert result(ask(portal, "im.notify.delete", SUB_TAG="C1", CLIENT_ID="theirs")) is False
    assert len(portal.messages.bell) == 2
    assert result(ask(portal, "im.notify.delete", SUB_TAG="C1", CLIENT_ID="ours")) is True
    assert portal.messages.bell == {}


def test_an_equal_tag_replaces_whoever_had_it_unless_the_portal_is_an_old_one(portal):
    rung(portal, 5, tag="C1")
    rung(portal, 6, tag="C1")
    assert [one["user_id"] for one in portal.messages.bell.values()] == [6]

    portal.messages.tags_replace = False
    rung(portal, 5, tag="C1")
    assert len(portal.messages.bell) == 2


def test_a_notification_for_somebody_who_is_gone_is_false_and_counts_as_refused(portal):
    assert rung(portal, 8) is False
    assert [one.status for one in portal.refused] == [200]
    assert refusal(ask(portal, "im.notify.system.add", MESSAGE="x"))[1] == "USER_ID_EMPTY"
    assert refusal(ask(portal, "im.notify.system.add", USER_ID=5, MESSAGE=" "))[1] == "MESSAGE_EMPTY"


def test_a_chat_is_for_its_members(portal):
    line = result(ask(portal, "im.message.add", DIALOG_ID="chat17", MESSAGE="It rings"))
    portal.messages.chats["chat18"] = {5}

    assert refusal(ask(portal, "im.message.add", DIALOG_ID="chat18", MESSAGE="x"))[1] == "ACCESS_ERROR"
    assert refusal(ask(portal, "im.message.add", DIALOG_ID="chat99", MESSAGE="x"))[1] == "CHAT_ID"
    assert result(ask(portal, "im.message.update", MESSAGE_ID=line, MESSAGE="It rang")) is True
    assert refusal(ask(portal, "im.message.update", MESSAGE_ID=1, MESSAGE="x"))[1] == "MESSAGE_ID_ERROR"


def test_what_is_alive_in_a_text_is_seen_and_links_to_the_portal_are_ours():
    ours = "[URL=https://acme.bitrix24.test/crm/contact/details/651/]Zoë (b)[/URL] rings"
    theirs = "[user=all] [URL=https://evil.test/]x[/URL] www.evil.test #BR#\n>> quoted\n--------"

    assert live(ours, "acme.bitrix24.test") == []
    for fragment in ("[user=all]", "[URL=https://evil.test/]", "www.evil.test", "#BR#", ">>", "--------"):
        assert any(fragment in found for found in live(theirs, "acme.bitrix24.test")), fragment

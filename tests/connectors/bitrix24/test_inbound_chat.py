"""The line of a call in a chat of the team."""

from __future__ import annotations

import pytest
from bells import asked, ends

from connectors.kit import CallStatus, Rejected, Retryable
from connectors.kit.testing import Fault

RINGING, MISSED = CallStatus.RINGING, CallStatus.MISSED


class TestTheChat:
    def test_one_line_is_changed_in_place(self, desk, portal):
        one = desk(chat_id="chat17")
        one.tell(RINGING)
        one.tell(MISSED)

        [line] = portal.messages.lines.values()
        assert line["text"].startswith("Missed call")

    def test_a_line_that_cannot_be_changed_any_more_is_followed_by_another(self, desk, portal):
        one = desk(chat_id="chat17")
        one.tell(RINGING)
        portal.messages.lines.clear()
        one.tell(MISSED)

        assert len(portal.messages.lines) == 1

    def test_a_line_that_fails_lets_nobody_be_notified_twice(self, desk, portal):
        one = desk(chat_id="chat17")
        with pytest.raises(Retryable):
            one.tell(RINGING, Fault(), at=2)
        one.tell(RINGING)

        assert asked(portal).count("im.notify.system.add") == 1

    def test_a_chat_that_refuses_keeps_no_note_from_being_written(self, desk, portal):
        one = desk(chat_id="chat99")
        with pytest.raises(Rejected) as caught:
            one.tell(MISSED)

        assert caught.value.receipt.record_id
        assert len(portal.activities.calls()) == 1
        assert ends(portal) == [99]

"""Who hears it ring, and how that is taken back."""

from __future__ import annotations

from itertools import pairwise

import pytest
from bells import CALL_ID, asked, rings

from connectors.kit import CallStatus, Retryable
from connectors.kit.testing import Fault, sample_call

RINGING, MISSED, ANSWERED = CallStatus.RINGING, CallStatus.MISSED, CallStatus.ANSWERED
PHONE = "+15551230042"


class TestWhileItRings:
    def test_the_responsible_is_notified_under_the_calls_id(self, desk, portal):
        desk().tell(RINGING)

        [notification] = portal.messages.bell.values()
        assert notification["user_id"] == 99
        assert (notification["TAG"], notification["SUB_TAG"]) == (f"{CALL_ID}|99", CALL_ID)
        assert notification["client"] == "customwhatsapp-calls"
        assert "https://acme.bitrix24.test/crm/contact/details/651/" in notification["text"]
        assert portal.held() == []
        assert portal.refused == portal.ignored == []

    def test_the_operators_are_notified_where_nobody_is_responsible(self, stranger_desk, strangers):
        stranger_desk().tell(RINGING)

        assert rings(strangers) == [5, 6]

    def test_the_operators_are_notified_where_the_responsible_was_dismissed(self, desk, portal):
        portal.people.users[99]["ACTIVE"] = False

        desk().tell(RINGING)

        assert rings(portal) == [5, 6]

    def test_the_operators_are_notified_instead_of_the_responsible_if_so_chosen(self, desk, portal):
        desk(notify="operators").tell(RINGING)

        assert rings(portal) == [5, 6]

    def test_nobody_is_notified_if_so_chosen(self, desk, portal):
        one = desk(notify="nobody")
        one.tell(RINGING)
        one.tell(MISSED)

        assert portal.messages.bell == {}
        assert "im.notify.delete" not in asked(portal)

    def test_an_operator_who_left_keeps_nobody_else_from_hearing_it(self, stranger_desk, strangers):
        stranger_desk(operators=[8, 5]).tell(RINGING)

        assert rings(strangers) == [5]

    @pytest.mark.parametrize("tags_replace", [True, False])
    @pytest.mark.parametrize("applied", [True, False])
    def test_a_lost_answer_never_makes_two_notifications(self, desk, portal, applied, tags_replace):
        portal.messages.tags_replace = tags_replace
        one = desk()
        with pytest.raises(Retryable):
            one.tell(RINGING, Fault(applied=applied), at=1)

        one.tell(RINGING)

        assert rings(portal) == [99]

    def test_several_records_of_one_number_are_counted(self, desk, portal):
        portal.records.add("LEAD", TITLE="A call", phones=[PHONE])

        desk().tell(RINGING)

        [notification] = portal.messages.bell.values()
        assert notification["text"].endswith("/crm/contact/details/651/ (1/2)")

    def test_the_popup_is_taken_back_without_a_trace(self, desk, portal):
        one = desk()
        one.tell(RINGING)

        one.connected().withdraw(sample_call(ANSWERED), one.known)

        assert portal.messages.bell == {}
        assert portal.held() == []

    def test_a_withdrawal_that_fails_is_not_taken_for_done(self, desk, portal):
        one = desk()
        one.tell(RINGING)

        with pytest.raises(Retryable):
            one.connected(Fault()).withdraw(sample_call(ANSWERED), one.known)
        assert rings(portal) == [99]


def test_tags_that_are_the_same_for_a_call_differ_between_calls(desk, portal):
    desk().tell(RINGING)
    desk().tell(RINGING, id="7103111222-OTHER")

    tags = [one["TAG"] for one in portal.messages.bell.values()]
    assert all(one != other for one, other in pairwise(sorted(tags)))
    assert len(tags) == 2

"""What fails is repeated alone, and keeps nothing else from being done."""

from __future__ import annotations

import pytest
from bells import ends, rings
from bitrix24_portal import Portal

from connectors.bitrix24.inbound import Bitrix24
from connectors.kit import CallStatus, RateLimited, Rejected, Retryable, Unauthorized
from connectors.kit.testing import RULES, Fault, Reply, Subject

RINGING, MISSED = CallStatus.RINGING, CallStatus.MISSED
PHONE = "+15551230042"
WEBHOOK = "https://acme.bitrix24.test/rest/1/c4nary5ecret/"


class TestTrouble:
    @pytest.mark.parametrize("fault", [Fault(), Fault(Reply(500, {})), Fault(Reply(502, "<html>"))])
    def test_a_withdrawal_that_fails_is_repeated_alone(self, desk, portal, fault):
        one = desk()
        one.tell(RINGING)
        with pytest.raises(Retryable) as caught:
            one.tell(MISSED, fault, at=0)
        assert len(portal.activities.calls()) == 1
        assert caught.value.look_after > 0
        assert rings(portal) == [99]
        before = len(portal.log)

        one.tell(MISSED)

        assert rings(portal) == []
        assert [entry.methods for entry in portal.log[before:]] == [("im.notify.delete",)]
        assert ends(portal) == [99]

    def test_a_withdrawal_that_the_portal_rests_keeps_no_note_from_being_written(self, desk, portal):
        one = desk()
        one.tell(RINGING)
        with pytest.raises(RateLimited):
            one.tell(MISSED, Fault(Reply(429, {"error": "OPERATION_TIME_LIMIT"})), at=0)

        assert len(portal.activities.calls()) == 1
        assert ends(portal) == [99]
        assert rings(portal) == [99]

    def test_a_withdrawal_is_repeated_until_none_is_left(self, desk, portal):
        one = desk()
        one.tell(RINGING)
        for _ in range(3):
            with pytest.raises(Retryable):
                one.tell(MISSED, Fault(), at=0)
        one.tell(MISSED)

        assert rings(portal) == []
        assert len(portal.activities.calls()) == 1

    def test_a_bell_that_fails_keeps_no_note_from_being_written(self, desk, portal):
        with pytest.raises(Retryable) as caught:
            desk().tell(MISSED, Fault(Reply(500, {})), at=2)

        assert caught.value.receipt.record_id
        assert len(portal.activities.calls()) == 1

    def test_a_pause_that_is_asked_for_is_taken_at_once(self, desk, portal):
        one = desk()
        one.tell(RINGING)
        before = len(portal.log)
        with pytest.raises(RateLimited):
            one.tell(MISSED, Fault(Reply(503, {"error": "QUERY_LIMIT_EXCEEDED"})), at=0)

        assert len(portal.log) == before

    def test_a_note_that_is_refused_for_good_keeps_nobody_from_hearing_of_it(self, desk, portal):
        portal.records.shut.add(("CONTACT", 651))
        with pytest.raises(Rejected):
            desk().tell(MISSED)

        assert ends(portal) == [99]

    def test_a_webhook_that_was_deleted_is_unauthorized(self, desk, portal):
        portal.webhooks.clear()

        with pytest.raises(Unauthorized):
            desk().tell(MISSED)

    def test_a_portal_that_moved_is_named(self, desk, portal):
        portal.renamed_to = "newname.bitrix24.test"

        with pytest.raises(Rejected, match=r"newname\.bitrix24\.test"):
            desk().tell(RINGING)


@pytest.mark.parametrize("known", [True, False])
@pytest.mark.parametrize("note", ["activity", "comment"])
@pytest.mark.parametrize("missed_task", ["task", "todo"])
@pytest.mark.parametrize("has_rest3", [True, False])
def test_the_contract_is_kept_with_everything_switched_on(known, note, missed_task, has_rest3):
    def fresh():
        portal = Portal()
        portal.tasks.has_rest3 = has_rest3
        if known:
            portal.records.add("CONTACT", NAME="Ann", ASSIGNED_BY_ID="99", phones=[PHONE])
        return portal

    chosen = {"note": note, "missed_task": missed_task, "unknown_callers": "lead", "chat_id": "chat17"}
    subject = Subject(Bitrix24, {"webhook_url": WEBHOOK, "operators": [5], **chosen}, fresh)
    for rule in RULES:
        rule(subject)

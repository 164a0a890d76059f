"""What is made of callers whom nobody knows."""

from __future__ import annotations

import pytest
from bells import CALL_ID

from connectors.kit import CallStatus, RateLimited
from connectors.kit.testing import Fault, Reply

RINGING, UNKNOWN, MISSED = CallStatus.RINGING, CallStatus.UNKNOWN, CallStatus.MISSED
DROPPED, ANSWERED = CallStatus.DROPPED, CallStatus.ANSWERED
OUTCOMES = [UNKNOWN, MISSED, DROPPED, ANSWERED]
PHONE = "+15551230042"


class TestStrangers:
    @pytest.mark.parametrize("status", OUTCOMES)
    def test_nothing_is_written_of_them_by_default(self, stranger_desk, strangers, status):
        one = stranger_desk()
        one.tell(RINGING)
        one.tell(status)

        assert strangers.held() == []

    @pytest.mark.parametrize("status", OUTCOMES)
    def test_a_lead_for_every_outcome(self, stranger_desk, strangers, status):
        receipt = stranger_desk(unknown_callers="lead", lead_source="WEB").tell(status)

        [(lead_id, lead)] = strangers.records.rows["LEAD"].items()
        assert (lead["ORIGINATOR_ID"], lead["ORIGIN_ID"]) == ("whatsapp-calls", CALL_ID)
        assert (lead["SOURCE_ID"], lead["ASSIGNED_BY_ID"]) == ("WEB", "5")
        assert lead["PHONE"][0]["VALUE"] == PHONE
        assert (receipt.person.record_id, receipt.person.parts["kind"]) == (str(lead_id), "lead")
        assert strangers.activities.calls()[0]["OWNER_TYPE_ID"] == "1"
        assert strangers.refused == strangers.ignored == []

    @pytest.mark.parametrize(("status", "leads"), [(MISSED, 1), (DROPPED, 1), (ANSWERED, 0), (UNKNOWN, 0)])
    def test_a_lead_if_missed(self, stranger_desk, strangers, status, leads):
        stranger_desk(unknown_callers="lead_if_missed").tell(status)

        assert len(strangers.records.rows["LEAD"]) == leads

    def test_no_lead_while_it_rings(self, stranger_desk, strangers):
        stranger_desk(unknown_callers="lead").tell(RINGING)

        assert strangers.held() == []

    def test_a_second_call_finds_the_lead_of_the_first(self, stranger_desk, strangers):
        stranger_desk(unknown_callers="lead").tell(MISSED)
        stranger_desk(unknown_callers="lead").tell(MISSED, id="7103111222-SECOND")

        assert len(strangers.records.rows["LEAD"]) == 1
        assert len(strangers.activities.calls()) == 2

    def test_a_portal_without_leads_makes_a_client_who_gets_the_note(self, stranger_desk, strangers):
        strangers.records.simple = True

        receipt = stranger_desk(unknown_callers="lead").tell(MISSED)

        [contact_id] = strangers.records.rows["CONTACT"]
        assert receipt.person.parts["kind"] == "contact"
        assert strangers.activities.calls()[0]["OWNER_ID"] == str(contact_id)

    def test_a_lead_is_not_made_twice_though_a_search_finds_it_late(self, stranger_desk, strangers):
        strangers.webhooks[(1, "c4nary5ecret")] -= {"telephony"}
        strangers.lags["crm.duplicate.findbycomm"] = 60
        one = stranger_desk(unknown_callers="lead")
        with pytest.raises(RateLimited):  # so that the next attempt is sure of what was made
            one.tell(MISSED, Fault(Reply(503, {"error": "QUERY_LIMIT_EXCEEDED"})), at=3)
        one.tell(MISSED)

        assert len(strangers.records.rows["LEAD"]) == 1
        assert len(strangers.activities.calls()) == 1

    def test_the_owner_gets_the_lead_of_an_operator_who_left(self, stranger_desk, strangers):
        stranger_desk(unknown_callers="lead", operators=[8]).tell(MISSED)

        [lead] = strangers.records.rows["LEAD"].values()
        assert lead["ASSIGNED_BY_ID"] == "1"

"""How a call ended, written where its caller is found, even if that record has vanished meanwhile."""

from __future__ import annotations

import pytest
from bells import CALL_ID, asked, ends, rings

from connectors.kit import Caller, CallStatus, Known

RINGING, UNKNOWN, MISSED = CallStatus.RINGING, CallStatus.UNKNOWN, CallStatus.MISSED
DROPPED, ANSWERED = CallStatus.DROPPED, CallStatus.ANSWERED
OUTCOMES = [UNKNOWN, MISSED, DROPPED, ANSWERED]
PHONE = "+15551230042"
GROUP = Caller("120363@g.us", "Sales", "group", None)
HIDDEN = Caller("4711@lid", "hidden number", "hidden", None)


class TestTheOutcome:
    @pytest.mark.parametrize("status", OUTCOMES)
    def test_each_leaves_one_activity_and_no_ringing(self, desk, portal, status):
        one = desk()
        one.tell(RINGING)

        receipt = one.tell(status)

        [activity] = portal.activities.calls()
        assert rings(portal) == []
        assert (activity["ORIGINATOR_ID"], activity["ORIGIN_ID"]) == ("whatsapp-calls", CALL_ID)
        assert activity["COMPLETED"] == ("N" if status in (MISSED, DROPPED) else "Y")
        assert (activity["OWNER_TYPE_ID"], activity["OWNER_ID"], activity["RESPONSIBLE_ID"]) == ("3", "651", "99")
        assert CALL_ID in activity["DESCRIPTION"]
        assert (receipt.record_id, receipt.url) == (
            activity["ID"],
            "https://acme.bitrix24.test/crm/contact/details/651/",
        )
        assert receipt.person.record_id == "651"
        assert portal.refused == portal.ignored == []

    def test_only_a_missed_call_is_notified_of(self, desk, portal):
        for status in (ANSWERED, UNKNOWN, DROPPED):
            desk().tell(status)
            assert ends(portal) == []
        desk().tell(MISSED)

        assert ends(portal) == [99]

    def test_an_outcome_that_comes_to_light_changes_the_activity(self, desk, portal):
        one = desk()
        one.tell(UNKNOWN)
        one.tell(MISSED)

        [activity] = portal.activities.calls()
        assert activity["COMPLETED"] == "N"
        assert "Missed call" in activity["SUBJECT"]

    def test_an_activity_that_somebody_removed_is_written_again(self, desk, portal):
        one = desk()
        one.tell(UNKNOWN)
        portal.activities.rows.clear()
        one.tell(ANSWERED)

        assert len(portal.activities.calls()) == 1

    def test_the_first_operator_gets_the_note_of_a_responsible_who_left(self, desk, portal):
        portal.people.users[99]["ACTIVE"] = False

        desk().tell(MISSED)

        assert portal.activities.calls()[0]["RESPONSIBLE_ID"] == "5"
        assert ends(portal) == [5, 6]

    def test_the_owner_of_the_webhook_gets_it_where_there_are_no_operators(self, desk, portal):
        portal.people.users[99]["ACTIVE"] = False

        desk(operators=[]).tell(MISSED)

        assert portal.activities.calls()[0]["RESPONSIBLE_ID"] == "1"

    def test_a_comment_holds_the_calls_id(self, desk, portal):
        one = desk(note="comment")
        one.tell(UNKNOWN)
        one.tell(ANSWERED)

        [comment] = portal.comments.rows.values()
        assert comment["COMMENT"].endswith(f"\nRef: {CALL_ID}")
        assert comment["COMMENT"].startswith("Answered call")
        assert portal.activities.calls() == []

    def test_no_note_is_written_if_so_chosen(self, desk, portal):
        one = desk(note="none")
        one.tell(RINGING)
        one.tell(MISSED)

        assert portal.held() == []
        assert (rings(portal), ends(portal)) == ([], [99])

    @pytest.mark.parametrize("caller", [GROUP, HIDDEN])
    @pytest.mark.parametrize("status", OUTCOMES)
    def test_groups_and_hidden_numbers_are_notified_of_and_nothing_else(self, desk, portal, caller, status):
        one = desk(unknown_callers="lead", missed_task="task")
        one.tell(RINGING, caller=caller)
        assert rings(portal) == [5, 6]
        one.tell(status, caller=caller)

        assert portal.held() == []
        assert set(asked(portal)) <= {"im.notify.system.add", "im.notify.delete"}
        assert rings(portal) == []

    def test_somebody_who_now_hides_the_number_is_written_into_no_record(self, desk, portal):
        one = desk(missed_task="task")
        one.known = Known(person=one.connected().find_caller(PHONE))
        one.tell(MISSED, caller=HIDDEN)

        assert portal.held() == []

    @pytest.mark.parametrize(("status", "most"), [(ANSWERED, 4), (MISSED, 5)])
    def test_few_requests_suffice_for_a_known_caller(self, desk, portal, status, most):
        one = desk()
        one.tell(RINGING)
        one.tell(status)

        assert len(portal.log) <= most

    def test_who_was_found_while_it_rang_is_not_searched_for_again(self, desk, portal):
        one = desk()
        one.known = Known(person=one.connected().find_caller(PHONE))
        one.tell(RINGING)
        one.tell(MISSED)

        assert asked(portal).count("telephony.externalCall.searchCrmEntities") == 1


class TestARecordThatVanished:
    def merged(self, portal):
        contact = portal.records.rows["CONTACT"].pop(651)
        return portal.records.add("CONTACT", NAME="Ann", ASSIGNED_BY_ID="6", phones=[contact["PHONE"][0]["VALUE"]])

    @pytest.mark.parametrize("note", ["activity", "comment"])
    def test_the_note_goes_to_the_one_it_was_merged_into(self, desk, portal, note):
        one = desk(note=note)
        one.tell(RINGING)
        winner = self.merged(portal)
        receipt = one.tell(ANSWERED)

        assert receipt.person.record_id == str(winner)
        assert len(portal.held()) == 1

    def test_where_nobody_has_the_number_any_more_nothing_is_written(self, desk, portal):
        one = desk()
        one.tell(RINGING)
        del portal.records.rows["CONTACT"][651]
        one.tell(ANSWERED)

        assert portal.held() == []

    def test_a_task_is_bound_to_the_one_it_was_merged_into(self, desk, portal):
        one = desk(note="none", missed_task="task")
        one.tell(RINGING)
        winner = self.merged(portal)
        one.tell(MISSED)

        [task] = portal.tasks.rows.values()
        assert task["UF_CRM_TASK"] == [f"C_{winner}"]

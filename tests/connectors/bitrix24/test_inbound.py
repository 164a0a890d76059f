"""What a portal holds after calls were told through an inbound webhook."""

from dataclasses import replace
from itertools import pairwise

import pytest
from bitrix24_portal import Portal, live

from connectors.bitrix24.inbound import Bitrix24
from connectors.kit import Caller, CallStatus, Known, RateLimited, Rejected, Retryable, Unauthorized
from connectors.kit.testing import RULES, Fault, Reply, Subject, sample_call

RINGING, UNKNOWN, MISSED = CallStatus.RINGING, CallStatus.UNKNOWN, CallStatus.MISSED
DROPPED, ANSWERED = CallStatus.DROPPED, CallStatus.ANSWERED
OUTCOMES = [UNKNOWN, MISSED, DROPPED, ANSWERED]
CALL_ID = sample_call().id
PHONE = "+15551230042"
WEBHOOK = "https://acme.bitrix24.test/rest/1/c4nary5ecret/"
GROUP = Caller("120363@g.us", "Sales", "group", None)
HIDDEN = Caller("4711@lid", "hidden number", "hidden", None)


def rings(portal):
    """Who hears it ring."""
    return sorted(one["user_id"] for one in portal.messages.bell.values() if one["SUB_TAG"] == CALL_ID)


def ends(portal):
    """Who was notified of a missed call."""
    return sorted(one["user_id"] for one in portal.messages.bell.values() if one["SUB_TAG"] == f"{CALL_ID}|end")


def asked(portal):
    return [method for entry in portal.log for method in entry.methods]


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


class TestCallingBack:
    @pytest.mark.parametrize("kind", ["task", "todo"])
    @pytest.mark.parametrize(("status", "reminders"), [(MISSED, 1), (DROPPED, 1), (ANSWERED, 0), (UNKNOWN, 0)])
    def test_missed_and_dropped_calls_only(self, desk, portal, kind, status, reminders):
        desk(missed_task=kind).tell(status)

        assert len(portal.tasks.rows if kind == "task" else portal.activities.todos()) == reminders
        assert portal.refused == portal.ignored == []

    def test_a_task_is_due_in_time_and_bound_to_the_caller(self, desk, portal):
        desk(missed_task="task", task_minutes=15).tell(MISSED)

        [task] = portal.tasks.rows.values()
        assert task["DEADLINE"] == "2026-11-20T14:18:31+00:00"
        assert (task["UF_CRM_TASK"], task["RESPONSIBLE_ID"]) == (["C_651"], "99")

    def test_the_key_of_a_task_is_the_calls_id(self, desk, portal):
        desk(missed_task="task").tell(MISSED)

        assert ("tasks.task.add", f"{CALL_ID}-task") in [one for entry in portal.log for one in entry.wrote]

    def test_a_portal_without_the_new_interface_gets_a_task_that_can_be_found(self, desk, portal):
        portal.tasks.has_rest3 = False
        one = desk(missed_task="task")
        with pytest.raises(Retryable):
            one.tell(MISSED, Fault(applied=True), at=5)
        assert len(portal.tasks.rows) == 1

        one.tell(MISSED)

        [task] = portal.tasks.rows.values()
        assert task["TAGS"] == [CALL_ID]
        assert CALL_ID in task["DESCRIPTION"]

    @pytest.mark.parametrize("has_rest3", [True, False])
    def test_the_first_operator_gets_the_task_of_a_responsible_who_left(self, desk, portal, has_rest3):
        portal.people.users[99]["ACTIVE"] = False
        portal.tasks.has_rest3 = has_rest3

        desk(missed_task="task").tell(MISSED)

        assert [task["RESPONSIBLE_ID"] for task in portal.tasks.rows.values()] == ["5"]

    def test_the_first_operator_gets_the_todo_of_a_responsible_who_left(self, desk, portal):
        portal.people.users[99]["ACTIVE"] = False

        desk(missed_task="todo").tell(MISSED)

        assert [todo["RESPONSIBLE_ID"] for todo in portal.activities.todos()] == ["5"]

    def test_a_stranger_may_be_called_back_too(self, stranger_desk, strangers):
        stranger_desk(missed_task="task").tell(MISSED)

        [task] = strangers.tasks.rows.values()
        assert task["RESPONSIBLE_ID"] == "5"

    @pytest.mark.parametrize("has_rest3", [True, False])
    def test_the_task_says_which_number_to_call(self, stranger_desk, strangers, has_rest3):
        strangers.tasks.has_rest3 = has_rest3
        stranger_desk(missed_task="task").tell(MISSED)

        [task] = strangers.tasks.rows.values()
        assert task["TITLE"].endswith(PHONE)

    def test_a_todo_needs_a_record(self, stranger_desk, strangers):
        stranger_desk(missed_task="todo").tell(MISSED)

        assert strangers.held() == []

    def test_a_todo_whose_answer_was_lost_is_found_by_the_calls_id(self, desk, portal):
        one = desk(missed_task="todo")
        with pytest.raises(Retryable):
            one.tell(MISSED, Fault(applied=True), at=3)
        one.tell(MISSED)

        [todo] = portal.activities.todos()
        assert CALL_ID in todo["DESCRIPTION"]


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


def test_tags_that_are_the_same_for_a_call_differ_between_calls(desk, portal):
    desk().tell(RINGING)
    desk().tell(RINGING, id="7103111222-OTHER")

    tags = [one["TAG"] for one in portal.messages.bell.values()]
    assert all(one != other for one, other in pairwise(sorted(tags)))
    assert len(tags) == 2

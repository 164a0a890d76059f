"""Tasks and to-dos that ask somebody to call back."""

from __future__ import annotations

import pytest
from bells import CALL_ID

from connectors.kit import CallStatus, Retryable
from connectors.kit.testing import Fault

UNKNOWN, MISSED = CallStatus.UNKNOWN, CallStatus.MISSED
DROPPED, ANSWERED = CallStatus.DROPPED, CallStatus.ANSWERED
PHONE = "+15551230042"


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

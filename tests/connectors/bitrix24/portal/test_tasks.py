"""Tasks in the stand-in of a portal, of the classic kind and under a key."""

from __future__ import annotations

import pytest
from bitrix24_client import ask, refusal, result, sent

REST3 = "https://acme.bitrix24.test/rest/api/1/c4nary5ecret/tasks.task.add"


def test_a_classic_task_may_be_made_twice_and_is_found_by_what_the_list_filters_by(portal):
    task = {"TITLE": "Call back", "RESPONSIBLE_ID": 99, "UF_CRM_TASK": ["C_651"], "TAGS": ["C1"], "XML_ID": "C1"}
    ids = [result(ask(portal, "tasks.task.add", fields=task))["task"]["id"] for _ in range(2)]

    found = result(ask(portal, "tasks.task.list", filter={"TAG": "C1"}))["tasks"]
    assert [one["id"] for one in found] == ids
    assert result(ask(portal, "tasks.task.list", filter={"TAG": "C2"}))["tasks"] == []
    assert len(result(ask(portal, "tasks.task.list", filter={"XML_ID": "C2"}))["tasks"]) == 2
    assert refusal(ask(portal, "tasks.task.add"))[1] == "100"
    assert refusal(ask(portal, "tasks.task.add", fields={}))[1:] == ("ERROR_CORE", "Task title is not specified<br>")
    assert refusal(ask(portal, "tasks.task.add", fields={**task, "RESPONSIBLE_ID": 8}))[1] == "ERROR_CORE"


def task3(portal, key="C1-task", **changes):
    fields = {"title": "Call back", "creatorId": 1, "responsibleId": 99, "crmItemIds": ["C_651"], **changes}
    return sent(portal, REST3, {"fields": fields}, headers={"Idempotency-Key": key})


def test_a_task_under_a_key_is_made_once_in_a_day(portal, clock):
    first, again = task3(portal), task3(portal)

    assert first.body["result"] == again.body["result"]
    assert "Idempotent-Replayed" not in first.headers
    assert again.headers["Idempotent-Replayed"] == "true"
    assert len(portal.tasks.rows) == 1
    other = task3(portal, title="Another")
    assert (other.status, other.body["error"]["code"][-28:]) == (422, "IDEMPOTENCYKEYREUSEDEXCEPTION"[-28:])
    clock.now += 86401
    task3(portal)
    assert len(portal.tasks.rows) == 2


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"key": "schlüssel"}, "INVALIDIDEMPOTENCYKEYEXCEPTION"),
        ({"invented": 1}, "UNKNOWNDTOPROPERTYEXCEPTION"),
        ({"responsibleId": None}, "VALIDATION_REQUESTVALIDATIONEXCEPTION"),
        ({"responsibleId": 8}, "VALIDATION_REQUESTVALIDATIONEXCEPTION"),
        ({"deadline": "soon"}, "VALIDATION_REQUESTVALIDATIONEXCEPTION"),
    ],
)
def test_a_task_of_rest_3_that_is_wrong_is_refused_and_nothing_is_kept(portal, changes, code):
    reply = task3(portal, **changes)

    assert (reply.status, reply.body["error"]["code"]) == (400, f"BITRIX_REST_V3_EXCEPTION_{code}")
    assert task3(portal).status == 200


def test_a_portal_without_rest_3_says_that_there_is_no_such_method(portal):
    portal.tasks.has_rest3 = False

    assert refusal(task3(portal))[:2] == (404, "ERROR_METHOD_NOT_FOUND")
    assert portal.refused == []  # asking is how one finds out

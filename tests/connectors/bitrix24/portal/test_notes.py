"""Activities, to-dos and comments in the stand-in of a portal, which are refused unless they are right."""

from __future__ import annotations

import pytest
from bitrix24_client import PHONE, ask, refusal, result

NOON = "2026-11-19T12:00:00+03:00"


def activity(**changes):
    about = {
        "OWNER_TYPE_ID": 3, "OWNER_ID": 651, "TYPE_ID": 2, "DIRECTION": 1, "SUBJECT": "Missed call", "COMPLETED": "N",
        "COMMUNICATIONS": [{"TYPE": "PHONE", "VALUE": PHONE, "ENTITY_TYPE_ID": 3, "ENTITY_ID": 651}],
        "START_TIME": NOON, "RESPONSIBLE_ID": 99, "ORIGINATOR_ID": "ours", "ORIGIN_ID": "C1",
    }  # fmt: skip
    return {name: value for name, value in {**about, **changes}.items() if value is not None}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"SUBJECT": " "}, "The field SUBJECT is not defined or empty"),
        ({"RESPONSIBLE_ID": 8}, "The field RESPONSIBLE_ID is not defined or invalid"),
        ({"RESPONSIBLE_ID": None}, "The field RESPONSIBLE_ID is not defined or invalid"),
        ({"TYPE_ID": 3}, "The field TYPE_ID is not defined or invalid"),
        ({"TYPE_ID": 6}, "The custom activity without provider is not supported in current context"),
        ({"COMMUNICATIONS": None}, "The field COMMUNICATIONS is not defined or invalid"),
        ({"COMMUNICATIONS": [{"VALUE": PHONE}]}, "The field COMMUNICATIONS is not defined or invalid"),
        (
            {"COMMUNICATIONS": activity()["COMMUNICATIONS"] * 2},
            "The only one communication is allowed for activity of specified type",
        ),
        (
            {"OWNER_ID": 7},
            "Could not build binding. Please ensure that owner fields and communications are correct",
        ),
        ({"START_TIME": "2026-11-19T12:00:00"}, "The field START_TIME is not defined or invalid"),
        ({"COMPLETED": "true"}, "The field COMPLETED is not defined or invalid"),
        ({"ORIGIN_ID": "VI_externalCall.1"}, "The field ORIGIN_ID is not defined or invalid"),
    ],
)
def test_an_activity_that_is_wrong_is_refused_with_a_blank_code(portal, changes, said):
    assert refusal(ask(portal, "crm.activity.add", fields=activity(**changes))) == (400, "", said)
    assert portal.held() == []


def test_an_activity_is_found_by_its_origin_once_the_index_knows_it(portal, clock):
    portal.lags["crm.activity.list"] = 5.0
    activity_id = result(ask(portal, "crm.activity.add", fields=activity()))
    search = {"filter": {"ORIGINATOR_ID": "ours", "ORIGIN_ID": "C1"}, "select": ["ID"], "start": -1}

    assert result(ask(portal, "crm.activity.list", **search)) == []
    clock.now += 5.0
    assert result(ask(portal, "crm.activity.list", **search)) == [{"ID": str(activity_id)}]
    assert result(ask(portal, "crm.activity.update", id=activity_id, fields={"COMPLETED": "Y"})) is True
    assert result(ask(portal, "crm.activity.get", id=activity_id))["COMPLETED"] == "Y"
    assert result(ask(portal, "crm.activity.delete", id=activity_id)) is True
    gone = ask(portal, "crm.activity.update", id=activity_id, fields={})
    assert refusal(gone) == (400, "", "Not found")


def test_a_record_that_nobody_may_touch_denies_its_notes(portal):
    portal.records.shut.add(("CONTACT", 651))

    assert refusal(ask(portal, "crm.activity.add", fields=activity())) == (400, "", "Access denied.")
    assert refusal(ask(portal, "crm.contact.get", id=651)) == (400, "", "Access denied.")


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"deadline": None}, "100"),
        ({"deadline": "tomorrow"}, "WRONG_DATETIME_FORMAT"),
        ({"ownerId": 7}, "OWNER_NOT_FOUND"),
        ({"responsibleId": 8}, "ACCESS_DENIED"),
        ({}, None),
    ],
)
def test_a_to_do_needs_an_owner_a_deadline_and_somebody_who_is_there(portal, changes, code):
    about = {"ownerTypeId": 3, "ownerId": 651, "deadline": NOON, "title": "Call back", "responsibleId": 99, **changes}
    reply = ask(portal, "crm.activity.todo.add", **about)

    assert (reply.body.get("error"), reply.status) == (code, 400 if code else 200)
    assert len(portal.activities.todos()) == (code is None)


def test_a_comment_needs_an_owner_a_text_and_fields_in_lower_case(portal):
    about = {"ENTITY_TYPE": "contact", "ENTITY_ID": 651, "COMMENT": "Missed call\nRef: C1"}

    assert refusal(ask(portal, "crm.timeline.comment.add", FIELDS=about))[:2] == (400, "100")
    assert refusal(ask(portal, "crm.timeline.comment.add", fields={**about, "COMMENT": " "}))[1] == "INVALID_ARG_VALUE"
    assert refusal(ask(portal, "crm.timeline.comment.add", fields={**about, "ENTITY_ID": 7}))[1] == "OWNER_NOT_FOUND"
    first, second = (result(ask(portal, "crm.timeline.comment.add", fields=about)) for _ in range(2))
    owner = {"ENTITY_TYPE": "contact", "ENTITY_ID": 651}
    listed = result(ask(portal, "crm.timeline.comment.list", filter=owner, order={"ID": "DESC"}))
    assert [one["ID"] for one in listed] == [str(second), str(first)]
    assert refusal(ask(portal, "crm.timeline.comment.list", filter={"ENTITY_ID": 651}))[1] == "100"

"""What a check says of each thing that may be wrong, and that it writes nothing."""

import pytest

from connectors.kit import Rejected, Unauthorized

WEBHOOK = (1, "c4nary5ecret")


def without(portal, *scopes):
    portal.webhooks[WEBHOOK] -= frozenset(scopes)


def findings(desk, **settings):
    return {finding.id: finding for finding in desk(**settings).connected().findings(False)}


def reason(desk, kind=Unauthorized, **settings):
    with pytest.raises(kind) as caught:
        desk(**settings).connected().check()
    assert "c4nary" not in caught.value.reason
    return caught.value.reason


def test_a_webhook_that_works_is_fine_and_nothing_is_written(desk, portal):
    desk(missed_task="task").connected().check()

    assert findings(desk, unknown_callers="lead") == {}
    assert [entry for entry in portal.log if entry.wrote] == []
    assert len(portal.log) == 2


def test_a_webhook_that_was_deleted(desk, portal):
    portal.webhooks.clear()

    assert "INVALID_CREDENTIALS" in reason(desk)


def test_a_plan_without_rest(desk, portal):
    portal.has_rest = False

    assert "plan" in reason(desk)


@pytest.mark.parametrize("scope", ["crm", "im"])
def test_a_scope_that_is_always_needed(desk, portal, scope):
    without(portal, scope)

    assert f"scope {scope}" in reason(desk)


def test_the_scope_for_tasks_is_asked_for_only_if_there_are_tasks(desk, portal):
    without(portal, "task")

    desk().connected().check()
    desk(missed_task="todo").connected().check()
    assert "scope task" in reason(desk, missed_task="task")


def test_a_portal_that_moved(desk, portal):
    portal.renamed_to = "newname.bitrix24.test"

    assert "newname.bitrix24.test" in reason(desk, Rejected)


def test_without_telephony_lookups_are_slower(desk, portal):
    without(portal, "telephony")

    desk().connected().check()
    assert list(findings(desk)) == ["no-telephony-scope"]


def test_an_operator_who_is_unknown(desk):
    assert "4711" in findings(desk, operators=[5, 4711])["operators-unknown"].text


def test_an_operator_who_was_dismissed(desk):
    found = findings(desk, operators=[5, 8])

    assert list(found) == ["operators-dismissed"]
    assert "8" in found["operators-dismissed"].text


def test_without_a_user_scope_nobody_can_say_whether_operators_are_there(desk, portal):
    without(portal, "user_basic")

    assert list(findings(desk)) == ["operators-unchecked"]
    assert findings(desk, operators=[]) == {}


def test_a_portal_without_leads_matters_only_where_leads_are_wanted(desk, portal):
    portal.records.simple = True

    assert findings(desk) == {}
    assert list(findings(desk, unknown_callers="lead_if_missed")) == ["simple-crm"]

"""Calls and their cards in the stand-in of a portal."""

from __future__ import annotations

import pytest
from bitrix24_client import App, refusal, result


def test_a_call_is_registered_once_until_it_is_finished(portal):
    app = App(portal)
    call_id = result(app.register())["CALL_ID"]

    assert result(app.register())["CALL_ID"] == call_id
    assert result(app.register(EXTERNAL_CALL_ID="C2"))["CALL_ID"] != call_id
    assert result(app.register(USER_ID=6))["CALL_ID"] != call_id
    finish = {"CALL_ID": call_id, "USER_ID": 5, "STATUS_CODE": "304"}
    row = result(app.ask("telephony.externalCall.finish", **finish))
    assert (row["CALL_FAILED_CODE"], row["CALL_STATUS"], row["EXTERNAL_CALL_ID"]) == ("304", "0", "C1")
    twice = app.ask("telephony.externalCall.finish", **finish)
    assert refusal(twice) == (400, "", "Call is not found (call should be registered prior to finishing")
    found = result(app.ask("voximplant.statistic.get", FILTER={"EXTERNAL_CALL_ID": "C1"}))
    assert [one["CALL_ID"] for one in found] == [call_id]
    assert result(app.register())["CALL_ID"] != call_id  # nothing stops a second call of the same name


def test_a_call_without_a_name_of_ours_is_taken_for_the_last_one_of_that_number(portal, clock):
    app = App(portal)
    first = result(app.register(EXTERNAL_CALL_ID=""))["CALL_ID"]
    clock.now += 1799
    assert result(app.register(EXTERNAL_CALL_ID=""))["CALL_ID"] == first
    clock.now += 2
    app.tokens = portal.oauth.authorise()
    assert result(app.register(EXTERNAL_CALL_ID=""))["CALL_ID"] != first


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"USER_ID": None}, "USER_ID or USER_PHONE_INNER should be set"),
        ({"USER_ID": 8}, "User is not found or is not active"),
        ({"TYPE": 9}, "Unknown TYPE"),
        ({"PHONE_NUMBER": "hidden"}, "Unsupported phone number format"),
        ({"CALL_START_DATE": "now"}, "CALL_START_DATE should be in the ISO-8601 format"),
    ],
)
def test_a_call_that_is_wrong_is_not_registered(portal, changes, said):
    assert refusal(App(portal).register(**changes)) == (400, "ERROR_CORE", said)
    assert portal.telephony.live == {}


def test_a_card_that_is_not_hidden_before_the_end_stays(portal):
    app = App(portal)
    call_id = result(app.register(SHOW=1))["CALL_ID"]
    assert result(app.ask("telephony.externalCall.show", CALL_ID=call_id, USER_ID=[6, 99])) is True
    assert result(app.ask("telephony.externalCall.hide", CALL_ID=call_id, USER_ID=6)) is True
    app.ask("telephony.externalCall.finish", CALL_ID=call_id, USER_ID=5)

    assert portal.telephony.cards == {(call_id, 99)}
    assert result(app.ask("telephony.externalCall.hide", CALL_ID=call_id, USER_ID=99)) is False
    number = app.ask("telephony.externalCall.finish", CALL_ID=7, USER_ID=5)
    assert refusal(number) == (400, "INVALID_ARGUMENT", "CALL_ID must be a string")

"""The stand-in's methods answer as GREEN-API does: contacts, settings and what a change of them brings, the journal."""

from __future__ import annotations

import pytest
from standin import NOOR, api, ask, polled, wait_until

from bridge.greenapi.standin import GreenApi

CONTACT_FIELDS = """avatar name contactName email category description products chatId lastSeen isArchive
    isDisappearing isMute messageExpiration muteExpiration isBusiness"""


def test_a_contact_is_answered_with_both_names(green_api):
    answer = ask(green_api, {"chatId": NOOR}, method="GETcontactinfo")

    assert answer.status_code == 200
    assert set(answer.json()) == set(CONTACT_FIELDS.split())
    assert (answer.json()["contactName"], answer.json()["name"]) == ("Noor (bakery)", "Noor")


def test_a_stranger_has_two_empty_names(green_api):
    answer = ask(green_api, {"chatId": "15550000000@c.us"}).json()

    assert (answer["contactName"], answer["name"], answer["chatId"]) == ("", "", "15550000000@c.us")


@pytest.mark.parametrize(
    ("settings", "needs_messages", "queued"),
    [
        ({}, True, 1),
        ({"incomingCallWebhook": "no"}, False, 0),
        ({"incomingWebhook": "no"}, True, 0),
        ({"incomingWebhook": "no"}, False, 1),
    ],
)
def test_calls_are_told_only_where_the_settings_let_them(account, settings, needs_messages, queued):
    with GreenApi([polled(account, settings=settings)], needs_messages=needs_messages) as green_api:
        green_api.ring("7103111222", NOOR, None)

        assert green_api.waiting("7103111222") == queued
        assert green_api.idle() is not bool(queued)


def test_a_change_of_settings_restarts_the_instance_and_tells_of_it(account):
    now = [1_795_170_000.0]
    with GreenApi([polled(account)], restart_delay=0.2, clock=lambda: now[0]) as green_api:
        assert api(green_api, "POST", "setSettings", body={"keepOnlineStatus": "yes"}).json() == {"saveSettings": True}

        assert api(green_api, "GET", "getStateInstance").json() == {"stateInstance": "starting"}
        assert "starting process" in api(green_api, "GET", "getSettings").text
        wait_until(lambda: green_api.waiting("7103111222") == 2)
        now[0] += 0.2
        assert api(green_api, "GET", "getStateInstance").json() == {"stateInstance": "authorized"}
        assert api(green_api, "GET", "getSettings").json()["keepOnlineStatus"] == "yes"
        told = api(green_api, "GET", "receiveNotification").json()["body"]
    assert (told["typeWebhook"], told["stateInstance"]) == ("stateInstanceChanged", "starting")


@pytest.mark.parametrize("changes", [{}, {"colour": "blue"}, {"stateWebhook": True}, {"webhookUrl": 1}, []])
def test_settings_that_there_are_not_are_refused_whole(green_api, changes):
    before = green_api.settings("7103111222")
    body = {**changes, "incomingWebhook": "no"} if changes else changes

    assert api(green_api, "POST", "setSettings", body=body).status_code == 400
    assert green_api.settings("7103111222") == before


def test_the_journal_knows_of_calls_that_are_over_late_and_by_another_chat(account):
    now = [1_795_170_000.0]
    with GreenApi([polled(account)], clock=lambda: now[0], journal_lag=120) as green_api:
        told = green_api.ring("7103111222", NOOR, "pickUp", after=0, talk=60, journal_chat="2147@lid")
        green_api.ring("7103111222", NOOR, None)
        untold = green_api.ring("7103111222", NOOR, "declined", after=0, told=False)
        green_api.ring("7103111222", NOOR, "declined", after=0, journal=False)
        assert api(green_api, "GET", "lastIncomingCalls").json() == []
        now[0] += 180

        journal = {entry["idMessage"]: entry for entry in api(green_api, "GET", "lastIncomingCalls").json()}

        assert set(journal) == {told, untold}
        assert (journal[told]["chatId"], journal[told]["timestamp"]) == ("2147@lid", 1_795_170_060)
        assert green_api.waiting("7103111222") == 5
        now[0] += 3600
        assert api(green_api, "GET", "lastIncomingCalls", behind="?minutes=60").json() == []

"""Callers without a number, who have no card: a notification tells of them."""

from __future__ import annotations

from dataclasses import replace

import pytest
from application import connector, from_phone
from bitrix24_portal import live

from connectors.kit import CallStatus, Known, Rejected

RINGING, ANSWERED, MISSED = CallStatus.RINGING, CallStatus.ANSWERED, CallStatus.MISSED
DROPPED, UNKNOWN = CallStatus.DROPPED, CallStatus.UNKNOWN


@pytest.mark.parametrize(("status", "told"), [(RINGING, 2), (MISSED, 2), (DROPPED, 2), (UNKNOWN, 2), (ANSWERED, 0)])
def test_callers_without_a_number_are_told_of_by_a_notification(acme, status, told):
    made = connector(acme)
    made.deliver(from_phone(None, RINGING), Known())

    assert made.deliver(from_phone(None, status), Known(told=RINGING)) is None

    assert sorted(one["user_id"] for one in acme.messages.bell.values()) == [5, 6][:told]
    assert acme.telephony.held() == []
    assert acme.refused == []


def test_what_strangers_call_themselves_is_no_markup_in_a_notification(acme):
    call = replace(from_phone(None), summary="Missed call: [url=https://evil.test]x[/url] #BR# [user=all]")

    connector(acme).deliver(call, Known())

    assert [live(text, acme.host) for _, text in acme.shown] == [[], []]


def test_a_notification_of_a_call_without_a_number_is_taken_away_too(acme):
    made = connector(acme)
    made.deliver(from_phone(None, RINGING), Known())

    made.withdraw(from_phone(None), Known(told=RINGING))

    assert acme.messages.bell == {}


def test_without_the_scope_a_hidden_caller_is_refused_and_the_connection_goes_on(acme):
    acme.oauth.scopes -= {"im"}

    with pytest.raises(Rejected, match="Grant the application the scope im"):
        connector(acme).deliver(from_phone(None), Known())
    connector(acme).withdraw(from_phone(None), Known())

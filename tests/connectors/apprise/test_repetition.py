"""Each status is told once, and again only where it was certainly not told."""

import json
from dataclasses import replace

import pytest
from channels import SLACK, Service, apprise, sent_to

from connectors.kit import CallStatus, Http, Known, RateLimited, Receipt, Retryable
from connectors.kit.testing import Fault, Reply, Stand


def test_each_status_is_told_once(missed_call):
    ringing = replace(missed_call, status=CallStatus.RINGING, label="Incoming call")
    connector = apprise("jsons://ops.test/in", Http(adapter=Stand(service := Service())))

    first = connector.deliver(ringing, Known())
    again = connector.deliver(ringing, Known(receipt=first, told=CallStatus.RINGING))
    second = connector.deliver(missed_call, Known(receipt=first, told=CallStatus.RINGING))

    assert again is None
    assert second == Receipt(parts={"ringing": "sent", "missed": "sent"})
    assert [json.loads(body)["title"] for body in service.held()] == ["Incoming call", "Missed call"]


def test_a_message_whose_answer_was_lost_is_not_repeated_and_the_next_one_is_told(missed_call):
    ringing = replace(missed_call, status=CallStatus.RINGING)
    with pytest.raises(Retryable) as caught:
        apprise(SLACK, Http(adapter=Stand(Service(), Fault()))).deliver(ringing, Known())
    doubtful = Known(receipt=caught.value.receipt, unsure=True)

    assert sent_to(SLACK, ringing, doubtful) == []
    assert len(sent_to(SLACK, missed_call, doubtful)) == 1


def test_after_a_worker_has_died_the_same_message_is_left(missed_call):
    rung = Receipt(parts={"ringing": "sent"})

    assert sent_to(SLACK, missed_call, Known(unsure=True)) == []
    assert sent_to(SLACK, missed_call, Known(receipt=rung, told=CallStatus.RINGING, unsure=True)) == []


def test_what_was_certainly_not_sent_is_sent_at_the_next_attempt(missed_call):
    with pytest.raises(RateLimited) as caught:
        apprise(SLACK, Http(adapter=Stand(Service(), Fault(Reply(429))))).deliver(missed_call, Known())

    assert caught.value.receipt is None
    assert len(sent_to(SLACK, missed_call, Known())) == 1

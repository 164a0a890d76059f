"""A call at the stand-in is told in every way that has been seen of GREEN-API."""

from __future__ import annotations

import re
import time

import pytest
from pydantic import ValidationError
from standin import NOOR


def test_a_ring_is_told_as_an_offer_and_an_outcome_under_one_id(green_api, receiver):
    id_message = green_api.ring("7103111222", NOOR, "declined", after=0.01)

    assert green_api.idle(timeout=5)
    offer, outcome = receiver.told
    assert re.fullmatch("[0-9A-F]{32}", id_message)
    assert offer | {"timestamp": 0} == {
        "from": NOOR,
        "typeWebhook": "incomingCall",
        "instanceData": {"idInstance": 7103111222, "wid": "15557650001@c.us", "typeInstance": "whatsapp"},
        "status": "offer",
        "timestamp": 0,
        "idMessage": id_message,
    }
    assert (outcome["status"], outcome["idMessage"]) == ("declined", id_message)
    assert abs(outcome["timestamp"] - time.time()) < 5


@pytest.mark.parametrize(
    ("variants", "expected"),
    [
        ({"outcome": "hangUp"}, [("offer", NOOR), ("hangUp", NOOR)]),
        ({"outcome": None}, [("offer", NOOR)]),
        ({"outcome": None, "offer": None}, [(None, NOOR)]),
        ({"outcome_first": True}, [("pickUp", NOOR), ("offer", NOOR)]),
        ({"outcome_from": "15557650001@c.us"}, [("offer", NOOR), ("pickUp", "15557650001@c.us")]),
        ({"duplicate": 1}, [("offer", NOOR), ("offer", NOOR), ("pickUp", NOOR), ("pickUp", NOOR)]),
    ],
)
def test_a_call_can_be_told_in_the_ways_that_have_been_seen(green_api, receiver, variants, expected):
    green_api.ring("7103111222", NOOR, after=0.01, **variants)

    assert green_api.idle(timeout=5)
    assert [(told.get("status"), told["from"]) for told in receiver.told] == expected


def test_fields_can_be_added_and_ids_and_times_can_be_odd(green_api, receiver):
    green_api.ring(
        "7103111222",
        NOOR,
        None,
        id_message="a/b",
        string_id=True,
        timestamp="1795170000",
        extra={"isVideo": True},
    )

    assert green_api.idle(timeout=5)
    [told] = receiver.told
    assert told["instanceData"]["idInstance"] == "7103111222"
    assert (told["idMessage"], told["timestamp"], told["isVideo"]) == ("a/b", "1795170000", True)


def test_a_ring_of_an_unknown_kind_or_account_is_refused(green_api):
    with pytest.raises(ValidationError):
        green_api.ring("7103111222", NOOR, sideways=True)
    with pytest.raises(KeyError):
        green_api.ring("1", NOOR)

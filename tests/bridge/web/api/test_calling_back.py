"""Missed callers through the API: claimed, given back, taken over and done."""

from __future__ import annotations

import pytest
from desk import CHAT
from programs import trail

on_sqlite = pytest.mark.parametrize("store", ["sqlite"], indirect=True)


def test_missed_callers_are_claimed_given_back_taken_over_and_done(operator, administrator, store):
    [missed] = operator.get("/follow-ups").json
    whose = {"instance": "support", "chat_id": CHAT}
    assert (missed["caller"], missed["count"], missed["claimed_by"]) == ("Noor (bakery)", 1, None)

    assert operator.post("/follow-ups/claim", whose).status_code == 204
    assert operator.get("/follow-ups").json[0]["claimed_by"] == operator.who
    refused = administrator.post("/follow-ups/claim", whose)
    assert (refused.status_code, operator.who in refused.json["detail"]) == (409, True)
    assert administrator.post("/follow-ups/claim", {**whose, "take_over": True}).status_code == 204
    assert administrator.post("/follow-ups/release", whose).status_code == 204
    assert operator.post("/follow-ups/done", whose).status_code == 204

    assert operator.get("/follow-ups").json == []
    assert operator.post("/follow-ups/claim", whose).status_code == 409
    assert [who for who, what, _ in trail(store) if what.startswith("follow_up.")] == [
        operator.who, administrator.who, administrator.who, operator.who
    ]  # fmt: skip


@on_sqlite
def test_nobody_is_called_back_for_an_instance_that_there_is_not(operator):
    assert operator.post("/follow-ups/claim", {"instance": "nobody", "chat_id": CHAT}).status_code == 404

"""A hundred people whom nobody knows ring one account at once: nobody waits for a name that would come too late.

GREEN-API may be asked for one name a second. Here it is more, so that the proof is short; `RINGBRIDGE_BURST_RATE=1`
makes it the real thing.
"""

from __future__ import annotations

import os
from itertools import pairwise

import pytest
from road import Road, until

RATE = float(os.environ.get("RINGBRIDGE_BURST_RATE", "5"))
CALLERS = 100
RING_WITHIN = 2.0  # seconds
NAME_WITHIN = 60.0
CHATS = [f"1555900{number:04}@c.us" for number in range(CALLERS)]
NAMES = {chat: {"contactName": f"Caller {number}", "name": ""} for number, chat in enumerate(CHATS)}


@pytest.fixture
def road(tmp_path, shape):
    with Road(tmp_path, ("all",), shape, contacts=NAMES, lookups_per_second=RATE) as road:
        yield road


@pytest.mark.timeout(300)
def test_every_ring_is_told_at_once_and_every_outcome_with_the_name_that_could_be_had(road):
    road.start(workers=8)
    calls = {road.ring(chat, "declined", after=8.0): chat for chat in CHATS}
    until(lambda: len([one for one in road.kept() if one.endswith("-missed")]) == CALLERS, 200, what="all outcomes")

    arrived = {call: at for call, status, at in road.pushed() if status == "offer"}
    told = {record["webhook_id"]: record for record in road.crm.records()}
    waited = [told[f"{call}-ringing"]["at"] - arrived[call] for call in calls]
    contacts = [entry for entry in road.green_api.log.entries() if entry["what"] == "contact"]
    asked = sorted(entry["at"] for entry in contacts)
    gaps = [after - before for before, after in pairwise(asked)]
    named = [call for call in calls if told[f"{call}-missed"]["body"]["data"]["caller"]["source"] == "contact_name"]
    print(
        f"ringing told within {max(waited):.2f} s; asked {len(asked)} times, never sooner than {min(gaps):.3f} s after"
    )
    print(f"the one before; {len(named)} of {CALLERS} notes have the name")

    assert max(waited) <= RING_WITHIN
    assert {entry["answer"] for entry in contacts} == {200}  # the stand-in keeps its limit, and refused nothing
    # Where requests arrive one may have been held up on the way, and the next come soon after it: six tell the rate.
    assert min(sixth - first for first, sixth in zip(asked, asked[5:], strict=False)) >= 0.9 * 5 / RATE
    assert len(named) >= min(CALLERS, 0.95 * RATE * NAME_WITHIN)
    road.stop()

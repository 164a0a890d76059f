"""What a claim holds: all that a connector needs, and nothing of anybody else."""

from __future__ import annotations

from desk import CHAT

from bridge import instances
from bridge.instances import InstanceConfig
from bridge.policies import Delivered
from bridge.store import tables
from connectors.kit import CallStatus, Person, Receipt


def test_a_claim_holds_all_that_a_connector_needs(desk):
    desk.hear("offer")
    desk.hear("declined", 5)

    claim = desk.claim(after=6)

    call = claim.call
    assert (call.id, call.status, call.label) == ("7103111222-C1", CallStatus.MISSED, "Missed call")
    assert (call.caller.name, call.caller.source, call.caller.phone) == (
        "Noor (bakery)",
        "contact_name",
        "+15551230042",
    )
    assert call.summary == "Missed call: Noor (bakery) (+15551230042), line support, 2026-11-20 14:03 UTC"
    assert (call.started_at, call.outcome_at) == (desk.moment(), desk.moment(5))
    assert (claim.known.receipt, claim.known.told, claim.known.unsure) == (None, None, False)


def test_a_caller_has_the_name_that_this_line_knows_whatever_another_one_calls_them(desk):
    config = InstanceConfig(
        name="sales", id_instance="7103111223", api_url="https://api.example.com", api_token="t0ken",
        webhook_tokens=("another",),
    )  # fmt: skip
    elsewhere = {"instance_id": 2, "chat_id": CHAT, "contact_name": "Somebody else"}
    elsewhere |= {"checked_at": desk.start, "expires_at": desk.moment(86400)}
    desk.store.write(lambda db: instances.save(db, desk.store.secrets, config, None))
    desk.store.write(lambda db: db.execute(tables.callers.insert(), elsewhere) and None)
    desk.hear("offer")

    assert desk.claim().call.caller.name == "Noor (bakery)"


def test_what_is_known_of_one_person_is_handed_to_nobody_elses_delivery(desk):
    desk.know("15551230043@c.us")
    desk.hear("pickUp", id_message="C1")
    desk.tell(1, Delivered(Receipt("R1", person=Person(record_id="P1"))))
    desk.hear("pickUp", 1, id_message="C2", chat="15551230043@c.us")
    desk.hear("pickUp", 1, id_message="C3")

    assert desk.claim(2, 1).known.person is None
    assert desk.claim(3, 1).known.person.record_id == "P1"


def test_what_is_known_of_the_record_is_handed_on(desk):
    receipt = Receipt("R1", "https://crm.example.com/r/1", {"popup": "7"}, Person("Noor", "P1", parts={"owner": "3"}))
    desk.hear("offer")
    desk.tell(outcome=Delivered(receipt))
    desk.hear("pickUp", 5)

    claim = desk.claim(after=6)
    assert claim.known.receipt == receipt

    desk.settle(claim, Delivered(None), after=7)
    assert desk.row().receipt["record_id"] == "R1"

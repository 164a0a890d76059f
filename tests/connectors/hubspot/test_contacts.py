"""Whose contact a caller is, and when one is made."""

import threading
from dataclasses import replace

import pytest
from hubspot_portal import Portal
from switchboard import NOOR, START, Bridge, a_call

from connectors.hubspot.phones import closeness, national
from connectors.kit import CallStatus, Rejected, Retryable

ANSWERED, MISSED = CallStatus.ANSWERED, CallStatus.MISSED
LONDON = "+447700900123"


@pytest.mark.parametrize(
    "stored",
    ["+15551230042", "15551230042", "(555) 123-0042", "555.123.0042", "+1 555-123-0042", "001 555 123 0042"],
)
@pytest.mark.parametrize("name", ["phone", "mobilephone"])
def test_a_number_is_found_however_it_was_typed(bridge, portal, name, stored):
    contact = portal.contact(firstname="Noor", **{name: stored})

    assert bridge().tell(a_call()).person.record_id == contact


def test_a_number_typed_for_whatsapp_is_found(bridge, portal):
    contact = portal.contact(firstname="Noor", hs_whatsapp_phone_number="+15551230042")

    assert bridge().tell(a_call()).person.record_id == contact


@pytest.mark.parametrize("stored", ["+44 555 123 0042", "+49 5551230042"])
def test_the_same_digits_in_another_country_are_somebody_else(bridge, portal, stored):
    portal.contact(firstname="Nora", phone=stored)

    assert bridge().tell(a_call()).person.record_id is None


def test_of_several_contacts_the_one_with_the_whole_number_is_meant(bridge, portal):
    whole = portal.contact(firstname="Noor", phone="+447700900123")
    portal.contact(firstname="Nora", phone="07700900123")
    caller = replace(NOOR, phone=LONDON)

    assert bridge().tell(a_call(caller=caller)).person.record_id == whole


@pytest.mark.parametrize(
    ("stored", "phone", "country", "close"),
    [
        ("+44 7700 900123", LONDON, "US", 2),
        ("0044 7700 900123", LONDON, "US", 2),
        ("07700 900123", LONDON, "GB", 2),
        ("07700 900123", LONDON, "US", 1),  # no number of the default country: as far as it goes
        ("900123", LONDON, "US", 0),
        ("555 123 0042", "+445551230042", "US", 0),  # a number of the default country
        ("+49 7700 900123", LONDON, "GB", 0),
        ("+55 11 91234 5678", "+551112345678", "US", 2),
        ("+55 11 1234 5678", "+5511912345678", "US", 2),
        ("+54 9 11 2345 6789", "+541123456789", "US", 2),
        ("+39 06 1234 5678", "+390612345678", "US", 2),
        ("", LONDON, "US", 0),
        (None, LONDON, "US", 0),
        ("ask Ann", LONDON, "US", 0),
        ("+", LONDON, "US", 0),
    ],
)
def test_numbers_are_compared_whole_where_they_have_a_country(stored, phone, country, close):
    assert closeness(stored, phone, country) == close


@pytest.mark.parametrize(
    ("phone", "digits"),
    [
        (LONDON, ["7700900123", "447700900123"]),
        ("+15551230042", ["5551230042", "15551230042"]),
        ("+390612345678", ["0612345678", "612345678", "390612345678"]),
        ("+5511912345678", ["11912345678", "1112345678", "5511912345678", "551112345678"]),
        ("+541123456789", ["1123456789", "91123456789", "541123456789", "5491123456789"]),
        ("+9990000000", ["9990000000"]),
    ],
)
def test_hubspot_is_asked_for_the_digits_behind_the_country(phone, digits):
    assert national(phone) == digits


@pytest.mark.parametrize(
    ("setting", "status", "made"),
    [
        ("never", MISSED, False),
        ("missed", MISSED, True),
        ("missed", CallStatus.DROPPED, True),
        ("missed", ANSWERED, False),
        ("always", ANSWERED, True),
        ("always", CallStatus.UNKNOWN, True),
        ("always", CallStatus.RINGING, False),
    ],
)
def test_contacts_are_made_as_the_settings_say(bridge, portal, setting, status, made):
    bridge(create_contacts=setting, ring_task=True).tell(a_call(status))

    assert len(portal.of("contacts")) == made


def test_a_contact_is_made_once_and_its_call_stands_on_it(bridge, portal):
    to = bridge(create_contacts="always")
    receipts = [to.tell(a_call(MISSED, number)) for number in (1, 2)]

    [contact] = portal.of("contacts")
    assert contact["firstname"] == "Noor (bakery)"
    assert contact["phone"] == contact["hs_whatsapp_phone_number"] == "+15551230042"
    assert contact["wa_caller_id"] == "15551230042"
    assert all(portal.contacts_of("calls", one.record_id) == [contact["hs_object_id"]] for one in receipts)


def test_one_whom_the_search_does_not_see_yet_is_not_made_again_nor_renamed(bridge, portal):
    portal.lag = 60.0
    bridge(create_contacts="always").tell(a_call(ANSWERED, 1))
    [made] = portal.of("contacts")
    portal.change("contacts", made["hs_object_id"], firstname="Noor Haddad")
    bridge(create_contacts="always").tell(a_call(ANSWERED, 2))

    [contact] = portal.of("contacts")
    assert contact["firstname"] == "Noor Haddad"


def test_two_workers_that_meet_one_new_caller_at_once_make_one_contact(portal):
    at_the_door = threading.Barrier(2)

    def together(request):
        if request.url.endswith("contacts/batch/upsert"):
            at_the_door.wait(10)

    workers = [Bridge(portal, together, create_contacts="always") for _ in range(2)]
    threads = [
        threading.Thread(target=worker.tell, args=(a_call(ANSWERED, number),)) for number, worker in enumerate(workers)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    [contact] = portal.of("contacts")
    ids = [record["hs_object_id"] for record in portal.of("calls")]
    assert [portal.contacts_of("calls", one) for one in ids] == [[contact["hs_object_id"]]] * 2
    assert portal.refused == []


def test_a_contact_that_was_deleted_is_looked_for_again(bridge, portal):
    to = bridge()
    first = portal.contact(firstname="Noor", phone="+15551230042")
    to.tell(a_call(MISSED, 1))
    portal.archive("contacts", first)
    second = portal.contact(firstname="Noor", phone="+15551230042")

    assert to.tell(a_call(MISSED, 2)).person.record_id == second


def test_a_contact_deleted_while_the_call_is_written_is_looked_for_at_the_next_attempt(bridge, portal):
    first = portal.contact(firstname="Noor", phone="+15551230042")

    def delete_meanwhile(request):
        if request.url.endswith("calls/batch/upsert"):
            portal.archive("contacts", first)

    to = bridge(delete_meanwhile)
    with pytest.raises(Retryable, match="deleted or merged"):
        to.tell(a_call(ANSWERED))
    to.line.plan = None
    receipt = to.tell(a_call(ANSWERED))

    assert receipt.person.record_id is None
    assert len(portal.of("calls")) == 1


def test_the_owner_is_who_owns_the_contact_now(bridge, portal):
    to = bridge()
    contact = portal.contact(firstname="Noor", phone="+15551230042", hubspot_owner_id="501")
    to.tell(a_call(ANSWERED, 1))
    portal.change("contacts", contact, hubspot_owner_id="502")
    to.tell(a_call(ANSWERED, 2))

    assert [record["hubspot_owner_id"] for record in portal.of("calls")] == ["501", "502"]


def test_an_owner_who_has_left_gives_way_to_the_default_one(bridge, portal):
    portal.contact(firstname="Noor", phone="+15551230042", hubspot_owner_id="501")
    portal.owners["501"] = False
    bridge(default_owner="bo@example.com").tell(a_call(MISSED))

    [record], [task] = portal.of("calls"), portal.of("tasks")
    assert record["hubspot_owner_id"] == task["hubspot_owner_id"] == "502"


def test_where_the_default_owner_has_left_too_nobody_owns_the_record(bridge, portal):
    portal.contact(firstname="Noor", phone="+15551230042", hubspot_owner_id="501")
    portal.owners.update({"501": False, "502": False})
    bridge(default_owner="502").tell(a_call(ANSWERED))

    [record] = portal.of("calls")
    assert "hubspot_owner_id" not in record


@pytest.mark.parametrize(
    ("partial", "sentence"),
    [(False, r"company .REQUIRED.*extra properties"), (True, "demands a property.*extra properties")],
    ids=["refused", "refused inside a success"],
)
def test_a_contact_that_the_portal_refuses_does_not_cost_the_call_its_record(bridge, portal, partial, sentence):
    portal.partial = partial
    portal.required["contacts"] = {"company"}
    to = bridge(create_contacts="always")
    with pytest.raises(Rejected, match=sentence):
        to.tell(a_call(MISSED))

    assert len(portal.of("calls")) == len(portal.of("tasks")) == 1

    to = bridge(create_contacts="always", extra_properties=["contacts.company=Walk-in"])
    receipt = to.tell(a_call(MISSED))

    assert portal.contacts_of("calls", receipt.record_id) == [portal.of("contacts")[0]["hs_object_id"]]


def test_a_contact_found_later_takes_the_task_that_is_open(bridge, portal):
    to = bridge()
    to.tell(a_call(MISSED, 1))
    contact = portal.contact(firstname="Noor", phone="+15551230042")
    to.tell(a_call(MISSED, 2))
    to.tell(a_call(MISSED, 3))

    [task] = portal.of("tasks")
    assert portal.contacts_of("tasks", task["hs_object_id"]) == [contact]


def test_a_portal_without_a_key_for_contacts_gets_one_contact_all_the_same(bridge):
    portal = Portal(clock=lambda: START.timestamp(), keys="none")
    to = Bridge(portal, create_contacts="always")
    for number in (1, 2):
        to.tell(a_call(ANSWERED, number))

    [contact] = portal.of("contacts")
    assert contact["firstname"] == "Noor (bakery)"
    assert portal.refused == []

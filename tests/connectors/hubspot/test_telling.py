"""What stands in HubSpot after a call, and what it costs."""

from dataclasses import replace

import pytest
from switchboard import GROUP, HIDDEN, NOOR, START, a_call

from connectors.kit import CallStatus, Known
from connectors.kit.testing import Fault, Reply

MISSED, DROPPED, ANSWERED = CallStatus.MISSED, CallStatus.DROPPED, CallStatus.ANSWERED
RINGING, UNKNOWN = CallStatus.RINGING, CallStatus.UNKNOWN
NOOR_IN_HUBSPOT = {"firstname": "Noor", "lastname": "Haddad", "phone": "(555) 123-0042", "hubspot_owner_id": "501"}


def milliseconds(moment):
    return str(int(moment.timestamp()) * 1000)


@pytest.fixture
def noor(portal):
    return portal.contact(**NOOR_IN_HUBSPOT)


@pytest.mark.parametrize(
    ("status", "shown", "outcome"),
    [
        (ANSWERED, "COMPLETED", "f240bbac-87c9-4f6e-bf70-924b57d47db7"),
        (DROPPED, "BUSY", "9d9162e7-6cf3-4944-bf63-4dff82258764"),
        (MISSED, "NO_ANSWER", "73a0d17f-1163-4015-bdd5-ec830791da20"),
        (UNKNOWN, "NO_ANSWER", None),
    ],
)
def test_a_call_stands_on_the_contacts_timeline_with_its_outcome(bridge, portal, noor, status, shown, outcome):
    receipt = bridge().tell(a_call(status))

    [record] = portal.of("calls")
    assert record["wa_call_key"] == "7103111222-CALL1"
    assert record["hs_call_status"] == shown
    assert record.get("hs_call_disposition") == outcome
    assert record["hs_call_direction"] == "INBOUND"
    assert record["hs_call_from_number"] == "+15551230042"
    assert record["hubspot_owner_id"] == "501"
    assert record["hs_timestamp"] == "2026-11-20T14:08:12.000Z"
    assert portal.contacts_of("calls", receipt.record_id) == [noor]
    assert receipt.person.record_id == noor
    assert "hs_call_duration" not in record


@pytest.mark.parametrize("status", [MISSED, DROPPED])
def test_who_was_not_spoken_to_is_to_be_called_back(bridge, portal, noor, status):
    bridge(missed_task_minutes=20).tell(a_call(status))

    [task] = portal.of("tasks")
    assert task["hs_timestamp"] == "2026-11-20T14:28:31.000Z"
    assert task["hs_task_reminders"] == milliseconds(START.replace(hour=14, minute=28, second=31))
    assert (task["hs_task_type"], task["hs_task_status"]) == ("CALL", "NOT_STARTED")
    assert task["hubspot_owner_id"] == "501"
    assert task["wa_task_key"] == "7103111222-CALL1:t"
    [contact] = portal.contacts_of("tasks", task["hs_object_id"])
    assert contact == noor


@pytest.mark.parametrize("status", [ANSWERED, UNKNOWN])
def test_who_was_spoken_to_or_may_have_been_is_on_nobodys_list(bridge, portal, noor, status):
    bridge().tell(a_call(status))

    assert portal.of("tasks") == []


@pytest.mark.parametrize(("setting", "status"), [("missed_task", MISSED), ("task_on_dropped", DROPPED)])
def test_a_task_that_the_settings_leave_out_is_not_opened(bridge, portal, noor, setting, status):
    bridge(**{setting: False}).tell(a_call(status))

    assert portal.of("tasks") == []


def test_missed_and_dropped_calls_of_one_caller_gather_in_one_task_that_says_how_many(bridge, portal, noor):
    to = bridge()
    for number, status in enumerate((MISSED, DROPPED, MISSED), 1):
        to.tell(a_call(status, number))

    [task] = portal.of("tasks")
    assert task["hs_task_subject"] == "Missed call × 3: Noor (bakery)"
    assert task["hs_timestamp"] == "2026-11-20T14:33:31.000Z"
    assert len(portal.of("calls")) == 3


def test_a_task_that_is_done_is_left_alone_and_a_new_one_is_opened(bridge, portal, noor):
    to = bridge()
    to.tell(a_call(MISSED, 1))
    portal.change("tasks", portal.of("tasks")[0]["hs_object_id"], hs_task_status="COMPLETED")
    to.tell(a_call(MISSED, 2))

    first, second = portal.of("tasks")
    assert first["hs_task_status"] == "COMPLETED"
    assert second["hs_task_subject"] == "Missed call: Noor (bakery)"


def test_a_task_that_was_deleted_is_not_missed(bridge, portal, noor):
    to = bridge()
    to.tell(a_call(MISSED, 1))
    portal.archive("tasks", portal.of("tasks")[0]["hs_object_id"])
    to.tell(a_call(MISSED, 2))

    assert [task["wa_task_key"] for task in portal.of("tasks")] == ["7103111222-CALL2:t"]


def test_telling_a_gathered_call_again_counts_it_once(bridge, portal, noor):
    to = bridge()
    for number in (1, 2, 1, 2, 2):
        to.tell(a_call(MISSED, number))

    [task] = portal.of("tasks")
    assert task["hs_task_subject"] == "Missed call × 2: Noor (bakery)"


def test_telling_it_again_does_not_reopen_what_somebody_has_done(bridge, portal, noor):
    to = bridge()
    to.tell(a_call(MISSED))
    portal.change("tasks", portal.of("tasks")[0]["hs_object_id"], hs_task_status="COMPLETED")
    to.tell(a_call(MISSED))

    [task] = portal.of("tasks")
    assert task["hs_task_status"] == "COMPLETED"


def test_ringing_writes_nothing_unless_the_settings_ask_for_a_task(bridge, portal, noor):
    assert bridge().tell(a_call(RINGING)) is None
    assert portal.log == []


def test_a_task_for_the_ringing_is_due_at_once(bridge, portal, noor):
    bridge(ring_task=True).tell(a_call(RINGING))

    [task] = portal.of("tasks")
    assert task["hs_timestamp"] == "2026-11-20T14:08:12.000Z"
    assert task["hs_task_subject"] == "Incoming call: Noor (bakery)"
    assert portal.of("calls") == []


@pytest.mark.parametrize("status", [ANSWERED, UNKNOWN])
def test_the_task_for_the_ringing_is_done_once_the_call_has_ended(bridge, portal, noor, status):
    to = bridge(ring_task=True)
    to.tell(a_call(RINGING))
    to.tell(a_call(status))

    [task] = portal.of("tasks")
    assert task["hs_task_status"] == "COMPLETED"


def test_the_task_for_the_ringing_becomes_the_one_to_call_back(bridge, portal, noor):
    to = bridge(ring_task=True)
    to.tell(a_call(RINGING))
    to.tell(a_call(MISSED))

    [task] = portal.of("tasks")
    assert task["hs_task_status"] == "NOT_STARTED"
    assert task["hs_task_subject"] == "Missed call: Noor (bakery)"
    assert task["hs_timestamp"] == "2026-11-20T14:23:31.000Z"


def test_the_task_for_the_ringing_is_done_where_an_earlier_one_counts_the_call(bridge, portal, noor):
    to = bridge(ring_task=True)
    for number in (1, 2):
        to.tell(a_call(RINGING, number))
        to.tell(a_call(MISSED, number))

    call_back, ring = portal.of("tasks")
    assert call_back["hs_task_subject"] == "Missed call × 2: Noor (bakery)"
    assert ring["hs_task_status"] == "COMPLETED"


def test_a_popups_task_is_done_when_the_phone_stops_ringing(bridge, portal, noor):
    to = bridge(ring_task=True)
    receipt = to.tell(a_call(RINGING))
    to.connector.withdraw(a_call(MISSED), Known(receipt=receipt, told=RINGING))

    [task] = portal.of("tasks")
    assert task["hs_task_status"] == "COMPLETED"


@pytest.mark.parametrize("unsure", [True, False])
def test_a_popup_that_was_never_shown_may_be_taken_away(bridge, portal, unsure):
    bridge(ring_task=True).connector.withdraw(a_call(MISSED), Known(unsure=unsure))

    assert portal.of("tasks") == []


def test_an_unknown_outcome_gives_way_to_the_real_one(bridge, portal, noor):
    to = bridge()
    to.tell(a_call(UNKNOWN))
    to.tell(a_call(ANSWERED))

    [record] = portal.of("calls")
    assert record["hs_call_status"] == "COMPLETED"


@pytest.mark.parametrize("older", [RINGING, UNKNOWN])
def test_an_older_status_never_writes_over_one_that_was_told(bridge, portal, noor, older):
    to = bridge(ring_task=True)
    to.tell(a_call(ANSWERED))
    asked = len(portal.log)
    to.connector.deliver(a_call(older), Known(receipt=to.receipts["7103111222-CALL1"], told=ANSWERED))

    assert len(portal.log) == asked


def test_a_hidden_caller_has_a_call_record_without_a_number_and_no_contact(bridge, portal):
    bridge(create_contacts="always").tell(a_call(MISSED, caller=HIDDEN))

    [record] = portal.of("calls")
    assert "hs_call_from_number" not in record
    assert portal.of("contacts") == []
    assert portal.requests(part="contacts") == []


@pytest.mark.parametrize("status", CallStatus)
def test_a_group_has_a_call_record_and_nothing_else(bridge, portal, status):
    bridge(create_contacts="always", ring_task=True).tell(a_call(status, caller=GROUP))

    assert len(portal.of("calls")) == (status is not RINGING)
    assert portal.of("contacts") == portal.of("tasks") == []
    assert portal.requests(part="contacts") == []


def test_hostile_names_are_plain_in_titles_and_escaped_in_bodies(bridge, portal):
    caller = replace(NOOR, name="<img src=x onerror=alert(1)>\u202e&\nCo")
    bridge().tell(a_call(MISSED, caller=caller))

    [record], [task] = portal.of("calls"), portal.of("tasks")
    assert record["hs_call_title"] == task["hs_task_subject"] == "Missed call: <img src=x onerror=alert(1)> & Co"
    for body in (record["hs_call_body"], task["hs_task_body"]):
        assert "&lt;img src=x onerror=alert(1)&gt; &amp; Co" in body
        assert "<img" not in body


def test_the_default_owner_has_the_calls_of_whom_nobody_owns(bridge, portal):
    bridge(default_owner="bo@example.com").tell(a_call(MISSED))

    [record], [task] = portal.of("calls"), portal.of("tasks")
    assert record["hubspot_owner_id"] == task["hubspot_owner_id"] == "502"


def test_an_owner_id_is_not_looked_up(bridge, portal):
    bridge(default_owner="502").tell(a_call(MISSED))

    assert portal.requests(part="owners") == []


def test_extra_properties_go_to_the_records_they_are_for(bridge, portal):
    extra = ["hs_call_external_account_id=A", "tasks.hs_queue_membership_ids=7", "contacts.company=Walk-in"]
    bridge(create_contacts="always", extra_properties=extra).tell(a_call(MISSED))

    assert portal.of("calls")[0]["hs_call_external_account_id"] == "A"
    assert portal.of("tasks")[0]["hs_queue_membership_ids"] == "7"
    assert portal.of("contacts")[0]["company"] == "Walk-in"


@pytest.mark.parametrize(("status", "most"), [(ANSWERED, 3), (MISSED, 5), (DROPPED, 5)])
@pytest.mark.parametrize("times", [1, 2, 3])
def test_a_known_caller_costs_few_requests(bridge, portal, noor, status, most, times):
    to = bridge()
    for number in range(1, times):
        to.tell(a_call(status, number))
    before = len(portal.log)
    to.tell(a_call(status, times))

    assert len(portal.log) - before <= most


@pytest.mark.parametrize(("status", "most"), [(ANSWERED, 3), (MISSED, 5), (DROPPED, 5)])
def test_the_first_call_of_a_contact_costs_no_more_though_its_name_was_asked_for(bridge, portal, noor, status, most):
    to = bridge()
    to.people[NOOR.chat_id] = to.connector.find_caller("+15551230042")
    to.tell(a_call(status))

    assert len(portal.log) <= most


def test_a_caller_found_while_it_rings_is_named_and_their_records_have_links(bridge, portal, noor):
    to = bridge()
    to.connector.check()
    person = to.connector.find_caller("+15551230042")
    to.people[NOOR.chat_id] = person
    receipt = to.tell(a_call(ANSWERED))

    page = "https://app-eu1.hubspot.com/contacts/48120375/record"
    assert (person.name, person.record_id, person.url) == ("Noor Haddad", noor, f"{page}/0-1/{noor}")
    assert receipt.url == f"{page}/0-48/{receipt.record_id}"
    assert len(portal.requests(part="search")) == 1


def test_what_was_found_while_it_rang_is_read_again_by_the_next_call(bridge, portal, noor):
    to = bridge()
    to.people[NOOR.chat_id] = to.connector.find_caller("+15551230042")
    to.tell(a_call(ANSWERED))
    portal.change("contacts", noor, hubspot_owner_id="502")
    to.tell(a_call(ANSWERED, 2))

    assert [one["hubspot_owner_id"] for one in portal.of("calls")] == ["501", "502"]


def test_a_contact_that_vanished_since_it_was_found_is_looked_for_again(bridge, portal, noor):
    to = bridge()
    to.people[NOOR.chat_id] = to.connector.find_caller("+15551230042")
    portal.archive("contacts", noor)
    receipt = to.tell(a_call(ANSWERED), tries=2)

    assert len(portal.of("calls")) == 1
    assert receipt.person.record_id is None


def test_a_portal_is_asked_once_where_its_records_are_opened(bridge, portal, noor):
    to = bridge()
    for _ in range(3):
        to.connector.check()

    assert len(portal.requests(part="account-info")) == 1


@pytest.mark.parametrize("reply", [Reply(403, {}), Reply(404, "<html>"), Reply(200, {})])
def test_a_caller_is_named_without_a_link_where_the_key_may_not_ask_for_the_account(bridge, noor, reply):
    to = bridge(lambda request: Fault(reply) if "account-info" in request.url else None)
    to.connector.check()
    person = to.connector.find_caller("+15551230042")

    assert (person.name, person.record_id, person.url) == ("Noor Haddad", noor, None)


def test_nobody_is_found_where_no_contact_has_the_number(bridge):
    assert bridge().connector.find_caller("+15559990000") is None


def test_every_path_carries_the_one_version(bridge, portal, noor):
    to = bridge(create_contacts="always", default_owner="bo@example.com", ring_task=True)
    to.connector.check()
    to.connector.findings(True)
    to.connector.find_caller("+15551230042")
    for status in CallStatus:
        to.tell(a_call(status))

    assert {one.path for one in portal.log if "/2026-09" not in one.path} == {
        "/oauth/v2/private-apps/get/access-token-info"
    }

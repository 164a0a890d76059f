"""An answer is lost, a request fails: nothing is made twice, and nothing is left out."""

from collections import Counter

import pytest
from hubspot_portal import (
    BAD_GATEWAY,
    DAILY,
    DROPPED,
    GATEWAY_TIMEOUT,
    LOCKED,
    MIGRATING,
    SECONDLY,
    TEN_SECONDLY,
    Portal,
)
from switchboard import HIDDEN, NOOR, START, Bridge, a_call

from connectors.kit import CallStatus, RateLimited, Rejected, Retryable, Unauthorized
from connectors.kit.testing import Fault, Reply

MISSED, ANSWERED, RINGING = CallStatus.MISSED, CallStatus.ANSWERED, CallStatus.RINGING
FAULTS = [BAD_GATEWAY, GATEWAY_TIMEOUT, DROPPED, LOCKED]  # done or not, known or not
LIFE = [(RINGING, 1), (MISSED, 1), (RINGING, 2), (MISSED, 2), (RINGING, 3), (ANSWERED, 3)]


def at(number, fault):
    """The request of this number fares ill."""
    asked = iter(range(10_000))
    return lambda _: fault if next(asked) == number else None


def live(portal, caller, plan=None, **settings):
    """Three calls of one caller; between them time passes, so that a search sees what was made."""
    to = Bridge(portal, plan, create_contacts="always", ring_task=True, **settings)
    for status, number in LIFE:
        to.tell(a_call(status, number, caller), tries=3)
    return to


def state(portal):
    """What stands in the portal, without the names that HubSpot gives."""
    calls = Counter((one["hs_call_title"], one["hs_call_status"]) for one in portal.of("calls"))
    tasks = Counter((one["hs_task_subject"], one["hs_task_status"]) for one in portal.of("tasks"))
    return calls, tasks, len(portal.of("contacts"))


@pytest.mark.parametrize("keys", ["unique", "plain", "none"])
@pytest.mark.parametrize("caller", [NOOR, HIDDEN], ids=["known number", "hidden"])
@pytest.mark.parametrize("fault", FAULTS, ids=["502", "504 but done", "dropped but done", "423"])
def test_whichever_request_fares_ill_the_same_stands_there_at_the_end(keys, caller, fault):
    untroubled = Portal(clock=lambda: START.timestamp(), keys=keys)
    requests = len(live(untroubled, caller).portal.log)

    for number in range(requests):
        portal = Portal(clock=lambda: START.timestamp(), keys=keys)
        to = live(portal, caller, at(number, fault))
        assert state(portal) == state(untroubled), f"request {number} of {requests}"
        assert portal.refused == []
        assert sum(to.line.struck.values()) == 1


@pytest.mark.parametrize("keys", ["unique", "none"])
def test_a_task_that_was_lost_while_another_call_opened_one_is_not_left_open(keys):
    portal = Portal(clock=lambda: START.timestamp(), keys=keys)
    lost = "/tasks/batch/upsert" if keys == "unique" else "/tasks"
    to = Bridge(portal, lambda request: DROPPED if request.url.endswith(lost) else None)
    with pytest.raises(Retryable):
        to.tell(a_call(MISSED, 1))
    to.line.plan = None
    to.tell(a_call(MISSED, 2))
    to.tell(a_call(MISSED, 1))

    still_open = [task for task in portal.of("tasks") if task["hs_task_status"] == "NOT_STARTED"]
    assert [task["hs_task_subject"] for task in still_open] == ["Missed call × 2: Noor (bakery)"]


def test_an_error_brings_no_older_memory_of_the_caller_back(bridge, portal):
    to = bridge(ring_task=True)
    to.tell(a_call(RINGING, 1))
    to.tell(a_call(RINGING, 2))
    to.tell(a_call(MISSED, 1))
    to.line.plan = at(0, BAD_GATEWAY)
    to.tell(a_call(MISSED, 2), tries=2)

    still_open = [task for task in portal.of("tasks") if task["hs_task_status"] == "NOT_STARTED"]
    assert [task["hs_task_subject"] for task in still_open] == ["Missed call × 2: Noor (bakery)"]


@pytest.mark.parametrize("made", ["calls", "tasks", "contacts"])
def test_without_keys_the_next_attempt_waits_until_a_search_sees_what_was_made(made):
    portal = Portal(clock=lambda: START.timestamp(), keys="none")
    to = Bridge(portal, lambda request: DROPPED if request.url.endswith(f"/{made}") else None, create_contacts="always")
    with pytest.raises(Retryable) as caught:
        to.tell(a_call(MISSED))

    assert caught.value.sent
    assert caught.value.look_after == 60.0


@pytest.mark.parametrize(
    ("fault", "seconds"),
    [
        (SECONDLY, 1.0),
        (TEN_SECONDLY, 10.0),
        (DAILY, 900.0),
        (MIGRATING, 3600.0),
        (LOCKED, 2.0),
        (Fault(Reply(429, "<html>")), 10.0),
        (Fault(Reply(429, {"policyName": "ten_secondly_rolling"}, {"Retry-After": "3"})), 3.0),
        (Fault(Reply(429, {"message": "You have reached your secondly limit."}, {"Retry-After": "86400"})), 1.0),
        (Fault(Reply(477, None)), 900.0),
    ],
)
def test_a_pause_is_as_long_as_hubspot_needs(bridge, fault, seconds):
    with pytest.raises(RateLimited) as caught:
        bridge(lambda _: fault).tell(a_call())

    assert caught.value.retry_after == seconds


def test_a_used_up_day_is_named(bridge):
    with pytest.raises(RateLimited, match="requests of the day"):
        bridge(lambda _: DAILY).tell(a_call())


def test_the_trouble_of_one_record_inside_a_success_is_no_success(bridge, portal):
    portal.partial = True
    portal.required["calls"] = {"hs_call_external_account_id"}
    with pytest.raises(Rejected, match="demands a property"):
        bridge().tell(a_call())

    bridge(extra_properties=["hs_call_external_account_id=A"]).tell(a_call())

    assert len(portal.of("calls")) == 1


def test_what_the_portal_demands_is_named(bridge, portal):
    portal.required["tasks"] = {"hs_queue_membership_ids"}
    with pytest.raises(Rejected, match=r"hs_queue_membership_ids .REQUIRED.*tasks\.hs_queue_membership_ids") as caught:
        bridge().tell(a_call())

    assert caught.value.receipt.record_id == portal.of("calls")[0]["hs_object_id"]


@pytest.mark.parametrize("name", ["hs_call_status", "hs_call_disposition"])
def test_an_option_that_the_portal_has_hidden_is_left_out(portal, name):
    portal.properties["calls"].pop(name)
    Bridge(portal).tell(a_call())

    [record] = portal.of("calls")
    assert name not in record
    assert record["hs_call_title"] == "Missed call: Noor (bakery)"


def test_a_value_that_another_record_has_taken_meanwhile_is_that_record(bridge, portal):
    made = Bridge(portal).tell(a_call(CallStatus.UNKNOWN))
    said = {"category": "VALIDATION_ERROR", "message": "CONFLICTING_UNIQUE_VALUE"}
    receipt = bridge(
        lambda request: Fault(Reply(400, said)) if request.url.endswith("calls/batch/upsert") else None
    ).tell(a_call(ANSWERED))

    [record] = portal.of("calls")
    assert receipt.record_id == made.record_id
    assert record["hs_call_status"] == "COMPLETED"


@pytest.mark.parametrize(
    ("reply", "sentence"),
    [
        (Reply(401, {"category": "INVALID_AUTHENTICATION"}), "Copy the service key again"),
        (Reply(401, "<html>"), "Copy the service key again"),
        (Reply(403, {"message": "USER_DOES_NOT_HAVE_PERMISSIONS"}), "make a service key"),
        (Reply(403, {"errors": [{"context": {"requiredScopes": ["contacts"]}}]}), "the scope contacts"),
        (Reply(403, {"errors": [{"context": {"requiredGranularScopes": ["a b://c"]}}]}), "see its scopes"),
        (Reply(403, {"errors": [None, {"context": "x"}, {"context": {"requiredScopes": None}}]}), "see its scopes"),
        (Reply(403, "<html>"), "see its scopes"),
    ],
)
def test_refused_credentials_say_what_to_do(bridge, reply, sentence):
    with pytest.raises(Unauthorized, match=sentence):
        bridge(lambda _: Fault(reply)).tell(a_call())


@pytest.mark.parametrize(
    "body",
    [
        {"message": "Property values were not valid: [not JSON]"},
        {"message": "]["},
        {"message": None, "errors": "many", "context": []},
        {"message": '[{"name": "https://evil", "error": 7}]', "context": {"properties": [1, None]}},
        [],
        "<html>",
    ],
)
def test_a_refusal_in_no_known_form_is_a_refusal(bridge, body):
    with pytest.raises(Rejected, match=r"invalid .400."):
        bridge(lambda _: Fault(Reply(400, body))).tell(a_call())


@pytest.mark.parametrize("status", [404, 405])
def test_an_address_without_an_api_says_so(bridge, status):
    with pytest.raises(Rejected, match="correct the address"):
        bridge(lambda _: Fault(Reply(status, "<html>"))).tell(a_call())

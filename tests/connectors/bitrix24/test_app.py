"""Call cards in the portal's own telephony, and what becomes of them when something goes wrong."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from application import connector, portal
from bitrix24_portal import live

from connectors.kit import CallStatus, Known, Rejected, Retryable, Unauthorized
from connectors.kit.testing import Fault, Reply, Stand, sample_call

RINGING, ANSWERED, MISSED = CallStatus.RINGING, CallStatus.ANSWERED, CallStatus.MISSED
DROPPED, UNKNOWN = CallStatus.DROPPED, CallStatus.UNKNOWN
STRANGER = "+4915100000000"


@pytest.fixture
def acme():
    made = portal()
    yield made
    assert made.ignored == []


def asked(acme):
    return [entry.method.rpartition(".")[2] for entry in acme.log]


def sent(acme, method):
    return [entry.params for entry in acme.log if entry.method.endswith(f".{method}")]


def from_phone(phone, status=MISSED):
    call = sample_call(status)
    return replace(call, caller=replace(call.caller, phone=phone))


def cards(acme):
    return sorted(user for _, user in acme.telephony.cards)


def ring(acme, **settings):
    """It rings; returns what is known from then on."""
    receipt = connector(acme, **settings).deliver(sample_call(RINGING), Known())
    return Known(receipt=receipt, told=RINGING)


def outcome(acme, status, known=None, **settings):
    return connector(acme, **settings).deliver(sample_call(status), known or Known())


def test_while_it_rings_the_operators_and_whoever_is_responsible_have_the_card(acme):
    known = ring(acme)

    assert cards(acme) == [5, 6, 99]
    assert asked(acme) == ["searchCrmEntities", "register", "batch"]
    assert known.receipt.url == "https://acme.bitrix24.test/crm/contact/details/651/"
    assert known.receipt.person.record_id == "651"
    assert acme.refused == []


def test_a_call_is_registered_with_all_that_tells_it_from_others(acme):
    ring(acme)

    [registered] = sent(acme, "register")
    del registered["auth"]
    assert registered == {
        "USER_ID": 99, "PHONE_NUMBER": "+15551230042", "TYPE": 2, "CALL_START_DATE": "2026-11-20T14:03:12+00:00",
        "CRM_CREATE": 0, "SHOW": 0, "LINE_NUMBER": "WhatsApp support", "CRM_ENTITY_TYPE": "CONTACT",
        "CRM_ENTITY_ID": 651, "EXTERNAL_CALL_ID": "7103111222-9C41D0A7F2B84E6E93B1D5C0AA77E210",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("status", "settings", "code"),
    [
        (ANSWERED, {}, "200"),
        (MISSED, {}, "304"),
        (UNKNOWN, {}, "304"),
        (DROPPED, {}, "603"),
        (DROPPED, {"dropped": "missed"}, "304"),
    ],
)
def test_an_outcome_closes_all_cards_and_is_booked_without_a_made_up_duration(acme, status, settings, code):
    known = ring(acme)

    receipt = outcome(acme, status, known, **settings)

    assert cards(acme) == []
    [row] = acme.telephony.rows
    assert (row["CALL_FAILED_CODE"], row["CALL_DURATION"], row["PORTAL_USER_ID"]) == (code, "0", "99")
    assert acme.telephony.live == {}
    assert receipt.parts["activity"] == row["CRM_ACTIVITY_ID"]
    assert asked(acme)[3:] == ["batch", "finish"]
    assert acme.refused == []


def test_an_outcome_without_ringing_is_booked_and_shown_to_nobody(acme):
    outcome(acme, MISSED)

    assert asked(acme) == ["searchCrmEntities", "register", "finish"]
    assert acme.telephony.ever_shown == set()
    assert [row["EXTERNAL_CALL_ID"] for row in acme.telephony.rows] == [sample_call().id]


def test_a_booked_call_is_not_booked_again_whatever_comes_later(acme):
    receipt = outcome(acme, UNKNOWN)
    before = len(acme.log)

    assert outcome(acme, ANSWERED, Known(receipt=receipt, told=UNKNOWN)) is None
    assert len(acme.log) == before


def test_two_calls_of_one_number_at_once_are_two(acme):
    first, second = sample_call(RINGING), replace(sample_call(RINGING), id="7103111222-OTHER")
    made = connector(acme)
    receipts = [made.deliver(call, Known()) for call in (first, second)]

    for call, receipt in zip((first, second), receipts, strict=True):
        missed = replace(sample_call(MISSED), id=call.id)
        made.deliver(missed, Known(receipt=receipt, told=RINGING))

    assert [row["EXTERNAL_CALL_ID"] for row in acme.telephony.rows] == [first.id, second.id]
    assert acme.refused == []


def test_who_is_known_already_is_not_searched_for_again(acme):
    known = ring(acme)

    connector(acme).deliver(sample_call(RINGING), Known(person=known.receipt.person))

    assert asked(acme).count("searchCrmEntities") == 1


@pytest.mark.parametrize(("create", "leads"), [(False, 0), (True, 1)])
def test_a_stranger_becomes_a_lead_only_where_that_is_wished(acme, create, leads):
    receipt = connector(acme, create_lead=create).deliver(from_phone(STRANGER), Known())

    assert len([key for key in acme.held() if key.startswith("lead")]) == leads
    assert (receipt.url is not None) == create
    assert acme.telephony.rows[0]["PORTAL_USER_ID"] == "5"


def test_a_responsible_who_was_dismissed_makes_room_for_an_operator(acme):
    acme.people.users[99]["ACTIVE"] = False

    known = ring(acme)
    outcome(acme, MISSED, known)

    assert acme.telephony.rows[0]["PORTAL_USER_ID"] == "5"
    assert {user for _, user in acme.telephony.ever_shown} == {5, 6}


def test_an_operator_who_was_dismissed_does_not_spoil_it_for_the_others(acme):
    known = ring(acme, operators=["8", "6"])

    assert cards(acme) == [6, 99]
    outcome(acme, MISSED, known, operators=["8", "6"])
    assert cards(acme) == []


def test_where_nobody_works_there_any_more_the_reason_says_so(acme):
    with pytest.raises(Rejected, match="Nobody among operators is an active user"):
        connector(acme, operators=["8", "77"]).deliver(from_phone(STRANGER, RINGING), Known())


def test_a_number_that_the_portal_cannot_read_is_said_to_be_one(acme):
    refusal = Fault(Reply(400, {"error": "ERROR_CORE", "error_description": "Unsupported phone number format"}))

    with pytest.raises(Rejected, match="cannot read the caller's number"):
        connector(Stand(acme, refusal, at=1)).deliver(sample_call(RINGING), Known())


@pytest.mark.parametrize("status", [RINGING, MISSED])
@pytest.mark.parametrize("applied", [False, True])
@pytest.mark.parametrize("at", range(4))
def test_an_answer_that_is_lost_anywhere_leaves_one_call(acme, status, at, applied):
    known = Known()
    try:
        receipt = connector(Stand(acme, Fault(applied=applied), at=at)).deliver(sample_call(status), known)
        known = Known(receipt=receipt, told=status)
    except Retryable as error:
        known = Known(receipt=error.receipt, unsure=True)

    receipt = outcome(acme, MISSED, known)

    assert len(acme.telephony.rows) == 1
    assert acme.telephony.live == {}
    assert cards(acme) == []
    assert (receipt or known.receipt).parts["booked"] == acme.telephony.rows[0]["ID"]


FAULTS_OF_ONE = [
    fault
    for reply in (None, Reply(500, {"error": "INTERNAL_SERVER_ERROR"}), Reply(502, "<html>"))
    for fault in (Fault(reply), Fault(reply, applied=True))
]


@pytest.mark.parametrize("second", range(5))
@pytest.mark.parametrize("first", range(3))
def test_answers_that_are_lost_while_it_rings_and_after_it_leave_one_call_too(first, second):
    for ringing_fault in FAULTS_OF_ONE:
        for fault in FAULTS_OF_ONE:
            acme = portal()
            steps = ((RINGING, ringing_fault, first), (MISSED, fault, second), (MISSED, None, 0))
            known = Known()
            for status, struck, at in steps:
                try:
                    receipt = connector(Stand(acme, struck, at=at)).deliver(sample_call(status), known)
                    known = Known(receipt=receipt or known.receipt, told=status)
                except Retryable as error:
                    acme.clock.now += error.look_after
                    known = Known(receipt=error.receipt or known.receipt, unsure=error.sent or known.unsure)

            assert [row["EXTERNAL_CALL_ID"] for row in acme.telephony.rows] == [sample_call().id]
            assert acme.telephony.live == {}
            assert cards(acme) == []
            assert acme.ignored == []


def test_what_was_done_before_an_error_is_on_its_receipt(acme):
    with pytest.raises(Retryable) as caught:
        connector(Stand(acme, Fault(), at=2)).deliver(sample_call(RINGING), Known())

    made = caught.value.receipt
    assert made.record_id in acme.telephony.live
    assert made.parts == {"user": "99", "shown": "99,5,6"}


def test_a_call_stays_with_the_user_for_whom_it_was_registered_first(acme):
    with pytest.raises(Retryable) as caught:
        connector(Stand(acme, Fault(applied=True), at=1)).deliver(sample_call(RINGING), Known())
    acme.records.find("CONTACT", 651)["ASSIGNED_BY_ID"] = "6"  # in that very moment

    fresh = connector(acme).find_caller("+15551230042")
    receipt = replace(caught.value.receipt, person=fresh)
    outcome(acme, MISSED, Known(receipt=receipt, person=fresh, unsure=True))

    assert acme.telephony.live == {}
    assert acme.telephony.rows[0]["PORTAL_USER_ID"] == "99"


def test_statistics_that_are_behind_are_asked_when_they_can_know(acme):
    acme.lags["voximplant.statistic.get"] = 9
    known = ring(acme)
    with pytest.raises(Retryable) as caught:
        connector(Stand(acme, Fault(applied=True), at=1)).deliver(sample_call(MISSED), known)

    acme.clock.now += caught.value.look_after
    outcome(acme, MISSED, Known(receipt=caught.value.receipt, unsure=True))

    assert len(acme.telephony.rows) == 1


@pytest.mark.parametrize("at", range(3))
def test_whoever_looks_for_what_was_lost_waits_until_it_can_be_found(acme, at):
    with pytest.raises(Retryable) as caught:
        connector(Stand(acme, Fault(), at=at)).deliver(sample_call(), Known())

    assert caught.value.look_after == 10


def test_a_worker_that_died_after_the_ringing_leaves_no_card_open(acme):
    ring(acme)

    outcome(acme, MISSED, Known(unsure=True))

    assert cards(acme) == []
    assert len(acme.telephony.rows) == 1
    assert acme.telephony.live == {}


def test_a_worker_that_died_after_the_booking_books_nothing_more(acme):
    outcome(acme, MISSED)

    receipt = outcome(acme, MISSED, Known(unsure=True))

    assert len(acme.telephony.rows) == 1
    assert receipt.parts["booked"] == acme.telephony.rows[0]["ID"]
    assert receipt.url == "https://acme.bitrix24.test/crm/contact/details/651/"


def test_a_call_that_the_portal_has_forgotten_is_registered_once_more_and_booked(acme):
    known = ring(acme)
    acme.telephony.live.clear()

    outcome(acme, ANSWERED, known)

    assert [row["CALL_FAILED_CODE"] for row in acme.telephony.rows] == ["200"]


def test_somebody_elses_row_is_not_taken_for_ours(acme):
    other = replace(sample_call(), id="7103111222-OTHER")
    connector(acme).deliver(other, Known())
    rows = Reply(200, {"result": [{**acme.telephony.rows[0], "made_at": 0}]})

    connector(Stand(acme, Fault(rows), at=0)).deliver(sample_call(), Known(unsure=True))

    assert len(acme.telephony.rows) == 2


def test_a_card_that_nobody_is_shown_is_not_said_to_have_been(acme):
    known = ring(acme)
    acme.telephony.live.clear()

    with pytest.raises(Rejected, match="to nobody"):
        connector(acme).deliver(sample_call(RINGING), known)


def test_a_popup_is_taken_away_and_nothing_is_booked(acme):
    known = ring(acme)

    connector(acme).withdraw(sample_call(MISSED), known)

    assert cards(acme) == []
    assert acme.telephony.rows == []


@pytest.mark.parametrize("known", [Known(), Known(unsure=True)])
def test_a_popup_that_was_never_shown_needs_no_taking_away(acme, known):
    connector(acme).withdraw(sample_call(MISSED), known)

    assert acme.log == []


def test_a_popup_of_a_call_that_is_over_is_gone_already(acme):
    known = ring(acme)
    receipt = outcome(acme, MISSED, known)

    connector(acme).withdraw(sample_call(MISSED), Known(receipt=receipt))


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


def test_without_the_scope_telephony_somebody_has_to_see_to_it(acme):
    acme.oauth.scopes -= {"telephony"}

    with pytest.raises(Unauthorized, match="scope is missing"):
        connector(acme).deliver(sample_call(), Known())


def test_a_portal_that_takes_it_for_a_webhook_says_what_is_needed(acme):
    wrong = Fault(Reply(403, {"error": "WRONG_AUTH_TYPE", "error_description": "Current authorization type is denied"}))

    with pytest.raises(Rejected, match="needs an installed application, not a webhook"):
        connector(Stand(acme, wrong, at=1)).deliver(sample_call(), Known())


def test_who_is_calling_is_looked_up_in_the_portal(acme):
    found = connector(acme).find_caller("+15551230042")

    assert (found.name, found.parts["responsible"]) == ("Zoë", "99")
    assert connector(acme).find_caller(STRANGER) is None


FAULTS = [
    (lambda acme: setattr(acme.oauth, "scopes", acme.oauth.scopes - {"telephony"}), {}, "no-telephony-scope"),
    (lambda acme: setattr(acme.oauth, "scopes", acme.oauth.scopes - {"crm"}), {}, "no-crm-scope"),
    (lambda acme: setattr(acme.oauth, "scopes", acme.oauth.scopes - {"im"}), {}, "no-im-scope"),
    (lambda acme: None, {"operators": ["5", "77"]}, "operators-unknown"),
    (lambda acme: None, {"operators": ["8"]}, "operators-dismissed"),
    (lambda acme: setattr(acme.oauth, "installed", False), {}, "app-not-installed"),
]


@pytest.mark.parametrize(("spoil", "settings", "finding"), FAULTS)
def test_a_check_by_hand_finds_what_is_wrong_there(acme, spoil, settings, finding):
    spoil(acme)
    made = connector(acme, **settings)
    made.check()

    assert [one.id for one in made.findings(False)] == [finding]


def test_where_nothing_is_wrong_nothing_is_found(acme):
    assert connector(acme).findings(False) == []


def test_the_address_of_a_webhook_is_no_portal_since_it_would_be_exported_in_clear(acme):
    with pytest.raises(ValueError, match="the address of a webhook"):
        connector(acme, portal="https://acme.bitrix24.test/rest/1/c4nary5ecret/")


def test_a_portal_that_was_renamed_is_said_to_have_moved_and_where_to(acme):
    acme.renamed_to = "zenith.bitrix24.test"

    with pytest.raises(
        Rejected, match=r"has moved from acme\.bitrix24\.test to zenith\.bitrix24\.test: change the addr"
    ):
        connector(acme).check()


def test_an_old_portal_that_cannot_tell_everything_is_asked_for_the_rest(acme):
    del acme.methods["app.info"]
    acme.oauth.scopes -= {"user_basic"}

    assert [one.id for one in connector(acme).findings(False)] == ["operators-unchecked"]


def test_all_connections_to_one_portal_share_what_it_allows(acme):
    one, other = connector(acme), connector(acme, portal="https://ACME.bitrix24.test/crm/")

    assert one.rate == other.rate
    assert one.rate.account == "acme.bitrix24.test"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("portal", "ftp://acme.bitrix24.com"), ("portal", "https://u:p@acme.bitrix24.com"), ("portal", "https://"),
        ("portal", "acme.bitrix24.com:x"), ("portal", ""),
        ("operators", []), ("operators", ["Otto"]), ("operators", ["0"]), ("dropped", "other"),
    ],
)  # fmt: skip
def test_settings_that_cannot_work_are_refused(acme, name, value):
    with pytest.raises(ValueError, match=name):
        connector(acme, **{name: value})


def test_a_long_name_of_an_instance_still_makes_a_line(acme):
    call = replace(sample_call(), instance="x" * 80)

    connector(acme).deliver(call, Known())

    assert len(sent(acme, "register")[0]["LINE_NUMBER"]) == 50


def test_a_call_of_long_ago_is_booked_with_its_own_time(acme):
    call = replace(sample_call(), started_at=sample_call().started_at - timedelta(days=2))

    connector(acme).deliver(call, Known())

    assert sent(acme, "register")[0]["CALL_START_DATE"] == "2026-11-18T14:03:12+00:00"

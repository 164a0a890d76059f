"""Reading the journal: when, how far back, by whom, and what becomes of a refusal."""

from __future__ import annotations

from datetime import timedelta

import pytest
from books import asked, change, desk_at, green_api_of, instance, wait
from desk import CHAT, ID_INSTANCE
from office import Clock, all_at_once, office

from bridge.greenapi.standin import Fault
from tasks.reconcile import reconcile
from tasks.sweep import sweep

METHOD = "lastIncomingCalls"


@pytest.fixture
def green_api(now):
    with green_api_of(now) as green_api:
        yield green_api


@pytest.fixture
def desk(green_api, store, now):
    desk = desk_at(green_api, store, now, ["all"])
    desk.know()
    return desk


@pytest.fixture
def service(desk):
    return office(desk.store, Clock(desk))


def listed(green_api, desk, id_message="C1", ended=-100):
    at = int(desk.moment(ended).timestamp())
    green_api.remember(ID_INSTANCE, idMessage=id_message, timestamp=at, chatId=CHAT, status="declined")


def refused(service, green_api, fault, after=0.0):
    green_api.fault(Fault(method=METHOD, **fault))
    wait(service, after)
    reconcile(service, 1)


def test_a_call_that_only_the_journal_knows_is_written_down_and_rung_for(desk, service, green_api):
    listed(green_api, desk)
    reconcile(service, 1)

    assert [call.source for call in desk.calls()] == ["journal"]
    assert service.queue.delivered == [(1, False)]


def test_it_is_read_every_ten_minutes_and_the_time_that_calls_take_to_appear_is_read_again(desk, service, green_api):
    reconcile(service, 1)
    assert (instance(desk).journal_until, instance(desk).journal_due) == (desk.start, desk.moment(600))
    wait(service, 599)
    reconcile(service, 1)
    assert asked(green_api, METHOD) == 1

    listed(green_api, desk, ended=-119)
    wait(service, 600)
    reconcile(service, 1)
    assert [call.id_message for call in desk.calls()] == ["C1"]


def test_nothing_is_brought_from_before_the_instance_was_added(desk, service, green_api):
    change(desk, added_at=desk.moment(-50))
    listed(green_api, desk, "OLD", ended=-51)
    listed(green_api, desk, "NEW", ended=-49)
    reconcile(service, 1)

    assert [call.id_message for call in desk.calls()] == ["NEW"]


def test_two_processes_never_read_one_journal_at_once(desk, service, green_api):
    green_api.fault(Fault(method=METHOD, delay=0.3))
    listed(green_api, desk)
    all_at_once(lambda one: reconcile(one, 1), [service, office(desk.store, Clock(desk))])

    assert asked(green_api, METHOD) == 1
    assert len(desk.calls()) == 1


def test_whoever_died_while_reading_is_followed_by_another(desk, service, green_api):
    change(desk, journal_due=desk.moment(300))
    reconcile(service, 1)
    assert asked(green_api, METHOD) == 0
    wait(service, 300)
    reconcile(service, 1)
    assert asked(green_api, METHOD) == 1


@pytest.mark.parametrize("fault", [{"status": 400, "body": "bad request data"}, {"status": 404}, {"status": 466}])
def test_a_plan_that_refuses_it_switches_it_off_with_one_line(desk, service, green_api, caplog, fault):
    refused(service, green_api, fault)
    refused(service, green_api, fault, after=86400)

    assert caplog.text.count("the journal is not read any more") == 1
    assert instance(desk).journal_reason
    assert instance(desk).journal_due == desk.moment(2 * 86400)


def test_it_is_read_again_once_it_is_allowed(desk, service, green_api):
    refused(service, green_api, {"status": 404, "count": 1})
    wait(service, 86400)
    reconcile(service, 1)

    assert instance(desk).journal_reason is None
    assert instance(desk).journal_until == desk.moment(86400)


@pytest.mark.parametrize(
    ("fault", "seconds"),
    [
        ({"status": 400, "body": "instance in starting process try later"}, 60),
        ({"status": 502}, 60),
        ({"drop": True}, 60),
        ({"status": 429, "headers": {"Retry-After": "3"}}, 3),
        ({"status": 401}, 600),
    ],
)
def test_what_may_pass_is_tried_again_and_the_gap_stays(desk, service, green_api, fault, seconds):
    before = instance(desk).journal_until
    refused(service, green_api, fault)

    row = instance(desk)
    assert (row.journal_until, row.journal_reason) == (before, None)
    assert timedelta(0) <= row.journal_due - desk.moment(seconds) < timedelta(seconds=5)


def test_the_sweep_rings_for_journals_that_are_due_and_after_a_pause_for_all(desk, service):
    change(desk, journal_due=desk.moment(500))
    sweep(service)
    assert service.queue.reconciled == [1]  # nobody had swept before: that is a pause

    change(desk, journal_due=desk.moment(500))
    for after in range(5, 26, 5):
        wait(service, after)
        sweep(service)
    assert service.queue.reconciled == [1]
    wait(service, 100)
    sweep(service)
    assert service.queue.reconciled == [1, 1]


def test_after_a_pause_a_journal_that_is_refused_is_left_alone(desk, service):
    change(desk, journal_due=desk.moment(86400), journal_reason="No such method.")
    sweep(service)

    assert service.queue.reconciled == []


def test_a_day_without_any_notification_is_said_once(desk, service, caplog):
    change(desk, heard_at=desk.moment(-86000), journal_until=desk.start, journal_due=desk.start)
    for after in (300, 900, 1500):
        wait(service, after)
        change(desk, journal_due=desk.start)
        reconcile(service, 1)

    assert caplog.text.count("nothing has been heard from GREEN-API for a day") == 1

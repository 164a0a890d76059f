"""The process is ended hard at each point where a promise is open. Restarted, each call has each record once.

Counted by the receiver: a record for each `webhook-id`. A request that is repeated after its answer was lost is
allowed, and counted.
"""

from __future__ import annotations

import signal

import pytest
from road import ANNA, BORIS, Road, until

from tasks.demo.crm import Fault

LONG = 60.0


@pytest.fixture
def road(tmp_path, shape):
    with Road(tmp_path, ("all",), shape) as road:
        yield road


def started_again(road, calls, outcome="missed"):
    """Restart without the fault; every call gets its records, each once. Returns how many requests were repeated."""
    road.kill()
    road.crm.fault(Fault(name="all", count=0))
    road.start()
    until(lambda: road.green_api.idle(), what="GREEN-API to be rid of everything")
    expected = {f"{call}-{status}" for call in calls for status in ("ringing", outcome)}
    until(lambda: {f"{call}-{outcome}" for call in calls} <= set(road.kept()), LONG, what="every outcome to be told")
    road.stop()

    kept = road.kept()
    assert len(kept) == len(set(kept)), "a record was written twice"
    assert set(kept) <= expected
    for call in calls:
        assert [one for one in kept if one.startswith(call)][-1] == f"{call}-{outcome}"
    return sum(road.requests().values()) - len(kept)


def died_by_itself(road, process):
    """Whether the process that was told to has ended itself. A web server's child is replaced by its parent."""
    if road.split and process is road.intake:
        return "SIGKILL" in (road.folder / "web.log").read_text()
    return process.poll() == -signal.SIGKILL


def rung(road, after=4.0):
    return [road.ring(chat, "declined", after=after) for chat in (ANNA, BORIS)]


def test_after_the_commit_before_the_doorbell(road):
    road.start(RINGBRIDGE_CRASH_AT="committed")
    calls = rung(road, after=12.0)  # long enough to start again while it still rings
    until(lambda: died_by_itself(road, road.intake), what="the intake to die")

    assert started_again(road, calls) == 0
    assert {f"{call}-ringing" for call in calls} <= set(road.kept())


def test_after_the_claim(road):
    road.start(RINGBRIDGE_CRASH_AT="claimed", RINGBRIDGE_LEASE_SECONDS="3")
    calls = rung(road)
    until(lambda: died_by_itself(road, road.carrier), what="the worker to die")
    assert road.kept() == []

    assert started_again(road, calls) == 0


def test_after_sending_before_the_answer(road):
    road.start(RINGBRIDGE_LEASE_SECONDS="3")
    road.crm.fault(Fault(name="all", mode="apply_then_hang", seconds=LONG))
    calls = rung(road, after=9.0)
    until(lambda: road.crm.hanging and road.kept(), what="the CRM to have applied something")

    repeated = started_again(road, calls)
    assert repeated >= 1


def test_after_the_answer_before_settling(road):
    road.start(RINGBRIDGE_CRASH_AT="answered", RINGBRIDGE_LEASE_SECONDS="3")
    calls = rung(road, after=1.0)
    until(lambda: died_by_itself(road, road.carrier), what="the worker to die")
    assert road.kept() != []

    started_again(road, calls)


def test_after_the_lease_ran_out(road):
    """The process is frozen in the middle of a request; in the split shape another worker takes over meanwhile."""
    road.environment["RINGBRIDGE_LEASE_SECONDS"] = "3"
    road.start()
    road.crm.fault(Fault(name="all", mode="apply_then_hang", seconds=5.0, count=1))
    calls = [road.ring(ANNA, "declined", after=1.0)]
    until(lambda: road.crm.hanging, what="the CRM to hang")
    frozen = road.carrier
    frozen.send_signal(signal.SIGSTOP)
    if road.split:
        until(lambda: road.green_api.idle(), what="the outcome to be accepted")
        road.start_one("second", ["worker"], {})
        road.parts_started += 1
        until(lambda: f"{calls[0]}-missed" in road.kept(), what="the second worker to take over")
        frozen.send_signal(signal.SIGCONT)
        until(lambda: not road.crm.hanging, what="the CRM to go on")
    else:
        until(lambda: not road.crm.hanging, what="the lease to run out")

    started_again(road, calls)


def test_between_the_arrival_of_an_outcome_and_the_settling_of_the_ringing(road):
    road.start(RINGBRIDGE_LEASE_SECONDS="3")
    road.crm.fault(Fault(name="all", mode="apply_then_hang", seconds=LONG, type="call.ringing"))
    calls = [road.ring(ANNA, "declined", after=0.5)]
    until(lambda: road.crm.hanging and road.green_api.idle(), what="the outcome to arrive meanwhile")
    assert road.kept() == [f"{calls[0]}-ringing"]

    assert started_again(road, calls) == 0
    assert road.kept() == [f"{calls[0]}-ringing", f"{calls[0]}-missed"]

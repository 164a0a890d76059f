"""Popups of a connection that hears ringing alone: taken away when the call ends, where the connector can."""

from __future__ import annotations

import pytest
from desk import DONE, LOCKED_OUT, NOT_NOW, PERHAPS, REFUSED, Desk
from office import Clock, office
from rolodex import Rolodex

from bridge import deliveries, holding
from tasks.deliver import deliver


@pytest.fixture
def desk(store, now):
    Rolodex.done.clear()
    desk = Desk(store, now, policies=())
    desk.know()
    desk.connect("popups", "ring", 0, "rolodex", {})
    return desk


def carried_out(desk, after):
    service = office(desk.store, Clock(desk))
    service.clock.after = after
    deliver(service, 1)
    return Rolodex.done


def test_it_is_called_once_more_and_told_stays_ringing(desk):
    desk.hear("offer")
    carried_out(desk, 0.5)
    accepted = desk.hear("pickUp", 5)

    assert [bell.delivery_id for bell in accepted.due] == [1]
    assert carried_out(desk, 5) == [("deliver", "ringing"), ("withdraw", "R1")]
    assert desk.states() == {"popups": ("delivered", "ringing", "ringing")}
    assert desk.swept(600) == []


def test_silence_ends_the_ringing_as_an_outcome_does_and_the_outcome_after_it_changes_nothing(desk):
    desk.hear("offer")
    desk.tell()
    desk.silence(200)
    assert desk.claim(1, 200).withdraws
    desk.settle(desk.claim(1, 261), after=261)
    desk.hear("pickUp", 300)

    assert desk.claim(1, 301) is None
    assert desk.states() == {"popups": ("delivered", "ringing", "ringing")}


def test_a_connector_that_takes_its_popup_away_hears_of_the_ringing_and_of_no_outcome(desk):
    desk.hear("offer")
    desk.tell()
    desk.hear("pickUp", 100)
    claim = desk.claim(1, 100)

    assert claim.withdraws
    assert (claim.call.status, claim.call.outcome_at) == ("ringing", None)
    assert claim.call.summary.endswith("2026-11-20 14:03 UTC")


def test_an_outcome_that_a_new_policy_tells_while_a_popup_is_taken_away_is_told_next(desk):
    desk.hear("offer")
    desk.tell()
    desk.silence(200)
    claim = desk.claim(1, 200)
    desk.change("popups", policy="all")
    desk.hear("pickUp", 201)

    assert [bell.delivery_id for bell in desk.settle(claim, DONE, 202)] == [1]
    told = desk.tell(1, DONE, 202)
    assert (told.withdraws, told.call.status) == (False, "answered")


def test_one_that_is_done_leaves_nothing_to_take_away(desk):
    desk.hear("offer")
    desk.tell(1, NOT_NOW)
    desk.tell(1, PERHAPS, 10)
    desk.tell(1, DONE, 20)
    desk.hear("pickUp", 25)
    desk.tell(1, PERHAPS, 25)
    desk.tell(1, DONE, 30)

    row = desk.row()
    assert (row.state, row.withdrawn, row.unsure, row.due_at) == ("delivered", True, False, None)


def test_one_that_fails_is_tried_again(desk):
    desk.hear("offer")
    desk.tell()
    desk.hear("pickUp", 5)
    desk.tell(1, NOT_NOW, 5)

    assert desk.row().state == "due"
    claim = desk.tell(1, DONE, 10)
    assert claim.withdraws
    assert claim.attempts == 2
    assert desk.states() == {"popups": ("delivered", "ringing", "ringing")}


def test_one_that_is_refused_has_failed(desk):
    desk.hear("offer")
    desk.tell()
    desk.hear("pickUp", 5)
    desk.tell(1, REFUSED, 5)

    assert desk.states() == {"popups": ("failed", "ringing", "ringing")}


def test_a_call_that_ends_while_its_ringing_is_told_is_withdrawn_right_after(desk):
    desk.hear("offer")
    claim = desk.claim()
    desk.hear("pickUp", 1)

    assert [bell.delivery_id for bell in desk.settle(claim, DONE, 2)] == [1]
    assert desk.claim(1, 2).withdraws


def test_what_may_have_rung_is_taken_away_too(desk):
    desk.hear("offer")
    desk.tell(1, PERHAPS)
    desk.hear("pickUp", 5)
    claim = desk.tell(1, DONE, 5)

    assert claim.withdraws
    assert claim.known.unsure
    assert desk.states() == {"popups": ("skipped", "ringing", None)}
    assert (desk.row().reason, desk.row().due_at, desk.row().unsure) == (deliveries.TOO_LATE, None, False)


def test_what_never_rang_has_nothing_to_take_away(desk):
    desk.hear("offer")
    claim = desk.claim()
    desk.hear("pickUp", 1)
    desk.settle(claim, NOT_NOW, 2)

    assert desk.claim(1, 5) is None
    assert desk.states() == {"popups": ("skipped", "ringing", None)}
    assert (desk.row().reason, desk.row().withdrawn) == (deliveries.TOO_LATE, None)


def test_a_connector_that_cannot_withdraw_is_left_alone(store, now):
    desk = Desk(store, now, policies=("ring",))
    desk.know()
    desk.hear("offer")
    desk.tell()
    desk.hear("pickUp", 5)

    assert desk.claim(1, 5) is None
    assert desk.states() == {"ring-0": ("delivered", "ringing", "ringing")}


def test_while_its_connection_is_paused_it_is_held_and_goes_out_on_resume_however_late(desk):
    desk.hear("offer")
    desk.tell()
    desk.store.write(lambda db: holding.pause(db, 1, "admin", "By hand.", desk.moment(2)))
    desk.hear("pickUp", 5)
    assert desk.states() == {"popups": ("held", "ringing", "ringing")}

    desk.store.write(lambda db: holding.resume(db, 1, desk.moment(7200)))
    assert desk.claim(1, 7200).withdraws


def test_refused_credentials_hold_it(desk):
    desk.hear("offer")
    desk.tell()
    desk.hear("pickUp", 5)
    desk.tell(1, LOCKED_OUT, 5)

    assert desk.states() == {"popups": ("held", "ringing", "ringing")}


def test_a_policy_that_grew_meanwhile_tells_the_outcome_instead(desk):
    desk.hear("offer")
    desk.tell()
    desk.change("popups", policy="all")
    desk.hear("pickUp", 5)
    claim = desk.tell(1, DONE, 5)

    assert not claim.withdraws
    assert desk.states() == {"popups": ("delivered", "answered", "answered")}


def test_under_a_policy_that_hears_all_nothing_is_withdrawn(desk):
    desk.change("popups", policy="all")
    desk.hear("offer")
    desk.tell()
    desk.hear("pickUp", 5)

    assert not desk.claim(1, 5).withdraws

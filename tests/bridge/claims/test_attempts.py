"""What an attempt leaves to the next one: an outcome that came meanwhile, a doubt, another try, or nothing."""

from __future__ import annotations

from desk import DONE, NOT_NOW, PERHAPS, REFUSED
from obligations import attempts

from bridge.deliveries import Doorbell
from connectors.kit import CallStatus


def test_a_settled_delivery_is_delivered_and_not_claimed_again(desk):
    desk.hear("offer")
    desk.tell()

    assert desk.states() == {"all-0": ("delivered", "ringing", "ringing")}
    assert desk.claim(after=100) is None
    assert attempts(desk) == [("ringing", "delivered")]


def test_an_outcome_that_arrives_during_the_telling_of_the_ringing_is_told_next(desk):
    desk.hear("offer")
    claim = desk.claim()
    assert desk.hear("pickUp", 1).due == []

    assert desk.settle(claim, after=2) == [Doorbell(1, ringing=False)]

    assert desk.states() == {"all-0": ("due", "answered", "ringing")}
    following = desk.claim(after=3)
    assert following.call.status is CallStatus.ANSWERED
    assert following.known.told is CallStatus.RINGING


def test_an_outcome_that_arrives_while_the_ringing_fails_is_told_next(desk):
    desk.hear("offer")
    claim = desk.claim()
    desk.hear("pickUp", 1)
    desk.settle(claim, NOT_NOW, after=2)

    assert desk.row().due_at == desk.moment(2)
    assert desk.row().attempts == 0


def test_an_attempt_that_may_have_written_is_known_to_the_next(desk):
    desk.hear("pickUp")
    desk.tell(outcome=PERHAPS)
    second = desk.claim(after=3)
    assert second.known.unsure is True

    desk.settle(second, NOT_NOW, after=4)
    third = desk.claim(after=10)
    assert third.known.unsure is True  # that the second did not get through says nothing of the first

    desk.settle(third, DONE, after=11)
    assert desk.row().unsure is False


def test_an_attempt_that_did_not_get_through_leaves_no_doubt(desk):
    desk.hear("pickUp")
    desk.tell(outcome=NOT_NOW)

    assert desk.claim(after=3).known.unsure is False


def test_a_failed_attempt_is_tried_again_in_time(desk):
    desk.hear("pickUp")
    desk.tell(outcome=NOT_NOW)

    assert desk.states() == {"all-0": ("due", "answered", None)}
    assert (desk.swept(1.9), desk.swept(2)) == ([], [1])
    assert (desk.row().reason, desk.row().attempts) == ("It did not answer.", 1)


def test_a_refusal_fails_the_delivery_and_a_new_status_revives_it(desk):
    desk.hear("offer")
    desk.tell(outcome=REFUSED)
    assert desk.states() == {"all-0": ("failed", "ringing", None)}

    desk.hear("pickUp", 5)

    assert desk.states() == {"all-0": ("due", "answered", None)}
    assert desk.row().attempts == 0


def test_after_three_days_a_delivery_is_given_up(desk):
    desk.hear("pickUp")
    desk.tell(outcome=NOT_NOW)
    hours = 3600
    desk.tell(outcome=NOT_NOW, after=71 * hours)
    assert desk.states() == {"all-0": ("due", "answered", None)}

    desk.tell(outcome=NOT_NOW, after=73 * hours)

    assert desk.states() == {"all-0": ("failed", "answered", None)}

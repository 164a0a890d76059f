"""What is said of each thing that may be wrong with the application in its portal."""

from __future__ import annotations

import pytest
from application import connector

from connectors.kit import Known, Rejected, Unauthorized
from connectors.kit.testing import Fault, Reply, Stand, sample_call


def test_without_the_scope_telephony_somebody_has_to_see_to_it(acme):
    acme.oauth.scopes -= {"telephony"}

    with pytest.raises(Unauthorized, match="scope is missing"):
        connector(acme).deliver(sample_call(), Known())


def test_a_portal_that_takes_it_for_a_webhook_says_what_is_needed(acme):
    wrong = Fault(Reply(403, {"error": "WRONG_AUTH_TYPE", "error_description": "Current authorization type is denied"}))

    with pytest.raises(Rejected, match="needs an installed application, not a webhook"):
        connector(Stand(acme, wrong, at=1)).deliver(sample_call(), Known())


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

"""The application's road through the bridge: its tokens stand in the real store, and one worker renews them for all."""

from __future__ import annotations

import pytest
from application import CLIENT_ID, CLIENT_SECRET, SETTINGS, portal
from desk import Desk
from office import Clock, all_at_once, office
from sqlalchemy import select

from bridge import redaction
from bridge.connections import Live
from bridge.memory import StoredMemory
from bridge.redaction import without_secrets
from bridge.store.tables import connections
from connectors.kit import Http, Registry
from connectors.kit.testing import Stand
from tasks.deliver import deliver


@pytest.fixture
def acme():
    return portal()


@pytest.fixture
def desk(store, now):
    desk = Desk(store, now, [])
    desk.connect("portal", "all", connector="bitrix24_app", settings=SETTINGS)
    return desk


def worker(desk, acme):
    """One process's own connectors, over the store that all have in common."""
    return Live(desk.store, Registry(), Http(adapter=Stand(acme)))


def version(desk):
    with desk.store.read() as db:
        return db.execute(select(connections.c.version)).scalar()


def test_of_many_workers_whose_token_has_run_out_one_renews_it_and_all_go_on(desk, acme):
    worker(desk, acme).connect(1, 1).check()
    acme.clock.now += 3601

    all_at_once(lambda _: worker(desk, acme).connect(1, 1).check(), range(8))

    assert acme.oauth.refreshed == 2  # the first one of all, and the one after the hour
    assert acme.refused == []
    assert StoredMemory(desk.store, 1).read()["refresh_token"] == "refresh-c4nary-0003"


def test_tokens_are_cut_out_of_what_is_logged_as_soon_as_they_are_known(desk, acme, monkeypatch):
    monkeypatch.setattr(redaction, "_known", redaction._Known())
    worker(desk, acme).connect(1, 1).check()

    said = without_secrets("acme.bitrix24.test refused access-c4nary-0002 and refresh-c4nary-0002")
    assert said == "acme.bitrix24.test refused … and …"


def test_applying_the_same_settings_again_leaves_the_tokens_and_a_new_one_takes_their_place(desk, acme):
    worker(desk, acme).connect(1, 1).check()

    desk.change("portal", settings={**SETTINGS, "operators": ["6"]})
    worker(desk, acme).connect(1, version(desk)).check()
    assert acme.oauth.refreshed == 1

    anew = acme.oauth.authorise()
    desk.change("portal", settings={**SETTINGS, "refresh_token": anew.refresh})
    worker(desk, acme).connect(1, version(desk)).check()
    assert acme.oauth.refreshed == 2
    assert acme.refused == []


def test_a_call_goes_from_the_ringing_to_the_booking(desk, acme):
    clock = Clock(desk)
    service = office(desk.store, clock)
    live = worker(desk, acme)
    object.__setattr__(service, "live", live)
    desk.know()

    desk.hear("offer")
    deliver(service, 1)
    assert sorted(user for _, user in acme.telephony.cards) == [5, 6, 99]
    desk.hear("missed", after=9)
    clock.after = 9
    deliver(service, 1)

    assert acme.telephony.cards == set()
    [row] = acme.telephony.rows
    assert row["CALL_FAILED_CODE"] == "304"
    assert desk.states() == {"portal": ("delivered", "missed", "missed")}
    assert desk.row().receipt["parts"]["activity"] == row["CRM_ACTIVITY_ID"]


def test_credentials_that_are_refused_pause_the_connection_with_what_to_do(desk, acme):
    service = office(desk.store, Clock(desk))
    object.__setattr__(service, "live", worker(desk, acme))
    acme.oauth.revoked = True
    desk.know()

    desk.hear("offer")
    deliver(service, 1)

    with desk.store.read() as db:
        paused_by, reason = db.execute(select(connections.c.paused_by, connections.c.reason)).one()
    assert paused_by == "credentials"
    assert "invalid_grant" in reason
    assert CLIENT_SECRET not in reason
    assert CLIENT_ID not in reason

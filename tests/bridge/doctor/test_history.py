"""What has been heard and refused until now is part of what is found."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from ailments import BROKEN
from clinic import LINE

from bridge import notifications
from bridge.settings import Settings
from bridge.store import open_store


def test_what_was_refused_is_told_until_something_comes(clinic):
    clinic.admit(webhook_token="canary-other")
    now = datetime.now(UTC)
    clinic.stored(refused=3, refused_at=now - timedelta(hours=1), heard_at=now - timedelta(hours=2))

    assert clinic.check() == (1, ["webhook-token-differs", "notifications-refused"])
    clinic.check("--fix")
    assert clinic.check() == (0, ["notifications-refused"])
    clinic.stored(heard_at=now)
    assert clinic.check() == (0, [])


@pytest.mark.parametrize(
    ("heard", "found"), [(timedelta(minutes=1), (0, [])), (timedelta(hours=1), (1, ["notifications-waiting"]))]
)
def test_what_waits_is_only_told_where_nothing_comes(clinic, heard, found):
    clinic.admit()
    clinic.green_api.fault(BROKEN["notifications that wait"][1])
    clinic.stored(heard_at=datetime.now(UTC) - heard)

    assert clinic.check() == found
    assert "Last heard of 20" in clinic.run("instance", "check", "support").stdout


def test_a_quota_of_which_green_api_told_is_found_although_it_answers_as_ever(clinic):
    clinic.admit()
    store, now = open_store(Settings(data_dir=clinic.folder / "data")), datetime.now(UTC)
    body = b'{"typeWebhook": "quotaExceeded"}'
    store.write(lambda db: notifications.keep(db, "k", body, "alert", now, kind="quotaExceeded", instance_id=1))
    store.close()

    assert clinic.check() == (1, ["quota-used-up"])


def test_what_keeps_a_poller_from_working_is_told_where_nothing_else_says_it(clinic):
    clinic.admit(intake="poll")
    clinic.stored(poll_reason="The network is away.")
    assert clinic.check() == (1, ["polling-fails"])

    clinic.green_api.state(LINE, "notAuthorized")
    assert clinic.check()[1][0] == "instance-not-authorized"
    assert "polling-fails" not in clinic.check()[1]

"""What the sample call made a Bitrix24 portal ring, and all that the portal was asked."""

from __future__ import annotations

from connectors.kit.testing import sample_call

CALL_ID = sample_call().id


def rings(portal):
    """Who hears it ring."""
    return sorted(one["user_id"] for one in portal.messages.bell.values() if one["SUB_TAG"] == CALL_ID)


def ends(portal):
    """Who was notified of a missed call."""
    return sorted(one["user_id"] for one in portal.messages.bell.values() if one["SUB_TAG"] == f"{CALL_ID}|end")


def asked(portal):
    return [method for entry in portal.log for method in entry.methods]

"""What each outcome of a call would be told as, under a policy and in words that need not be saved yet."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from bridge import policies
from bridge.words import Wording
from connectors.kit import Caller, CallStatus, Policy

SAMPLE = Caller("15550100142@c.us", "Anna Petrova", "contact_name", "+15550100142")
"""Somebody whose number is nobody's: 555-0100 to 0199 are kept for examples."""


@dataclass(frozen=True, slots=True)
class Preview:
    """What is told of a call that stands so; `label` and `summary` are None where nothing is."""

    status: CallStatus
    label: str | None = None
    summary: str | None = None
    takes_popup_away: bool = False


def previews(
    policy: Policy, wording: Wording, instance: str, now: datetime, *, withdraws: bool = False
) -> list[Preview]:
    """One for each status. `withdraws` says that the connector can take away what it told of ringing."""
    return [_preview(policy, wording, instance, status, now, withdraws=withdraws) for status in CallStatus]


def _preview(
    policy: Policy, wording: Wording, instance: str, status: CallStatus, now: datetime, *, withdraws: bool
) -> Preview:
    if policies.owes(policy, status) is None:
        return Preview(status, takes_popup_away=withdraws and policy is Policy.RING)
    label = wording.label(policy, status, None)
    return Preview(status, label, wording.summary(label, SAMPLE, instance, now))

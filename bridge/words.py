"""The words in which a call is told: its label, and one line that sums it up."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from connectors.kit import Caller, CallStatus, Policy

_LABELS = {
    CallStatus.RINGING: "Incoming call",
    CallStatus.ANSWERED: "Answered call",
    CallStatus.DROPPED: "Dropped call",
    CallStatus.MISSED: "Missed call",
    CallStatus.UNKNOWN: "Call, outcome not reported",
}
GROUP = "Group call"
HIDDEN = "hidden number"
_LONGEST_OUTCOME = 40


def label(policy: Policy, status: CallStatus, raw_status: str | None) -> str:
    """What a connection with this policy reads, such as `Missed call`."""
    if status is CallStatus.UNKNOWN and raw_status:
        return f"Call, outcome: {raw_status[:_LONGEST_OUTCOME]}"
    if status is CallStatus.DROPPED and policy is Policy.RESULT:
        return _LABELS[CallStatus.MISSED]  # the vendor's own short form
    return _LABELS[status]


def summary(label: str, caller: Caller, instance: str, at: datetime, timezone: str) -> str:
    """One line of plain text. The zone is printed: operators and callers live in several."""
    number = f" ({caller.phone})" if caller.phone and caller.source != "phone" else ""
    local = at.astimezone(ZoneInfo(timezone))
    return f"{label}: {caller.name}{number}, line {instance}, {local:%Y-%m-%d %H:%M %Z}"

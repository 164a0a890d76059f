"""Notifications about an account instead of a call: its state has changed, or its plan allows no more of something.

Sources: https://green-api.com/en/docs/api/receiving/notifications-format/StateInstanceChanged/,
https://green-api.com/en/docs/api/receiving/notifications-format/QuotaExceeded/
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

STATE_CHANGED = "stateInstanceChanged"
QUOTA_EXCEEDED = "quotaExceeded"
TYPES = frozenset((STATE_CHANGED, QUOTA_EXCEEDED))

WORKS = "authorized"
STARTING = "starting"


@dataclass(frozen=True, slots=True)
class Alert:
    """One of them. `word` is the new state, or the method whose quota is used up; `at` is None where none was sent."""

    type: str
    id_instance: str
    word: str | None
    at: datetime | None

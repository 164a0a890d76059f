"""Single values of GREEN-API's JSON, which spells the same in several ways: read for what can be made of them."""

from __future__ import annotations

import math
from datetime import UTC, datetime

from bridge.text import storable

LONGEST_ID = 512
_MILLISECONDS = 100_000_000_000  # as seconds this would be the year 5138


def text(value: object) -> str | None:
    """An id as text: GREEN-API sends some as numbers. Blank is absent."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return str(value)[:LONGEST_ID]
    return storable(value.strip())[:LONGEST_ID] or None if isinstance(value, str) else None


def moment(value: object) -> datetime | None:
    """Unix seconds or milliseconds, as a number or as text; None where there is no sense in it."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        seconds = float(value)
    except (ValueError, OverflowError):
        return None
    if not math.isfinite(seconds) or seconds <= 0:
        return None
    if seconds >= _MILLISECONDS:
        seconds /= 1000
    return datetime.fromtimestamp(seconds, UTC) if seconds < _MILLISECONDS else None


def flag(value: object) -> bool | None:
    """True or false, and None for anything else."""
    return value if isinstance(value, bool) else None

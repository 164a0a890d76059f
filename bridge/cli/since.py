"""Moments as people type them: a date, a time, or how long ago."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import click

Command = TypeVar("Command", bound=Callable[..., Any])

_SPAN = re.compile(r"(\d{1,9})\s*([smhdw])", re.IGNORECASE)
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


class Since(click.ParamType[datetime, Any]):
    """An ISO date or time, UTC unless it says otherwise, or a span before now such as `90m`, `2h` or `3d`."""

    name = "when"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        if isinstance(value, datetime):
            return value
        try:
            return moment(str(value).strip(), datetime.now(UTC))
        except (ValueError, OverflowError):
            self.fail(
                f"{value!r} is no moment: write a date or a time, such as 2026-11-20 or 2026-11-20T14:00, in UTC, "
                "or how long ago, such as 90m, 2h or 3d.",
                param,
                ctx,
            )


def moment(text: str, now: datetime) -> datetime:
    """The moment that is meant. Raises ValueError, or OverflowError for one before the calendar begins."""
    if span := _SPAN.fullmatch(text):
        return now - timedelta(**{_UNITS[span[2].lower()]: int(span[1])})
    read = datetime.fromisoformat(text)
    return (read if read.tzinfo else read.replace(tzinfo=UTC)).astimezone(UTC)


def since_option(what: str) -> Callable[[Command], Command]:
    """The option `--since`; `what` says which rows it leaves."""
    return click.option(
        "--since", type=Since(), help=f"{what} since then: a date or time in UTC, or such as 90m, 2h, 3d."
    )

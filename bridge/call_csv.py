"""Calls as a file for spreadsheets: UTF-8 with a mark that says so, every value in quotes, one line for each call."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator

from bridge.listing import Shown

HEADER = (
    "id", "started_at", "outcome_at", "instance", "caller", "caller_source", "phone", "status", "video", "direction",
    "late", "source", "chat_id", "told",
)  # fmt: skip
"""What programs may rely on: names are added at the end, and never renamed."""
_MARK = "\ufeff"  # without it, spreadsheets take the text for another encoding
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")


class _Lines:
    """What csv writes to: it hands the line on."""

    def write(self, line: str) -> str:
        return line


def lines(calls: Iterable[Shown]) -> Iterator[str]:
    """The file, a line at a time, its header first; only one call is held at a time."""
    writer = csv.writer(_Lines(), quoting=csv.QUOTE_ALL)
    yield _MARK + writer.writerow(HEADER)
    for call in calls:
        yield writer.writerow([_cell(call, name) for name in HEADER])


def _cell(call: Shown, name: str) -> str:
    if name == "told":
        return _text("; ".join(f"{one['connection']}: {one['state']}" for one in call["deliveries"]))
    value = call[name]
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "" if value is None else _text(str(value))


def _text(value: str) -> str:
    """Never a formula, whoever chose it.

    The apostrophe keeps a number text as well: without it, a spreadsheet reads +15551230042 as a sum and shows
    1.56E+10. Programs find the number in `chat_id` as it is.
    """
    return f"'{value}" if value.lstrip(" ").startswith(_FORMULA) else value

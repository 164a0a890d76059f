"""A call and its story on a terminal: who, what happened in order of time, and what is left to do."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bridge.cli.shown import aligned
from bridge.listing import Shown
from bridge.standings import Standing

_LATE = "yes: the phone had stopped ringing before everybody could be told that it rings"


def lines(shown: Shown, standings: Sequence[Standing]) -> Iterator[str]:
    """The page, line by line. All times are UTC."""
    yield from aligned(_head(shown))
    yield ""
    yield from aligned([(one["at"], one["what"], one["connection"] or "", one["text"]) for one in shown["story"]])
    yield ""
    yield from _ends(standings)


def _head(shown: Shown) -> list[tuple[str, ...]]:
    number = f", {shown['phone']}" if shown["phone"] and shown["caller_source"] != "phone" else ""
    head = {
        "call": shown["id"],
        "caller": f"{shown['caller']}{number} ({shown['caller_source']})",
        "instance": shown["instance"],
        "status": shown["status"],
        "started": shown["started_at"],
        "outcome": shown["outcome_at"],
        "video": {True: "yes", False: "no"}.get(shown["video"]),
        "source": None if shown["source"] == "webhook" else shown["source"],
        "late": _LATE if shown["late"] else None,
    }
    return [(name, value) for name, value in head.items() if value]


def _ends(standings: Sequence[Standing]) -> Iterator[str]:
    if not standings:
        yield "Nothing is owed to anybody for this call."
    rows: list[tuple[str, ...]] = []
    for one, following in zip(standings, [*standings[1:], None], strict=True):
        rows.append((one.connection, one.state or "-", one.text))
        if one.next and not (following and following.next == one.next):  # said once for all that it is about
            rows.append(("", "", f"next: {one.next}"))
    yield from aligned(rows)

"""Figures, and the table of them."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime

_HEAD = ("row", "what", "figure", "must", "aim", "reached")


@dataclass(frozen=True)
class Figure:
    """One measured value. `must` and `aim` bound it from above, or from below where `more` is better."""

    row: str
    what: str
    value: float
    unit: str
    must: float | None = None
    aim: float | None = None
    more: bool = False
    valid: bool = True
    """False where calls were lost, told twice or refused: the figure then counts for nothing."""
    note: str = ""

    @property
    def reached(self) -> str:
        """aim, must or no; nothing where neither is asked for."""
        if not self.valid:
            return "FAILED"
        if self.must is None and self.aim is None:
            return ""
        for word, bound in (("aim", self.aim), ("must", self.must)):
            if bound is not None and (self.value >= bound if self.more else self.value <= bound):
                return word
        return "no"


@dataclass(frozen=True)
class Skipped:
    """A row that could not be measured here, and why."""

    row: str
    reason: str


def conditions() -> dict[str, object]:
    """What the figures depend on."""
    return {
        "at": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "cpus": len(os.sched_getaffinity(0)),
        "python": platform.python_version(),
        "machine": f"{platform.system()} {platform.machine()}",
    }


def table(lines: Sequence[Figure | Skipped]) -> str:
    """A Markdown table."""
    rows = [_HEAD, tuple("---" for _ in _HEAD), *(_cells(line) for line in lines)]
    widths = [max(len(row[i]) for row in rows) for i in range(len(_HEAD))]
    return "\n".join("| " + " | ".join(cell.ljust(widths[i]) for i, cell in enumerate(row)) + " |" for row in rows)


def as_json(lines: Sequence[Figure | Skipped], asked: dict[str, object]) -> str:
    """The same for machines."""
    figures = [{**asdict(line), "reached": line.reached} for line in lines if isinstance(line, Figure)]
    skipped = [asdict(line) for line in lines if isinstance(line, Skipped)]
    whole = {"conditions": {**conditions(), **asked}, "figures": figures, "skipped": skipped}
    return json.dumps(whole, indent=2).replace("Infinity", "null")


def _cells(line: Figure | Skipped) -> tuple[str, ...]:
    if isinstance(line, Skipped):
        return (line.row, f"skipped: {line.reason}", "", "", "", "")
    sign = "≥ " if line.more else "≤ "
    bounds = (f"{sign}{_short(bound)}" if bound is not None else "" for bound in (line.must, line.aim))
    what = f"{line.what} ({line.note})" if line.note else line.what
    return (line.row, what, f"{_short(line.value)} {line.unit}".strip(), *bounds, line.reached)


def _short(value: float) -> str:
    if value in (float("inf"), float("-inf")):
        return "never"
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"

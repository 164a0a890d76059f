"""Two bridges under the same load, taking turns: what a change, a setting or a full store costs, as a ratio."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

from bench import load, rows, stored
from bench.load import Run, median, percentile
from bench.product import Product, Shape
from bench.report import Figure

_MEASURES: Sequence[tuple[str, Callable[[Run], float]]] = (
    ("ack p50", lambda run: percentile(run.ack, 50)),
    ("ack p99", lambda run: percentile(run.ack, 99)),
    ("road p50", lambda run: percentile(run.road, 50)),
    ("road p99", lambda run: percentile(run.road, 99)),
    ("CPU for each notification", lambda run: run.cpu_ms),
)


def filled(calls: int, seconds: float, runs: int) -> list[Figure]:
    """Row 5: a store that already holds this many calls, beside one that holds few, at 100/s."""
    with ExitStack() as stack:
        few = stack.enter_context(rows.running(rows.EMBEDDED))
        many = stack.enter_context(rows.running(rows.EMBEDDED))
        many.stop()
        rows.say(f"storing {calls} calls")
        stored.fill(many.folder / "data" / "ringbridge.sqlite3", calls)
        many.up()
        load.road(many, 100, 3)
        return _ratios(
            "5", f"with {calls} calls stored ÷ without, 100/s", few, many, 100, seconds, runs, must=1.2, aim=1.0
        )


def logging(seconds: float, runs: int) -> list[Figure]:
    """What a line in the log for each step costs."""
    return shapes(
        "log level INFO ÷ WARNING", rows.EMBEDDED, replace(rows.EMBEDDED, log_level="INFO"), 100, seconds, runs
    )


def against(other: Path, rate: float, seconds: float, runs: int) -> list[Figure]:
    """Another `ringbridge` (a changed tree's, say) beside ours, both embedded."""
    return shapes(f"{other} ÷ ours", rows.EMBEDDED, replace(rows.EMBEDDED, command=other), rate, seconds, runs)


def shapes(what: str, ours: Shape, other: Shape, rate: float, seconds: float, runs: int) -> list[Figure]:
    """Any two shapes."""
    with rows.running(ours) as first, rows.running(other) as second:
        return _ratios("–", f"{what}, {rate:.0f}/s", first, second, rate, seconds, runs)


def _ratios(
    row: str,
    what: str,
    base: Product,
    other: Product,
    rate: float,
    seconds: float,
    runs: int,
    must: float | None = None,
    aim: float | None = None,
) -> list[Figure]:
    pairs = []
    for number in range(runs):
        turns = [(base, "base"), (other, "other")] if number % 2 else [(other, "other"), (base, "base")]
        results = {name: rows.noted(f"{what}: {name}", load.road(one, rate, seconds)) for one, name in turns}
        pairs.append((results["base"], results["other"]))
    valid = all(one.whole for pair in pairs for one in pair)
    figures = []
    for name, measure in _MEASURES:
        ratio = median([measure(b) / measure(a) for a, b in pairs])
        before, after = (median([measure(pair[i]) for pair in pairs]) for i in (0, 1))
        note = f"{before:.2f} → {after:.2f} ms"
        figures.append(Figure(row, f"{what}: {name}", ratio, "×", must, aim, valid=valid, note=note))
    return figures

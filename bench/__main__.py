"""Measure Ringbridge: `python -m bench [ROW…]`. The rows are those of docs/benchmarks.md.

  1  acknowledge a call, committed, at 100/s          4  the whole road: 100/s embedded, 150/s split, and the highest
  2  acknowledge what we do not need                  5  the same with many calls stored (--stored)
  3  notification sent → request at the CRM, 20/s     6  memory, and start to ready
  7  each page with 100 000 calls stored              8  acknowledge a call with 200 boards open

"N/s" counts notifications; a call is two of them, and the CRM gets one request for each.
"""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from bench import compare, pages, report, rows
from bench.processes import BenchError
from bench.report import Figure, Skipped

_ROWS = ("1", "2", "3", "4", "5", "6", "7", "8")

Lines = list[Figure | Skipped]


def main() -> int:
    asked = _arguments()
    # Told to stop, it still ends all that it has started.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    lines: Lines = []
    stopped = False
    try:
        if asked.against:
            _add(lines, "–", lambda: compare.against(asked.against.resolve(), asked.rate, asked.seconds, asked.runs))
        elif asked.logging:
            _add(lines, "–", lambda: compare.logging(asked.seconds, asked.runs))
        else:
            _measure(lines, asked)
    except KeyboardInterrupt:
        stopped = True
        rows.say("stopped; what was measured until then:")
    given = {"seconds": asked.seconds, "runs": asked.runs}
    if asked.json:
        print(report.as_json(lines, given))
    else:
        now = report.conditions()
        print(
            f"\n{now['at']}, {now['cpus']} CPUs, Python {now['python']}, {now['machine']}; medians of {asked.runs} runs"
            f" of {asked.seconds:g} s.\n"
            "N/s counts notifications: two for each call, and one request to the CRM for each.\n"
        )
        print(report.table(lines))
    missed = any(isinstance(line, Figure) and line.reached in ("FAILED", "no") and line.must for line in lines)
    return int(stopped or missed)


def _measure(lines: Lines, asked: argparse.Namespace) -> None:
    wanted = set(asked.rows) or ({*_ROWS} - (set() if asked.stored else {"5"}))
    seconds, runs = asked.seconds, asked.runs
    if "6" in wanted:
        _add(lines, "6", lambda: rows.starting(runs))
    if wanted & {"1", "2", "3", "4", "6"}:
        _add(lines, "1–4", lambda: _embedded(wanted, seconds, runs))
    if "4" in wanted and not asked.no_search:
        _add(lines, "4", lambda: [rows.search(rows.EMBEDDED, 150, seconds, 250)])
    if "4" in wanted:
        _add(lines, "4", lambda: rows.sustaining(rows.SPLIT, 150, seconds, runs, 400, look=not asked.no_search))
        _add(lines, "4", lambda: rows.sustaining(rows.SPLIT_SQLITE, 150, seconds, runs, 400, look=not asked.no_search))
    if "5" in wanted:
        _add(lines, "5", lambda: compare.filled(asked.stored or 1_000_000, seconds, runs))
    if "7" in wanted:
        _add(lines, "7", lambda: pages.answering(100_000))
    if "8" in wanted:
        _add(lines, "8", lambda: pages.watched(200, seconds, runs))
    lines.sort(key=lambda line: line.row)


def _embedded(wanted: set[str], seconds: float, runs: int) -> list[Figure]:
    """All that one `up` can tell, one after the other."""
    figures: list[Figure] = []
    with rows.running(rows.EMBEDDED) as bridge:
        if "3" in wanted:
            figures += rows.leaving(bridge, seconds, runs)
        if wanted & {"1", "4", "6"}:
            figures += [one for one in rows.acknowledging(bridge, seconds, runs) if one.row in wanted]
        if "2" in wanted:
            figures += rows.unneeded(bridge, seconds, runs)
        if "6" in wanted:
            figures.append(rows.memory(bridge))
    return figures


def _add(lines: Lines, row: str, measure: Callable[[], Sequence[Figure]]) -> None:
    try:
        lines += measure()
    except BenchError as error:
        rows.say(f"row {row}: {error}")
        lines.append(Skipped(row, str(error)))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m bench", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("rows", nargs="*", choices=[*_ROWS, []], metavar="ROW", help="which rows; all but 5 if none")
    parser.add_argument("--seconds", type=float, default=20, help="how long each run lasts (20)")
    parser.add_argument("--runs", type=int, default=5, help="how many runs make a median (5)")
    parser.add_argument("--json", action="store_true", help="the table for machines")
    parser.add_argument("--stored", type=int, metavar="N", help="row 5 too, with this many calls stored before")
    parser.add_argument("--no-search", action="store_true", help="leave out the search for the highest rate")
    parser.add_argument("--logging", action="store_true", help="instead: log level INFO beside WARNING")
    parser.add_argument("--against", type=Path, metavar="COMMAND", help="instead: another `ringbridge` beside ours")
    parser.add_argument("--rate", type=float, default=100, help="notifications a second, for --against (100)")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())

"""What people look at: how quickly each page comes with many calls stored, and what open boards cost the intake."""

from __future__ import annotations

import json
import re
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import requests

from bench import load, rows, stored
from bench.load import median, percentile
from bench.processes import BenchError, module
from bench.product import Product
from bench.report import Figure

_PASSWORD = "several words that nobody guesses"
_TIMES = 21
_RATES = (5, 20, 100)
"""Notifications a second: what two hundred people can answer at the very most, row 3's, row 1's."""
_PAGES = (
    "/", "/live", "/calls", "/calls?status=missed", "/calls?q=anna+4711", "/calls?q=zzzz", "/calls?q=4711",
    "/calls?connection=crm", "/calls?from=2026-11-20", "/admin", "/admin/instances", "/admin/connections",
    "/admin/deliveries", "/admin/deliveries?state=delivered", "/admin/notifications", "/admin/users", "/admin/audit",
)  # fmt: skip


def answering(calls: int) -> list[Figure]:
    """Row 7: each page with this many calls stored, over one connection."""
    with rows.running(rows.EMBEDDED) as bridge:
        load.road(bridge, 20, 2)
        bridge.stop()
        rows.say(f"storing {calls} calls")
        stored.fill(bridge.folder / "data" / "ringbridge.sqlite3", calls)
        bridge.up()
        site = _signed_in(bridge)
        story = site.get(f"{_url(bridge)}/calls").text
        one = re.search(r'href="(/calls/[^"?]+)"', story)
        figures = []
        for path in (*_PAGES, *([one.group(1)] if one else [])):
            shown = "/calls/<one>" if one and path == one.group(1) else path
            figures.append(Figure("7", f"{shown}, {calls} calls stored", _median_of(site, bridge, path), "ms", 100))
        return figures


def watched(boards: int, seconds: float, runs: int) -> list[Figure]:
    """Row 8: acknowledging calls with so many boards open, beside none, taking turns, at two rates."""
    with rows.running(rows.EMBEDDED) as bridge:
        site = _signed_in(bridge)
        return [figure for rate in _RATES for figure in _watched(bridge, site, boards, rate, seconds, runs)]


def _watched(
    bridge: Product, site: requests.Session, boards: int, rate: int, seconds: float, runs: int
) -> list[Figure]:
    alone, beside, asked = [], [], list[float]()
    for number in range(1, runs + 1):
        alone.append(rows.noted(f"{rate}/s, no board, run {number}", load.road(bridge, rate, seconds)))
        with _open(bridge, site, boards) as seen:
            beside.append(rows.noted(f"{rate}/s, {boards} boards, run {number}", load.road(bridge, rate, seconds)))
        asked += seen["took"]
        rows.say(f"{boards} boards: {seen['statuses']}, {seen['broken']} broken")
        if seen["broken"] or set(seen["statuses"]) - {"200", "304"}:
            raise BenchError(f"Boards were refused: {seen['statuses']}, {seen['broken']} broken.")
    valid = all(one.whole for one in [*alone, *beside])
    # Over all runs together: at a low rate one run has too few for a hundredth of them to mean anything.
    without, ack = (
        {of: percentile([took for one in several for took in one.ack], of) for of in (50, 99)}
        for several in (alone, beside)
    )
    note = f"{ack[99]:.1f} to {without[99]:.1f} ms"
    return [
        Figure(
            "8", f"acknowledge with {boards} boards ÷ without, {rate}/s: p50", ack[50] / without[50], "×", valid=valid
        ),
        Figure("8", "… p99", ack[99] / without[99], "×", 1.2, valid=valid, note=note),
        Figure("8", "… a board's question answered: p50", percentile(asked, 50), "ms"),
        Figure("8", "… p99", percentile(asked, 99), "ms"),
    ]


def _median_of(site: requests.Session, bridge: Product, path: str) -> float:
    times = []
    for _ in range(_TIMES):
        began = time.monotonic()
        answer = site.get(f"{_url(bridge)}{path}")
        times.append((time.monotonic() - began) * 1000)
        if answer.status_code != 200:
            raise BenchError(f"{path} answered {answer.status_code}.")
    return median(times)


def _signed_in(bridge: Product) -> requests.Session:
    line = [str(bridge.command), "user", "add", "bench", "--role", "administrator"]
    done = subprocess.run(line, env=bridge.env, input=f"{_PASSWORD}\n", capture_output=True, text=True, check=False)
    if done.returncode:
        raise BenchError(f"Nobody could be let in: {done.stderr.strip()[-300:]}")
    site = requests.Session()
    site.headers["Accept"] = "text/html"
    token = re.search(r'name="csrf_token" value="([^"]+)"', site.get(f"{_url(bridge)}/login").text)
    given = {"name": "bench", "password": _PASSWORD, "csrf_token": token.group(1) if token else ""}
    if "/login" in site.post(f"{_url(bridge)}/login", given).url:
        raise BenchError("Signing in failed.")
    return site


@contextmanager
def _open(bridge: Product, site: requests.Session, boards: int) -> Iterator[dict[str, Any]]:
    """So many boards while the block runs; what they saw is there after it."""
    process = subprocess.Popen(
        [*module("boards"), str(bridge.port), str(boards)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdin is not None
    process.stdin.write("; ".join(f"{name}={value}" for name, value in site.cookies.items()) + "\n")
    process.stdin.flush()
    time.sleep(2)
    seen: dict[str, Any] = {}
    try:
        yield seen
    finally:
        said, _ = process.communicate()
    seen |= json.loads(said)


def _url(bridge: Product) -> str:
    return f"http://127.0.0.1:{bridge.port}"

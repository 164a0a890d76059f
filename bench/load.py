"""One run: calls sent at a rate, and what became of each, from the sender's and the receiver's own notes."""

from __future__ import annotations

import itertools
import json
import math
import statistics
import subprocess
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import psutil

from bench import product
from bench.processes import BenchError, ask, module
from bench.product import Product

INTRODUCTIONS_PER_SECOND = 80
_DRAIN = 12.0  # seconds without anything coming, after which what is missing is lost (the sweep repeats after 5)

_runs = itertools.count(int(time.time()) & 0xFFFFFF)


@dataclass(frozen=True)
class Run:
    """Milliseconds. `ack` and `road` hold one value for each notification counted, in the order of sending."""

    rate: float
    ack: list[float]
    road: list[float]
    late_p99: float
    lost: int
    overtaken: int
    """Ringing that was not told because the outcome was stored first: as it should be, but only under too much load."""
    duplicated: int
    refused: int
    lookups: int
    cpu_ms: float
    """CPU of the bridge's own processes for each notification."""
    others_cpu: float
    """CPU seconds per second used by the database and the broker."""
    bench_cpu: float
    """CPU seconds per second used by driver and receiver."""
    foreign_cpu: float
    """CPU seconds per second used by whatever else the machine was doing."""

    @property
    def whole(self) -> bool:
        """Nothing was lost, told twice, or refused, and no ringing came too late to be told."""
        return not (self.lost or self.overtaken or self.duplicated or self.refused)

    @property
    def sustained(self) -> bool:
        """All that was sent had arrived within a second, and the wait was not growing towards the end."""
        third = len(self.road) // 3
        middle, last = percentile(self.road[third:-third], 99), percentile(self.road[-third:], 99)
        return self.whole and max(self.road[-third:]) <= 1000 and last <= max(1.5 * middle, 100)


def percentile(values: Sequence[float], of_hundred: float) -> float:
    """The nearest rank; infinite where there are no values."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(len(ordered) * of_hundred / 100) - 1)] if ordered else math.inf


def median(values: Sequence[float]) -> float:
    return statistics.median(values)


def drive(order: dict[str, object]) -> dict[str, object]:
    """Have a driver of its own process carry out this order."""
    done = subprocess.run(module("driver"), input=json.dumps(order), capture_output=True, text=True, check=False)
    if done.returncode:
        raise BenchError(f"The driver failed: {done.stderr.strip()[-800:]}")
    result: dict[str, object] = json.loads(done.stdout)
    return result


def flood(port: int, path: str, seconds: float, connections: int = 16) -> float:
    """How many notifications that nobody needs are answered in a second, on this many connections."""
    result = drive({"mode": "flood", "port": port, "path": path, "seconds": seconds, "connections": connections})
    if result["wrong"]:
        raise BenchError(f"{path} refused {result['wrong']} requests.")
    return float(result["per_second"])  # type: ignore[arg-type]


def bare(port: int, path: str, rate: float, seconds: float) -> list[float]:
    """How long a bare route takes to answer calls sent at this rate, in ms."""
    rows = drive(_order(port, path, rate, seconds))["rows"]
    return [(at - due) / 1e6 for _, due, _, at, _, counted in rows if counted]  # type: ignore[attr-defined]


def introduce(bridge: Product) -> None:
    """One call from every chat, so that GREEN-API need not be asked who it is any more."""
    _send(bridge, {**_order(bridge.port, product.PATH, INTRODUCTIONS_PER_SECOND, 0), "introduce": True})


def road(bridge: Product, rate: float, seconds: float) -> Run:
    """Send calls at this rate, and wait until all has come or nothing comes any more."""
    return _send(bridge, _order(bridge.port, product.PATH, rate, seconds))


def _order(port: int, path: str, rate: float, seconds: float) -> dict[str, object]:
    number = next(_runs)
    return {
        "mode": "road",
        "introduce": False,
        "port": port,
        "path": path,
        "run": number,
        "rate": rate,
        "seconds": seconds,
    }


def _send(bridge: Product, order: dict[str, object]) -> Run:
    ask(f"{bridge.site}/bench/forget")
    before, began = _meters(bridge), time.monotonic()
    sent = drive(order)
    took, after = time.monotonic() - began, _meters(bridge)
    rows: list[tuple[str, int, int, int, int, bool]] = sent["rows"]  # type: ignore[assignment]
    product.drained(bridge, len(rows), _DRAIN)
    # What was told twice may still be on its way.
    time.sleep(0.3)
    noted = ask(f"{bridge.site}/bench/arrivals", 30)
    times = Counter(key for key, _ in noted["arrivals"])
    arrived: dict[str, int] = {}
    for key, at in noted["arrivals"]:
        arrived.setdefault(key, at)
    counted = [row for row in rows if row[5]]
    missing = {row[0] for row in rows} - arrived.keys()
    ended = {key.rpartition("-")[0] for key in arrived if not key.endswith("-ringing")}
    overtaken = sum(key.endswith("-ringing") and key.rpartition("-")[0] in ended for key in missing)
    used = [b - a for a, b in zip(before, after, strict=True)]
    driver = float(sent["cpu"])  # type: ignore[arg-type]
    return Run(
        rate=float(order["rate"]),  # type: ignore[arg-type]
        ack=[(row[3] - row[1]) / 1e6 if row[4] == 200 else math.inf for row in counted],
        road=[(arrived[row[0]] - row[1]) / 1e6 if row[0] in arrived else math.inf for row in counted],
        late_p99=percentile([(row[2] - row[1]) / 1e6 for row in counted], 99),
        lost=len(missing) - overtaken,
        overtaken=overtaken,
        duplicated=sum(many - 1 for many in times.values()) + len(times.keys() - {row[0] for row in rows}),
        refused=sum(row[4] != 200 for row in rows),
        lookups=noted["lookups"],
        cpu_ms=used[0] / len(rows) * 1000,
        others_cpu=used[1] / took,
        bench_cpu=(used[2] + driver) / took,
        foreign_cpu=max(0.0, used[3] - used[0] - used[1] - used[2] - driver) / took,
    )


def _meters(bridge: Product) -> tuple[float, float, float, float]:
    return (
        bridge.group.cpu_seconds(),
        bridge.others.cpu_seconds(),
        bridge.receiver.cpu_seconds(),
        _machine(),
    )


def _machine() -> float:
    """CPU seconds that the machine has spent on anything."""
    used = psutil.cpu_times()
    return float(used.user + used.nice + used.system + used.irq + used.softirq)

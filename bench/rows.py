"""The rows of the table of speed, each from runs of its own. Every number is the median of several runs.

A run in which a call was lost, told twice or refused fails its row, however fast it was.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from bench import bare, load, product
from bench.load import Run, median, percentile
from bench.processes import Group, module, port_of
from bench.product import Product, Shape
from bench.report import Figure

EMBEDDED = Shape("embedded")
SPLIT = Shape("split", split=True, postgres=True)
SPLIT_SQLITE = Shape("split, SQLite", split=True)


@contextmanager
def running(shape: Shape, *, introduced: bool = True) -> Iterator[Product]:
    """A bridge of this shape that knows every caller's name. All of it is gone afterwards."""
    with (
        tempfile.TemporaryDirectory(prefix="ringbridge-bench-", ignore_cleanup_errors=True) as folder,
        Group() as receiver,
        Group() as others,
        Group() as group,
    ):
        say(f"starting {shape.name}")
        bridge = product.started(shape, Path(folder) / "bridge", group, others, receiver)
        if introduced:
            load.introduce(bridge)
        yield bridge


def acknowledging(bridge: Product, seconds: float, runs: int) -> list[Figure]:
    """Row 1 and the first half of row 4: the embedded bridge at 100 notifications a second, beside a bare route."""
    with Group() as group:
        floor_port = port_of(group.start(module("bare"), talks=True))
        floors, results = [], []
        for number in range(runs):
            floors.append(load.bare(floor_port, bare.PATH, 100, min(seconds, 5)))
            results.append(noted(f"100/s, run {number + 1}", load.road(bridge, 100, seconds)))
    floor50, floor99 = (median([percentile(one, of) for one in floors]) for of in (50, 99))
    ack50, ack99 = (median([percentile(one.ack, of) for one in results]) for of in (50, 99))
    valid = all(one.whole for one in results)
    return [
        Figure("1", "acknowledge a call, committed, 100/s: p50", ack50, "ms", valid=valid),
        Figure("1", "… p99", ack99, "ms", 25, 7, valid=valid),
        Figure("1", "… as ratio to a bare route at the same rate: p50", ack50 / floor50, "×", note=f"{floor50:.2f} ms"),
        Figure("1", "… p99", ack99 / floor99, "×", note=f"{floor99:.2f} ms"),
        *_road("4", "embedded, whole road at 100/s", results),
    ]


def unneeded(bridge: Product, seconds: float, runs: int) -> list[Figure]:
    """Row 2: how many notifications that we do not need are answered, beside a bare route, taking turns."""
    with Group() as group:
        floor_port = port_of(group.start(module("bare"), talks=True))
        ours, floors = [], []
        for number in range(runs):
            floors.append(load.flood(floor_port, bare.PATH, seconds / 4))
            ours.append(load.flood(bridge.port, product.PATH, seconds / 4))
            say(f"unneeded, run {number + 1}: {ours[-1]:.0f}/s, bare route {floors[-1]:.0f}/s")
    ratio = median([one / floor for one, floor in zip(ours, floors, strict=True)])
    return [
        Figure("2", "acknowledge what we do not need, as ratio to a bare route", ratio, "×", 0.8, 0.95, more=True),
        Figure("2", "… ours", median(ours), "/s"),
        Figure("2", "… bare route on the same server", median(floors), "/s"),
    ]


def leaving(bridge: Product, seconds: float, runs: int) -> list[Figure]:
    """Row 3: from when a notification was to be sent until the CRM has the request, 20 notifications a second."""
    results = [noted(f"20/s, run {number + 1}", load.road(bridge, 20, seconds)) for number in range(runs)]
    valid = all(one.whole for one in results)
    p50, p99 = (median([percentile(one.road, of) for one in results]) for of in (50, 99))
    return [
        Figure("3", "notification sent → request at the CRM, embedded, 20/s: p50", p50, "ms", 15, 5, valid=valid),
        Figure("3", "… p99", p99, "ms", 60, 20, valid=valid),
    ]


def highest(name: str, rate: float, seconds: float, aim: float, again: Callable[[], Product]) -> Figure:
    """The highest rate that is sustained, to within 5 %. Each is tried twice before it is given up."""
    bridge = again()
    low, high = 0.0, 0.0
    while not high or high / low > 1.05:
        tried = rate if not high else (low + high) / 2
        held = False
        for _ in range(2):
            one = noted(f"{name}, {tried:.0f}/s", load.road(bridge, tried, seconds))
            held = one.sustained
            if held:
                break
            bridge = again()
        if held:
            low, rate = tried, tried * 1.25
        else:
            high = tried
        if not low and tried < 10:
            break
        if not low:
            rate, high = tried / 1.5, 0.0
    return Figure("4", f"{name}: highest sustained rate", low, "/s", aim=aim, more=True)


def sustaining(shape: Shape, rate: float, seconds: float, runs: int, aim: float, *, look: bool) -> list[Figure]:
    """Row 4 for parts in processes of their own: their must, then the highest rate."""
    with running(shape) as bridge:
        results = [noted(f"{shape.name}, {rate:.0f}/s", load.road(bridge, rate, seconds)) for _ in range(runs)]
        figures = _road("4", f"{shape.name}, whole road at {rate:.0f}/s", results)
        megabytes = bridge.group.megabytes()
    figures.append(Figure("4", f"{shape.name}: memory of all four processes, RSS", megabytes, "MB"))
    return [*figures, search(shape, rate, seconds, aim)] if look else figures


def search(shape: Shape, rate: float, seconds: float, aim: float) -> Figure:
    """The highest rate of this shape. After one that was too high it is started anew, without a backlog."""
    with ExitStack() as stack:

        def again() -> Product:
            stack.close()
            return stack.enter_context(running(shape))

        return highest(shape.name, rate, seconds, aim, again)


def starting(runs: int, shape: Shape = EMBEDDED) -> list[Figure]:
    """Row 6: from the command to the first 200 of /readyz, on a store that exists; and memory when idle."""
    times, sizes = [], []
    with running(shape, introduced=False) as bridge:
        for _ in range(runs):
            bridge.stop()
            bridge.up()
            times.append(bridge.ready_seconds)
            sizes.append(bridge.group.megabytes())
    return [
        Figure("6", "start to ready", median(times), "s", 3, 1.5),
        Figure("6", "memory of `up` when it is ready, RSS", median(sizes), "MB"),
    ]


def memory(bridge: Product) -> Figure:
    """Row 6: what `up` holds after all that was sent to it."""
    return Figure("6", "memory of `up` after load, RSS", bridge.group.megabytes(), "MB", 180, 110)


def _road(row: str, what: str, results: Sequence[Run]) -> list[Figure]:
    held = sum(one.sustained for one in results)
    valid = all(one.whole for one in results)
    p50, p99 = (median([percentile(one.road, of) for one in results]) for of in (50, 99))
    return [
        Figure(
            row, f"{what}: runs without growing backlog", held / len(results), "of 1", must=1, more=True, valid=valid
        ),
        Figure(row, "… sent → request at the CRM: p50", p50, "ms", valid=valid),
        Figure(row, "… p99", p99, "ms", valid=valid),
        Figure(row, "… CPU of the bridge for each notification", median([one.cpu_ms for one in results]), "ms"),
    ]


def noted(name: str, one: Run) -> Run:
    """Say how a run went, and hand it on."""
    faults = {"lost": one.lost, "overtaken": one.overtaken, "told twice": one.duplicated, "refused": one.refused}
    fault = "".join(f", {many} {word}" for word, many in faults.items() if many)
    asked = f", {one.lookups} looked up" if one.lookups else ""
    say(
        f"{name}: ack p50 {percentile(one.ack, 50):.2f} p99 {percentile(one.ack, 99):.2f} ms, "
        f"road p50 {percentile(one.road, 50):.2f} p99 {percentile(one.road, 99):.2f} ms, "
        f"{'held' if one.sustained else 'NOT HELD'}{fault}{asked}, {one.cpu_ms:.2f} ms CPU each; "
        f"sender late p99 {one.late_p99:.2f} ms, "
        f"CPU of store and broker {one.others_cpu:.0%}, bench {one.bench_cpu:.0%}, strangers {one.foreign_cpu:.0%}"
    )
    return one


def say(text: str) -> None:
    """Progress, beside the table."""
    print(text, file=sys.stderr, flush=True)

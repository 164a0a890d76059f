"""What a process uses over a long time, and whether that grows."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

import psutil

MIB = 1024 * 1024


@dataclass
class Readings:
    """`at` is in hours since the beginning, `memory` in MiB of resident memory, with those of its children."""

    at: list[float] = field(default_factory=list)
    memory: list[float] = field(default_factory=list)
    files: list[int] = field(default_factory=list)
    threads: list[int] = field(default_factory=list)

    def settled(self, values: list) -> list:
        """The last two thirds of some values: a process that has just begun still grows into its work."""
        return values[len(values) // 3 :]

    @property
    def slope(self) -> float:
        """MiB an hour, by least squares over the last two thirds."""
        return slope(self.settled(self.at), self.settled(self.memory))

    def growth(self, values: list[int]) -> int:
        """How much more the last third used at most than the third before."""
        third = len(values) // 3
        return max(values[-third:]) - max(values[third : 2 * third])


class Vitals(threading.Thread):
    """Reads them every `every` seconds, until `done` is set. `wal` is the largest write-ahead log in bytes."""

    def __init__(self, pids: Callable[[], dict[str, int]], wal: Path, every: float) -> None:
        super().__init__(daemon=True)
        self.of: dict[str, Readings] = {}
        self.wal = 0
        self.done = threading.Event()
        self._pids, self._file, self._every = pids, wal, every

    def run(self) -> None:
        began = time.monotonic()
        while not self.done.wait(self._every):
            for name, pid in self._pids().items():
                self._read(self.of.setdefault(name, Readings()), pid, (time.monotonic() - began) / 3600)
            if self._file.exists():
                self.wal = max(self.wal, self._file.stat().st_size)

    def _read(self, readings: Readings, pid: int, hours: float) -> None:
        family = [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]
        readings.at.append(hours)
        readings.memory.append(sum(one.memory_info().rss for one in family) / MIB)
        readings.files.append(sum(one.num_fds() for one in family))
        readings.threads.append(sum(one.num_threads() for one in family))


def slope(xs: list[float], ys: list[float]) -> float:
    """By least squares."""
    middle_x, middle_y = sum(xs) / len(xs), sum(ys) / len(ys)
    spread = sum((x - middle_x) ** 2 for x in xs)
    return sum((x - middle_x) * (y - middle_y) for x, y in zip(xs, ys, strict=True)) / spread


def p99(values: Iterable[float]) -> float:
    """The value that one in a hundred exceeds; not a number where there is none."""
    ordered = sorted(values)
    return ordered[int(0.99 * (len(ordered) - 1))] if ordered else float("nan")

"""Processes of our own: started, asked how much they used, and ended, whatever happens in between."""

from __future__ import annotations

import json
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any

import psutil

ROOT = Path(__file__).resolve().parent.parent
_PATIENCE = 20.0  # seconds that a process may take to leave when it is told to


class BenchError(Exception):
    """Something that the bench needs is missing or did not work; the message is one sentence."""


class Group:
    """Processes that belong together. Use it as a context manager: they end with it, in reverse order."""

    def __init__(self) -> None:
        self.started: list[subprocess.Popen[str]] = []

    def start(
        self,
        command: Sequence[str],
        *,
        log: Path | None = None,
        env: Mapping[str, str] | None = None,
        user: str | None = None,
        talks: bool = False,
    ) -> subprocess.Popen[str]:
        """Start one; what it writes to stderr (and stdout, unless it `talks`) goes to `log`."""
        target = log.open("a") if log else subprocess.DEVNULL
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE if talks else target,
            stderr=target,
            text=True,
            env=env,
            user=user,
            cwd=ROOT,
        )
        self.started.append(process)
        return process

    def __enter__(self) -> Group:
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        for process in reversed(self.started):
            process.terminate()
            try:
                process.wait(_PATIENCE)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self.started.clear()

    def check(self) -> None:
        """Raise BenchError if one has ended by itself."""
        for process in self.started:
            if process.poll() is not None:
                raise BenchError(f"{' '.join(map(str, process.args))} ended with {process.returncode}.")  # type: ignore[arg-type]

    def cpu_seconds(self) -> float:
        """What they and their children have used so far."""
        return sum(_cpu(process) for process in self._all())

    def megabytes(self) -> float:
        """What they and their children have in memory (RSS; what they share is counted for each)."""
        total = 0
        for process in self._all():
            with suppress(psutil.Error):
                total += process.memory_info().rss
        return total / 1_000_000

    def _all(self) -> Iterable[psutil.Process]:
        for process in self.started:
            with suppress(psutil.Error):
                parent = psutil.Process(process.pid)
                yield parent
                yield from parent.children(recursive=True)


def _cpu(process: psutil.Process) -> float:
    with suppress(psutil.Error):
        used = process.cpu_times()
        return float(used.user + used.system)
    return 0.0


def module(name: str) -> list[str]:
    """The command that runs one of our own modules."""
    return [sys.executable, "-m", f"bench.{name}"]


def port_of(process: subprocess.Popen[str]) -> int:
    """The port that one of our own servers prints first."""
    assert process.stdout is not None
    return int(process.stdout.readline())


def ask(url: str, seconds: float = 5.0) -> Any:
    """The JSON at this address of ours."""
    with urllib.request.urlopen(url, timeout=seconds) as answer:
        return json.load(answer)


def wait_until_ready(url: str, group: Group, seconds: float = 60.0) -> float:
    """Ask until the answer is 200, and return how many seconds that took. Raises BenchError."""
    began = time.monotonic()
    while time.monotonic() - began < seconds:
        with suppress(OSError), urllib.request.urlopen(url, timeout=2):
            return time.monotonic() - began
        group.check()
        time.sleep(0.01)
    raise BenchError(f"{url} was not ready within {seconds:.0f} s.")

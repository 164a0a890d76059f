"""A disk that fills up and is freed again under a running process."""

from __future__ import annotations

import resource
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_SIZE = 16 << 20  # bytes; a small store with its log, which grows to 4 MiB, takes less than half of it
_LEAST = 1  # byte: whatever is written beyond fails


class NotPermitted(Exception):
    """This account may not mount file systems."""


class SmallDisk:
    """A file system of 16 MiB. What fails on it says "database or disk is full"."""

    def __init__(self, folder: Path) -> None:
        self._ballast = folder / "ballast"

    def fill(self, _pid: int) -> None:
        with self._ballast.open("ab", buffering=0) as file:
            for size in (1 << 16, 1 << 10, 1):
                _written_until_full(file, b"x" * size)

    def free(self, _pid: int) -> None:
        self._ballast.unlink()


class FileLimit:
    """No file of the process may grow, and those that are there can be written at their first byte only.

    What fails then says "disk I/O error".
    """

    def fill(self, pid: int) -> None:
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (_LEAST, resource.RLIM_INFINITY))

    def free(self, pid: int) -> None:
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))


@contextmanager
def small_disk(folder: Path) -> Iterator[SmallDisk]:
    """Mount one at this folder. Raises NotPermitted."""
    folder.mkdir(parents=True)
    mount = ["mount", "-t", "tmpfs", "-o", f"size={_SIZE},mode=0700", "tmpfs", str(folder)]
    try:
        done = subprocess.run(mount, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        raise NotPermitted("there is no `mount` on this machine") from None
    if done.returncode:
        raise NotPermitted(f"no file system can be mounted here: {done.stderr.strip()}")
    try:
        yield SmallDisk(folder)
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def _written_until_full(file, block: bytes) -> None:
    try:
        while True:
            file.write(block)
    except OSError:
        return

"""A PostgreSQL and a Redis for one run: started from what is installed, in folders that go away."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import time
from contextlib import suppress
from pathlib import Path

from bench.processes import BenchError, Group

_UNPRIVILEGED = ("postgres", "nobody")
_PATIENCE = 30.0


def redis(group: Group, folder: Path) -> str:
    """Start one and return its address. Nothing is written to disk: it is a doorbell."""
    binary = shutil.which("redis-server")
    if binary is None:
        raise BenchError("redis-server is not installed.")
    port = free_port()
    options = ["--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", str(folder)]
    group.start([binary, *options], log=folder / "redis.log")
    _wait_for_port(port, group)
    return f"redis://127.0.0.1:{port}/0"


def postgres(group: Group, folder: Path) -> str:
    """Make a cluster with its defaults (so each commit is on the disk), start it, and return its address."""
    initdb, server = _binary("initdb"), _binary("postgres")
    user = _unprivileged()
    data, port = folder / "postgres", free_port()
    data.mkdir(mode=0o700)
    if user:
        for path in (folder, folder.parent):  # both are ours for this run, and the other user has to pass through
            path.chmod(path.stat().st_mode | 0o011)
        shutil.chown(data, user)
    made = subprocess.run(
        [initdb, "--pgdata", data, "--username", "bench", "--auth", "trust", "--encoding", "UTF8", "--locale", "C"],
        capture_output=True,
        text=True,
        user=user,
        cwd="/",
        check=False,
    )
    if made.returncode:
        raise BenchError(f"initdb failed: {made.stderr.strip().splitlines()[-1]}")
    options = ["-D", str(data), "-p", str(port), "-h", "127.0.0.1", "-k", ""]
    group.start([server, *options], log=folder / "postgres.log", user=user)
    _wait_for_port(port, group)
    time.sleep(0.5)  # the port opens a moment before it takes connections
    return f"postgresql://bench@127.0.0.1:{port}/postgres"


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def _binary(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        versions = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
        found = str(versions[-1]) if versions else None
    if found is None:
        raise BenchError(f"PostgreSQL's {name} is not installed.")
    return found


def _unprivileged() -> str | None:
    """PostgreSQL refuses to run as root."""
    if os.getuid() != 0:
        return None
    known = {entry.pw_name for entry in pwd.getpwall()}
    return next(name for name in _UNPRIVILEGED if name in known)


def _wait_for_port(port: int, group: Group) -> None:
    deadline = time.monotonic() + _PATIENCE
    while time.monotonic() < deadline:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        group.check()
        time.sleep(0.02)
    raise BenchError(f"Nothing answered at port {port} within {_PATIENCE:.0f} s.")

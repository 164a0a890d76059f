"""PostgreSQL and Redis of our own, started from the binaries of this machine for one test run."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import redis

PATIENCE = 30.0


class Missing(Exception):
    """This machine lacks the binary; the message names it."""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _binary(name: str, *places: str) -> str:
    path = os.pathsep.join([*places, os.environ.get("PATH", "")])
    found = shutil.which(name, path=path)
    if not found:
        raise Missing(f"{name} is not installed on this machine")
    return found


@contextmanager
def redis_server() -> Iterator[str]:
    """The address of a Redis that keeps nothing."""
    binary, port = _binary("redis-server"), free_port()
    server = subprocess.Popen(
        [binary, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"],
        stdout=subprocess.DEVNULL,
        cwd=tempfile.gettempdir(),
    )
    try:
        client = redis.Redis(port=port)
        _until(lambda: client.ping(), redis.ConnectionError)
        client.close()
        yield f"redis://127.0.0.1:{port}/0"
    finally:
        server.terminate()
        server.wait()


@contextmanager
def postgres_server() -> Iterator[str]:
    """The address of an empty PostgreSQL. It forgets its disk's promises: here only its clients are killed."""
    versions = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    initdb, postgres = (_binary(name, *map(str, versions)) for name in ("initdb", "postgres"))
    user = _unprivileged()
    with tempfile.TemporaryDirectory(prefix="ringbridge-postgres-") as folder:
        data = Path(folder) / "data"
        if user:
            os.chown(folder, user.pw_uid, user.pw_gid)
        run = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []} if user else {}
        environment = {"PATH": os.environ.get("PATH", ""), "LC_ALL": "C.UTF-8", "HOME": folder}
        made = subprocess.run(
            [initdb, "-D", data, "-U", "ringbridge", "-A", "trust", "-E", "UTF8", "--no-sync"],
            capture_output=True, text=True, cwd=folder, env=environment, check=False, **run,
        )  # fmt: skip
        if made.returncode:
            raise RuntimeError(made.stderr)
        port = free_port()
        settings = [f"port={port}", "listen_addresses=127.0.0.1", f"unix_socket_directories={folder}", "fsync=off"]
        server = subprocess.Popen(
            [postgres, "-D", data, *(part for setting in settings for part in ("-c", setting))],
            stderr=subprocess.DEVNULL, cwd=folder, env=environment, **run,
        )  # fmt: skip
        try:
            address = f"postgresql://ringbridge@127.0.0.1:{port}/postgres"
            _until(lambda: psycopg.connect(address).close(), psycopg.OperationalError)
            yield address
        finally:
            server.terminate()
            server.wait()


def _unprivileged() -> pwd.struct_passwd | None:
    """PostgreSQL refuses to run as root: somebody else then, whoever there is."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise Missing("an account other than root to run PostgreSQL under")


def _until(attempt, error) -> None:
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            attempt()
        except error:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)
        else:
            return

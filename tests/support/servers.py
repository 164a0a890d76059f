"""PostgreSQL and Redis of our own, started from the binaries of this machine for one test run."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
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


class RedisServer:
    """A Redis that keeps nothing, and comes back at the same address when it is started again."""

    def __init__(self) -> None:
        self._binary, self.port = _binary("redis-server"), free_port()
        self._process: subprocess.Popen | None = None

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        self._process = subprocess.Popen(
            [self._binary, "--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"],
            stdout=subprocess.DEVNULL,
            cwd=tempfile.gettempdir(),
        )
        with self.client() as client:
            _until(lambda: client.ping(), redis.ConnectionError)

    def client(self) -> redis.Redis:
        return redis.Redis(port=self.port, decode_responses=True)

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait()


class PostgresServer:
    """A PostgreSQL in a folder of its own. It forgets its disk's promises: here only processes are killed.

    What was committed is with the operating system by then, and outlives the server's processes.
    """

    def __init__(self, folder: Path) -> None:
        versions = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
        self._initdb, self._postgres = (_binary(name, *map(str, versions)) for name in ("initdb", "postgres"))
        self._folder, self._data, self.port = folder, folder / "data", free_port()
        self._process: subprocess.Popen | None = None
        user = _unprivileged()
        if user:
            os.chown(folder, user.pw_uid, user.pw_gid)
        environment = {"PATH": os.environ.get("PATH", ""), "LC_ALL": "C.UTF-8", "HOME": str(folder)}
        self._run: dict = {"cwd": folder, "env": environment}
        if user:
            self._run |= {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}

    @property
    def url(self) -> str:
        return f"postgresql://ringbridge@127.0.0.1:{self.port}/postgres"

    def create(self) -> None:
        made = subprocess.run(
            [self._initdb, "-D", self._data, "-U", "ringbridge", "-A", "trust", "-E", "UTF8", "--no-sync"],
            capture_output=True, text=True, check=False, **self._run,
        )  # fmt: skip
        if made.returncode:
            raise RuntimeError(made.stderr)

    def start(self) -> None:
        """Return once it takes connections, which after a kill is when it has recovered."""
        settings = [
            f"port={self.port}", "listen_addresses=127.0.0.1", f"unix_socket_directories={self._folder}", "fsync=off"
        ]  # fmt: skip
        self._process = subprocess.Popen(
            [self._postgres, "-D", self._data, *(part for setting in settings for part in ("-c", setting))],
            stderr=subprocess.DEVNULL,
            **self._run,
        )
        _until(lambda: psycopg.connect(self.url).close(), psycopg.OperationalError)

    def stop(self, how: int = signal.SIGTERM) -> None:
        """`SIGQUIT` is what `pg_ctl stop -m immediate` sends: every process ends at once, and nothing is finished."""
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait()


@contextmanager
def redis_server() -> Iterator[str]:
    """The address of a Redis that keeps nothing."""
    with own_redis() as server:
        yield server.url


@contextmanager
def own_redis() -> Iterator[RedisServer]:
    """A Redis that may be stopped and started."""
    server = RedisServer()
    try:
        server.start()
        yield server
    finally:
        server.stop()


@contextmanager
def postgres_server() -> Iterator[str]:
    """The address of an empty PostgreSQL."""
    with own_postgres() as server:
        yield server.url


@contextmanager
def own_postgres() -> Iterator[PostgresServer]:
    """An empty PostgreSQL that may be stopped and started."""
    with tempfile.TemporaryDirectory(prefix="ringbridge-postgres-") as folder:
        server = PostgresServer(Path(folder))
        try:
            server.create()
            server.start()
            yield server
        finally:
            server.stop()


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

"""Ringbridge, started through its public commands, with folders and ports of its own."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from base64 import urlsafe_b64encode
from dataclasses import dataclass, field
from pathlib import Path

from bench import backends, plan
from bench.processes import BenchError, Group, ask, module, port_of, wait_until_ready

PATH = "/webhooks/greenapi"
COMMAND = Path(sys.executable).parent / "ringbridge"


@dataclass
class Product:
    """One running bridge. `others` are the database and the broker beside it."""

    group: Group
    others: Group
    receiver: Group
    port: int
    site: str
    folder: Path
    env: dict[str, str]
    command: Path
    ready_seconds: float = 0.0

    def stop(self) -> None:
        """End its own processes; the store stays."""
        self.group.__exit__(None, None, None)

    def up(self) -> None:
        """Start `ringbridge up` and wait until it is ready, at a port where nothing listened yet."""
        self.port = backends.free_port()
        self._start("up", "--port", str(self.port))
        self._ready()

    def parts(self) -> None:
        """Start web, both workers and beat, and wait until they are ready."""
        self.port = backends.free_port()
        self._start("web", "--port", str(self.port))
        self._start("worker", "--queues", "ring")
        self._start("worker", "--queues", "notes")
        self._start("beat")
        self._ready()

    def call(self, *arguments: str) -> None:
        """Run a command to its end. Raises BenchError."""
        done = subprocess.run(
            [str(self.command), *arguments], env=self.env, capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise BenchError(f"ringbridge {arguments[0]} failed: {done.stderr.strip()[-500:]}")

    def _start(self, *arguments: str) -> None:
        self.group.start([str(self.command), *arguments], env=self.env, log=self.folder / f"{arguments[0]}.log")

    def _ready(self) -> None:
        try:
            self.ready_seconds = wait_until_ready(f"http://127.0.0.1:{self.port}/readyz", self.group)
        except BenchError as error:
            logs = sorted(self.folder.glob("*.log"), key=lambda log: log.stat().st_mtime)
            raise BenchError(f"{error} {logs[-1].read_text()[-800:] if logs else ''}") from None


@dataclass(frozen=True)
class Shape:
    """Which parts run, over which store, and with what else in the environment."""

    name: str
    split: bool = False
    postgres: bool = False
    log_level: str = "WARNING"
    command: Path = COMMAND
    more: dict[str, str] = field(default_factory=dict)


def started(shape: Shape, folder: Path, group: Group, others: Group, receiver: Group) -> Product:
    """A bridge of this shape, configured and ready. What is started ends with its group."""
    folder.mkdir()
    site = f"http://127.0.0.1:{port_of(receiver.start(module('receiver'), talks=True))}"
    # PYTHONPATH stays out: a command measured from another tree brings its own.
    env = {name: value for name, value in os.environ.items() if not name.startswith("RINGBRIDGE_")}
    env |= {
        "RINGBRIDGE_DATA_DIR": str(folder / "data"),
        "RINGBRIDGE_ALLOWED_PRIVATE_NETWORKS": "127.0.0.0/8",
        "RINGBRIDGE_LOG_LEVEL": shape.log_level,
        "RINGBRIDGE_SECRET_KEY": urlsafe_b64encode(os.urandom(32)).decode(),
        **shape.more,
    }
    if shape.split:
        env["RINGBRIDGE_BROKER_URL"] = backends.redis(others, folder)
    if shape.postgres:
        env["RINGBRIDGE_DATABASE_URL"] = backends.postgres(others, folder)
    product = Product(group, others, receiver, 0, site, folder, env, shape.command)
    file = folder / "ringbridge.toml"
    file.write_text("\n".join(plan.configuration(site)) + "\n")
    product.call("apply", str(file))
    if shape.split:
        product.parts()
    else:
        product.up()
    return product


def drained(product: Product, expected: int, seconds: float) -> bool:
    """Wait until the receiver has had this many requests, or nothing has come for `seconds`."""
    last, moved = -1, time.monotonic()
    while True:
        count = ask(f"{product.site}/bench/count")["arrivals"]
        if count >= expected:
            return True
        if count != last:
            last, moved = count, time.monotonic()
        elif time.monotonic() - moved > seconds:
            return False
        product.group.check()
        time.sleep(0.1)

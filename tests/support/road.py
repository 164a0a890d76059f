"""The whole road with real processes: a GREEN-API and a CRM of our own, and Ringbridge between them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from types import MappingProxyType

import requests
from servers import free_port

from bridge.greenapi.standin import Account, GreenApi
from tasks.demo.crm import Crm

ID_INSTANCE = "7103111222"
ANNA, BORIS, CARLA = "15551230001@c.us", "15551230002@c.us", "15551230003@c.us"
CONTACTS = {ANNA: {"contactName": "Anna Petrova", "name": "Anya"}, BORIS: {"contactName": "", "name": "Boris"}}
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
API_TOKEN = "canary-token-of-the-api"
WEBHOOK_TOKEN = "canary-token-of-the-webhook"
_RINGBRIDGE = [sys.executable, "-m", "tasks.main"]


def until(condition: Callable[[], object], seconds: float = 30.0, what: str = "") -> None:
    """Wait for a condition, and fail with what was waited for."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not within {seconds} s: {what or condition}"
        time.sleep(0.02)


class Road:
    """`policies` gives a connection for each, named after it; `addresses` the environment of the split shape.

    `door` is the intake of the first instance, `webhook` or `poll`, and of `lines`; `others` are polled. `program` is
    what is started.
    """

    def __init__(
        self,
        folder: Path,
        policies: tuple[str, ...] = ("all",),
        addresses: dict[str, str] | None = None,
        *,
        contacts: dict = CONTACTS,
        lookups_per_second: float = 1.0,
        door: str = "webhook",
        lines: tuple[str, ...] = (),
        **environment: str,
    ) -> None:
        self.folder = folder
        self.program = _RINGBRIDGE
        self.lookups_per_second = lookups_per_second
        self.door = door
        self.lines = lines
        self.others: list[str] = []
        self.split = addresses is not None
        self.crm = Crm(dict.fromkeys(policies, SECRET))
        self.crm.start()
        self.port = free_port()
        self.green_api = GreenApi(pause=0.5, contacts_per_second=lookups_per_second)
        self.green_api.start()
        for id_instance in (ID_INSTANCE, *lines):
            self.account(id_instance, contacts)
        self.processes: dict[str, subprocess.Popen] = {}
        self.commands: dict[str, tuple[list[str], dict[str, str]]] = {}
        self.parts_started = 0
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("RINGBRIDGE_")},
            "RINGBRIDGE_DATA_DIR": str(folder / "data"),
            "RINGBRIDGE_ALLOWED_PRIVATE_NETWORKS": "127.0.0.0/8",
            **(addresses or {}),
            **environment,
        }
        self.policies = policies
        self.apply()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.kill()
        self.green_api.stop()
        self.crm.stop()

    def account(self, id_instance: str, contacts: dict) -> None:
        """Add it to GREEN-API, or change it there."""
        is_pushed = self.door == "webhook" and id_instance not in self.others
        self.green_api.account(
            Account(
                id_instance=id_instance,
                api_token=API_TOKEN,
                webhook_url=f"http://127.0.0.1:{self.port}/webhooks/greenapi" if is_pushed else "",
                webhook_token=WEBHOOK_TOKEN,
                contacts=contacts,
            )
        )

    def apply(self, more: str = "") -> str:
        """Write the file and apply it."""
        lines = self._instance("support", ID_INSTANCE, self.door)
        for id_instance in self.lines:
            lines += self._instance(f"line-{id_instance}", id_instance, self.door)
        for id_instance in self.others:
            lines += self._instance(f"line-{id_instance}", id_instance, "poll")
        for policy in self.policies:
            hook = f'{{ url = "{self.crm.url}/hooks/{policy}", secret = "{SECRET}" }}'
            lines += ["[[connection]]", f'name = "{policy}"', 'connector = "webhook"', f'policy = "{policy}"']
            lines += [f"settings = {hook}"]
        file = self.folder / "ringbridge.toml"
        file.write_text("\n".join([*lines, more]))
        return self.run("apply", str(file))

    def _instance(self, name: str, id_instance: str, intake: str) -> list[str]:
        values = {
            "name": name,
            "id_instance": id_instance,
            "api_url": self.green_api.url,
            "api_token": API_TOKEN,
            "webhook_token": WEBHOOK_TOKEN,
            "intake": intake,
        }
        lines = [f'{key} = "{value}"' for key, value in values.items()]
        return ["[[instance]]", *lines, f"lookups_per_second = {self.lookups_per_second}"]

    def run(self, *arguments: str) -> str:
        """One command of ours, which must succeed; what it printed."""
        done = subprocess.run(
            [*_RINGBRIDGE, *arguments], env=self.environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def calls(self) -> list[dict]:
        return json.loads(self.run("call", "list", "--json"))

    def start(
        self, workers: int = 1, own: Mapping[str, dict[str, str]] = MappingProxyType({}), **environment: str
    ) -> None:
        """Start every process of the shape; `environment` goes to all of them, and `own` to one each, by its name.

        The embedded shape is one process, however many workers are asked for.
        """
        port = ["--port", str(self.port)]
        commands = {"up": ["up", *port]}
        if self.split:
            more = {f"worker-{number}": ["worker"] for number in range(2, workers + 1)}
            commands = {"web": ["web", *port], "worker": ["worker"], **more, "beat": ["beat"]}
            if self.door == "poll" or self.others:
                commands["poll"] = ["poll"]
        self.commands = {name: (arguments, environment | own.get(name, {})) for name, arguments in commands.items()}
        for name in commands:
            self.start_again(name)
        until(self.is_ready, 60, "the bridge to be ready")
        if self.split:
            self.parts_started += len(commands) - 1
            until(lambda: self.log().count(" is ready") >= self.parts_started, 60, "worker and beat to be ready")

    def start_again(self, name: str) -> None:
        """Start one process of the shape as it was started before."""
        self.start_one(name, *self.commands[name])

    def start_one(self, name: str, arguments: list[str], environment: dict[str, str]) -> None:
        log = (self.folder / f"{name}.log").open("a")
        self.processes[name] = subprocess.Popen(
            [*self.program, *arguments],
            env={**self.environment, **environment},
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        log.close()

    def is_ready(self) -> bool:
        try:
            return requests.get(f"http://127.0.0.1:{self.port}/readyz", timeout=5).ok
        except requests.RequestException:
            return False

    @property
    def carrier(self) -> subprocess.Popen:
        """The process that delivers."""
        return self.processes["worker" if self.split else "up"]

    @property
    def intake(self) -> subprocess.Popen:
        """The process that answers GREEN-API."""
        return self.processes["web" if self.split else "up"]

    @property
    def fetcher(self) -> subprocess.Popen:
        """The process that polls."""
        return self.processes["poll" if self.split else "up"]

    def kill(self) -> None:
        """End everything as a power cut does. A web server's children go with it."""
        for process in self.processes.values():
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        self.processes.clear()

    def stop(self) -> None:
        """Ask every process to leave, and see that it does so in order."""
        for process in self.processes.values():
            process.terminate()
        codes = {name: process.wait(30) for name, process in self.processes.items()}
        self.processes.clear()
        assert set(codes.values()) == {0}, codes

    def log(self) -> str:
        return "".join(path.read_text() for path in self.folder.glob("*.log"))

    def ring(self, chat=ANNA, outcome="pickUp", after=0.5, *, at=ID_INSTANCE, **variants) -> str:
        """Returns the call's id."""
        return f"{at}-{self.green_api.ring(at, chat, outcome, after, **variants)}"

    def waiting(self) -> int:
        """How many notifications GREEN-API has yet to push."""
        return sum(map(self.green_api.waiting, (ID_INSTANCE, *self.lines)))

    def pushed(self) -> list[tuple[str, str, float]]:
        """(call's id, status on the wire, when) of each notification that was answered 200."""
        return [
            (f"{entry['id_instance']}-{entry['id_message']}", entry["status"], entry["sent_at"])
            for entry in self.green_api.log.entries()
            if entry["what"] == "pushed" and entry["answer"] == 200
        ]

    def kept(self, name: str = "all") -> list[str]:
        """`<call id>-<status>` of each record of a hook, in the order in which they were written."""
        return [str(record["webhook_id"]) for record in self.crm.records() if record["name"] == name]

    def told(self, calls: Iterable[str], status: str = "missed", seconds: float = 60.0) -> float:
        """Wait until there is a record of each call's outcome; how many seconds that took."""
        awaited, began = {f"{call}-{status}" for call in calls}, time.monotonic()
        until(lambda: awaited <= set(self.kept()), seconds, f"{status} to be told of {len(awaited)} calls")
        return time.monotonic() - began

    def labels(self, name: str = "all") -> list[tuple[str, str]]:
        """(label, caller's name) of each record of a hook."""
        bodies = [record["body"]["data"] for record in self.crm.records() if record["name"] == name]
        return [(body["label"], body["caller"]["name"]) for body in bodies]

    def requests(self, name: str = "all") -> Counter:
        """How often each message was sent."""
        return Counter(str(entry["webhook_id"]) for entry in self.crm.log.entries() if entry["name"] == name)

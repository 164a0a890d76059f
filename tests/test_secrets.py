"""No secret comes out anywhere: planted ones go through a real bridge while all goes wrong, and are searched for.

The search proves itself at the end of each test: it must find a secret that was put where none may be.
"""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from collections.abc import Iterator
from urllib.parse import quote

import psycopg
import pytest
import redis
import requests
import road as roads
from road import ANNA, BORIS, CARLA, ID_INSTANCE, Road, until
from servers import free_port

from bridge import redaction
from bridge.greenapi.standin import Fault as GreenApiFault
from tasks.demo.crm import Fault

API, WEBHOOK = "canary-api-8f1c7be2", "canary-webhook-52d7aa10"
SIGNING = base64.b64encode(b"canary-signing-secret-0001").decode()
KEY = "canary-key-a41e8e4c0e0b4b7c9a61d5b2f9be0d5f"
METRICS, DATABASE = "canary-metrics-77aa01", "canary-database-90cc2e"
PATH, TOKEN, MISTYPED = "canary-path-3be1f0a9", "canary-token-of-leaky", "canary-mistyped-1d2e"
SECRETS = (API, WEBHOOK, SIGNING, KEY, METRICS, DATABASE, PATH, TOKEN, MISTYPED)

LEAKY = '''
import logging
from pydantic import Field, HttpUrl, SecretStr
from connectors.kit import Connector, ConnectorSettings, Policy, Retryable

class Settings(ConnectorSettings):
    url: HttpUrl = Field(title="Address", description="Any.")
    token: SecretStr = Field(title="Token", description="Any.")

class Leaky(Connector):
    """Says its secrets in every way that a connector has."""
    title = "Leaky"
    Settings = Settings
    policy = Policy.RESULT
    on_unsure = "repeat"

    def __init__(self, settings, http):
        self.secrets = f"{settings.url} Bearer {settings.token.get_secret_value()}"

    def check(self):
        raise Retryable(f"refused {self.secrets}")

    def find_caller(self, phone):
        logging.getLogger("leaky").warning("asking %s", self.secrets, extra={"url": self.secrets})
        raise Retryable(f"refused {self.secrets}")

    def deliver(self, call, known):
        try:
            raise ValueError(self.secrets)
        except ValueError as error:
            if call.caller.phone == "+15551230001":
                raise KeyError(self.secrets) from error
            raise Retryable(f"refused {self.secrets}") from error
'''


@pytest.fixture
def packages(tmp_path):
    """A folder with a connector of somebody else's, as pip would have installed it."""
    folder = tmp_path / "packages"
    installed = folder / "leaky-1.0.dist-info"
    installed.mkdir(parents=True)
    (folder / "leaky.py").write_text(LEAKY)
    (installed / "METADATA").write_text("Metadata-Version: 2.1\nName: leaky\nVersion: 1.0\n")
    (installed / "entry_points.txt").write_text("[ringbridge.connectors]\nleaky = leaky:Leaky\n")
    return folder


@pytest.fixture
def road(tmp_path, shape, packages, monkeypatch):
    monkeypatch.setattr(roads, "API_TOKEN", API)
    monkeypatch.setattr(roads, "WEBHOOK_TOKEN", WEBHOOK)
    monkeypatch.setattr(roads, "SECRET", f"whsec_{SIGNING}")
    addresses = shape and dict(shape)
    if addresses:
        with_password = addresses["RINGBRIDGE_DATABASE_URL"].replace("ringbridge@", f"ringbridge:{DATABASE}@")
        addresses |= {"RINGBRIDGE_DATABASE_URL": with_password, "RINGBRIDGE_SECRET_KEY": KEY}
    else:
        monkeypatch.setenv("RINGBRIDGE_SECRET_KEY", KEY)
    folder = tmp_path / "road"
    folder.mkdir()
    with Road(
        folder, ("all", "result"), addresses, PYTHONPATH=str(packages), RINGBRIDGE_LOG_LEVEL="DEBUG",
        RINGBRIDGE_METRICS_TOKEN=METRICS, RINGBRIDGE_SECRET_KEY=KEY, RINGBRIDGE_LEASE_SECONDS="8",
    ) as road:  # fmt: skip
        yield road


@pytest.fixture
def command(road, run, packages, monkeypatch):
    """Runs one command, as a process that has read nothing yet, and returns all that it printed.

    Over SQLite in this process, which is quick; a command leaves its connections to PostgreSQL to the process's end.
    """
    monkeypatch.syspath_prepend(packages)
    environment = {name: value for name, value in road.environment.items() if name.startswith("RINGBRIDGE_")}

    def command(*arguments):
        if road.split:
            line = [sys.executable, "-m", "tasks.main", *arguments]
            done = subprocess.run(line, env=road.environment, capture_output=True, check=False)
            return (done.stdout + done.stderr).decode()
        monkeypatch.setattr(redaction, "_known", redaction._Known())
        return run(*arguments, **environment).output

    return command


def more_connections(road):
    """Those that go wrong: nobody listens, credentials refused, too many, no answer, and one that tells everything."""
    text = ""
    for name, url in (
        ("down", f"http://127.0.0.1:{free_port()}/hooks/{PATH}"),
        ("refused", f"{road.crm.url}/hooks/refused"),
        ("limited", f"{road.crm.url}/hooks/limited"),
        ("hanging", f"{road.crm.url}/hooks/hanging"),
        (PATH, f"{road.crm.url}/hooks/{PATH}"),
    ):
        settings = f'{{ url = "{url}", secret = "whsec_{SIGNING}" }}'
        name = "hidden" if name == PATH else name
        text += f'\n[[connection]]\nname = "{name}"\nconnector = "webhook"\npolicy = "all"\nsettings = {settings}\n'
    leaky = f'{{ url = "https://crm.example.com/{PATH}?key={PATH}", token = "{TOKEN}" }}'
    return text + f'\n[[connection]]\nname = "leaky"\nconnector = "leaky"\npolicy = "result"\nsettings = {leaky}\n'


def commands(road, command) -> list[str]:
    """What every command prints, on both streams, those that must fail among them."""
    faulty = [road.folder / f"faulty{number}.toml" for number in range(6)]
    good = (road.folder / "ringbridge.toml").read_text()
    faults = [
        f'api_token = "{MISTYPED}"\n{good}', good.replace(f'"{API}"', f'["{MISTYPED}"]'),
        good.replace("whsec_", f"{MISTYPED}_"),
        good.replace(f'api_token = "{API}"', f'api_token = "{MISTYPED}'), f"{good}\n[[connection]]\nx = '{MISTYPED}'\n",
        good.replace(f'token = "{TOKEN}"', f'token = "{MISTYPED}", secret = "{MISTYPED}"'),
    ]  # fmt: skip
    for file, text in zip(faulty, faults, strict=True):
        file.write_text(text)
    asked = [
        *(("apply", str(file), "--dry-run") for file in faulty),
        ("call", "list"), ("call", "list", "--json"), ("delivery", "list"), ("delivery", "list", "--json"),
        ("instance", "list"), ("instance", "list", "--json"), ("connection", "list"), ("connection", "list", "--json"),
        ("connector", "list"), ("connector", "show", "leaky"), ("connector", "show", "webhook", "--json"),
        *(("connection", "check", name) for name in ("leaky", "down", "hidden")),
        ("connection", "check", "leaky", "--json"), ("export",), ("notification", "list", "--json"),
        *(("call", "show", call["id"], *form) for call in road.calls()[:3] for form in ((), ("--json",))),
    ]  # fmt: skip
    return [command(*arguments) for arguments in (asked[-12:] if road.split else asked)]


def answers(road) -> Iterator[str]:
    """What the HTTP surface says to those who have a token, and to those who have another."""
    url = f"http://127.0.0.1:{road.port}"
    for path in ("/healthz", "/readyz", "/metrics", "/", f"/{PATH}"):
        for token in (None, f"Bearer {METRICS}", f"Bearer {WEBHOOK}", "Bearer wrong"):
            answer = requests.get(f"{url}{path}", headers={"Authorization": token} if token else {}, timeout=20)
            yield f"{answer.headers}{answer.text.replace(path, '')}"
    others = json.dumps({"typeWebhook": "incomingCall", "instanceData": {"idInstance": 1}})
    for body in (b"{", b"\xff", b"[" * 100_000, others.encode()):
        for token in (WEBHOOK, f"Bearer {WEBHOOK}", f"Basic {WEBHOOK}", f"Bearer {WEBHOOK}x", f"Bearer {METRICS}"):
            answer = requests.post(f"{url}/webhooks/greenapi", body, headers={"Authorization": token}, timeout=20)
            yield f"{answer.headers}{answer.text}"


def everything(road, said) -> dict[str, bytes]:
    """All that a stranger, a colleague or a thief of a backup could read, by the name of the place."""
    found = {"said": "\n".join(said).encode()}
    found |= {path.name: path.read_bytes() for path in road.folder.glob("*.log")}
    found |= {path.name: path.read_bytes() for path in (road.folder / "data").rglob("*") if path.is_file()}
    if road.split:
        found |= dict(tables(road.environment["RINGBRIDGE_DATABASE_URL"]))
        found |= dict(keys(road.environment["RINGBRIDGE_BROKER_URL"]))
    return found


def tables(address) -> Iterator[tuple[str, bytes]]:
    """Every row of every table, as PostgreSQL writes it out."""
    with psycopg.connect(address) as db:
        names = db.execute("SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'").fetchall()
        for (name,) in names:
            rows = db.execute(f'SELECT t::text FROM "{name}" t').fetchall()
            yield f"table {name}", "\n".join(row for (row,) in rows).encode()


def keys(address) -> Iterator[tuple[str, bytes]]:
    """Every key and value of Redis, messages among them."""
    read = {
        b"string": lambda client, key: client.get(key),
        b"list": lambda client, key: client.lrange(key, 0, -1),
        b"set": lambda client, key: client.smembers(key),
        b"hash": lambda client, key: client.hgetall(key),
        b"zset": lambda client, key: client.zrange(key, 0, -1, withscores=True),
        b"stream": lambda client, key: client.xrange(key),
    }
    with redis.Redis.from_url(address) as client:
        for key in client.scan_iter():
            value = repr(read[client.type(key)](client, key))
            # A message's body is base64 in its envelope.
            yield f"redis {key!r}", (value + "".join(opened(value))).encode()


def opened(text) -> Iterator[str]:
    for part in text.replace("\\", " ").replace('"', " ").split():
        if len(part) > 7:
            try:
                yield base64.b64decode(part, validate=True).decode("utf-8", "replace")
            except ValueError:
                continue


def occurrences(places) -> list[tuple[str, str]]:
    """(place, secret) of every secret that is found, as it is, as it looks in an address, and in a header."""
    shapes = {
        secret: {secret, quote(secret, safe=""), base64.b64encode(secret.encode()).decode().rstrip("=")}
        for secret in SECRETS
    }
    return [
        (place, secret)
        for place, text in places.items()
        for secret, forms in shapes.items()
        if any(form.encode() in text for form in forms)
    ]


@pytest.mark.timeout(300)  # a hanging system is waited for, and many processes are started
def test_no_secret_comes_out_whatever_goes_wrong(road, command, secret_lines):
    road.crm._keys |= dict.fromkeys(("refused", "limited", "hanging", PATH), road.crm._keys["all"])
    road.apply(more_connections(road))
    road.crm.fault(Fault(name="refused", status=401))
    road.crm.fault(Fault(name="limited", status=429, retry_after=1))
    road.crm.fault(Fault(name="hanging", mode="hang", seconds=30))
    road.green_api.fault(GreenApiFault(method="getContactInfo", status=500))
    road.green_api.fault(GreenApiFault(method="getContacts", status=500))  # its names would end the search for one
    road.start()
    for chat, outcome in ((ANNA, "missed"), (BORIS, "pickUp")):
        road.ring(chat, outcome, after=0.3)
    said = [*answers(road)]
    until(lambda: len(road.kept("result")) == 2, what="the sound connections to be told")
    until(lambda: road.log().count("connector=leaky") >= 2, 60, what="the leaky connector to fail")
    said += commands(road, command)
    until(lambda: "did not answer within" in road.log(), 60, what="the hanging connection to be given up")
    if road.split:
        worker = road.processes.pop("worker")
        worker.kill()  # what is rung for now stays in Redis
        worker.wait()
        road.ring(CARLA, "missed", after=0.1)
        until(road.green_api.idle, what="the last call to be taken")

    for seen in ("asking", "connector failed unexpectedly", "delivery not made", "notification refused",
                 "the caller's name could not be had", "notification could not be read", "in vain"):  # fmt: skip
        until(lambda seen=seen: seen in road.log(), 30, what=f"the log to say: {seen}")

    places = everything(road, said)
    log = b"".join(text for place, text in places.items() if place.endswith(".log")).decode()
    assert occurrences(places) == []
    assert "refused …" in log or "refused http" in log
    assert any(place == "ringbridge.sqlite3" or place == "table calls" for place in places)
    assert ID_INSTANCE.encode() in places["table calls" if road.split else "ringbridge.sqlite3-wal"]
    assert not [chat for chat in (ANNA, BORIS) if chat.partition("@")[0] in log]

    # And the search finds what is there.
    (road.folder / "planted.log").write_text(f"Authorization: Bearer {API}\n")
    planted = {("planted.log", API)}
    if road.split:
        with psycopg.connect(road.environment["RINGBRIDGE_DATABASE_URL"]) as db:
            db.execute("INSERT INTO heartbeats VALUES (%s, now())", [TOKEN])
        with redis.Redis.from_url(road.environment["RINGBRIDGE_BROKER_URL"]) as client:
            client.rpush("planted", base64.b64encode(METRICS.encode()))
        places = everything(road, said)
        with redis.Redis.from_url(road.environment["RINGBRIDGE_BROKER_URL"]) as client:
            client.delete("planted")
        planted |= {("table heartbeats", TOKEN), ("redis b'planted'", METRICS)}
    else:
        (road.folder / "data" / "planted").write_bytes(b"\0" + SIGNING.encode())
        places = everything(road, said)
        planted.add(("planted", SIGNING))
    assert planted <= set(occurrences(places))
    # Our own client logs what we asked it for; that is no line of the bridge.
    secret_lines[:] = [line for line in secret_lines if f'"GET /{PATH} ' not in line]

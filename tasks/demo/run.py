"""The demo itself: starts the bridge and the world around it, lets it ring, shows each note as it lands, counts."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

import click
import requests

from tasks.demo import outside, script
from tasks.demo.count import Count, count

_PATIENCE = 30.0  # seconds for a process to be ready, and for the last note to land
_SAID = "bridge.out"
_RINGBRIDGE = [sys.executable, "-m", "tasks.main"]
_CONFIG = """
[[instance]]
name = "{name}"
id_instance = "{id_instance}"
api_url = "{green_api}"
api_token = "{api_token}"
webhook_token = "{webhook_token}"
"""
_CONNECTION = """
[[connection]]
name = "crm"
connector = "webhook"
policy = "all"
settings = {{ url = "{crm}/hooks/{hook}", secret = "{secret}" }}
"""


class DemoFailed(Exception):
    """A part did not start; the message says which, and what its log said last."""


def run_demo(calls: int, *, leave: bool, sabotage: bool) -> bool:
    """Ring so many calls, and say whether each arrived exactly once. Raises DemoFailed.

    Unless told to `leave`, goes on after the count until interrupted.
    """
    _leave_when_told()
    with tempfile.TemporaryDirectory(prefix="ringbridge-demo-") as name:
        folder = Path(name)
        click.echo(f"{calls} calls go from a GREEN-API of our own through a bridge to a CRM of our own.")
        with _outside(folder) as addresses, _bridge(folder, addresses) as bridge_url:
            _introduce(addresses["green_api"], bridge_url)
            if sabotage:
                _sabotage(addresses["crm"])
            counted = _play(folder, addresses, calls)
            click.echo(f"\n{counted}")
            _explain(counted, sabotage=sabotage)
            if not leave:
                _linger(addresses, bridge_url, _welcome(folder))
    return counted.is_clean


def _leave_when_told() -> None:
    """A closed terminal and a plain `kill` end this like Ctrl-C: the bridge is a process of its own, and would stay."""

    def leave(_signal: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) != signal.SIG_IGN:  # as under nohup
            signal.signal(number, leave)


@contextmanager
def _outside(folder: Path) -> Iterator[dict[str, str]]:
    """The stand-ins; gives their addresses."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tasks.demo.outside", str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        line = process.stdout.readline() if process.stdout else ""
        if not line:
            raise DemoFailed("The stand-ins did not start.")
        addresses: dict[str, str] = json.loads(line)
        click.echo(f"GREEN-API at {addresses['green_api']}, CRM at {addresses['crm']}")
        yield addresses
    finally:
        process.communicate()


@contextmanager
def _bridge(folder: Path, addresses: dict[str, str]) -> Iterator[str]:
    """`ringbridge apply`, then `ringbridge up`; gives its address."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("RINGBRIDGE_")}
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    environment |= {
        "RINGBRIDGE_DATA_DIR": str(folder / "data"),
        "RINGBRIDGE_PUBLIC_URL": url,
        "RINGBRIDGE_ALLOWED_PRIVATE_NETWORKS": "127.0.0.0/8",
        "RINGBRIDGE_OUTCOME_SECONDS": str(script.OUTCOME_SECONDS),
    }
    config = folder / "ringbridge.toml"
    config.write_text(_config(addresses), "utf-8")
    applied = subprocess.run(
        [*_RINGBRIDGE, "apply", str(config)], env=environment, capture_output=True, text=True, check=False
    )
    if applied.returncode:
        raise DemoFailed(f"The configuration was refused: {applied.stderr.strip()}")
    log = folder / "bridge.log"
    started = time.monotonic()
    line = [*_RINGBRIDGE, "up", "--port", str(port)]
    with log.open("w", encoding="utf-8") as stderr, (folder / _SAID).open("w", encoding="utf-8") as stdout:
        process = subprocess.Popen(line, env=environment, stdout=stdout, stderr=stderr, start_new_session=True)
    try:
        _wait_until_ready(url, process, log)
        click.echo(f"Bridge at {url}, ready after {time.monotonic() - started:.1f} s\n")
        yield url
    finally:
        process.terminate()
        process.wait()


def _welcome(folder: Path) -> str:
    """Where the first administrator sets a password, as `up` printed it."""
    return (folder / _SAID).read_text("utf-8").strip()


def _config(addresses: dict[str, str]) -> str:
    lines = [
        _CONFIG.format(
            name=name,
            id_instance=id_instance,
            green_api=addresses["green_api"],
            api_token=script.API_TOKEN,
            webhook_token=script.WEBHOOK_TOKEN,
        )
        for id_instance, name in script.LINES.items()
    ]
    crm = _CONNECTION.format(crm=addresses["crm"], hook=outside.HOOK, secret=outside.SECRET)
    return "".join([*lines, crm])


def _wait_until_ready(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + _PATIENCE
    while process.poll() is None and time.monotonic() < deadline:
        try:
            if requests.get(f"{url}/readyz", timeout=2).ok:
                return
        except requests.RequestException:
            pass
        time.sleep(0.05)
    last = log.read_text("utf-8").strip().splitlines()[-1:] or ["nothing"]
    raise DemoFailed(f"The bridge did not start; its log says: {last[0]}")


def _introduce(green_api: str, bridge_url: str) -> None:
    """Make the stand-in's accounts push to the bridge."""
    for id_instance in script.LINES:
        account = {
            "id_instance": id_instance,
            "api_token": script.API_TOKEN,
            "webhook_url": f"{bridge_url}/webhooks/greenapi",
            "webhook_token": script.WEBHOOK_TOKEN,
            "contacts": script.CONTACTS,
        }
        requests.post(f"{green_api}/standin/accounts", json=account, timeout=5).raise_for_status()
    spare = {"id_instance": script.SPARE_LINE, "api_token": script.API_TOKEN, "contacts": script.CONTACTS}
    requests.post(f"{green_api}/standin/accounts", json=spare, timeout=5).raise_for_status()


def _sabotage(crm: str) -> None:
    """Let the CRM lose one note that it thanked for, and write another one twice."""
    for kind, mode in (("call.answered", "forget"), ("call.missed", "twice")):
        fault = {"name": outside.HOOK, "type": kind, "mode": mode, "count": 1}
        requests.post(f"{crm}/standin/faults", json=fault, timeout=5).raise_for_status()


def _play(folder: Path, addresses: dict[str, str], calls: int) -> Count:
    """Ring, and print what lands at the CRM until all has, or nothing more will."""
    ringing = threading.Thread(target=_ring, args=(addresses["green_api"], calls), daemon=True)
    ringing.start()
    shown, quiet_since, began = 0, time.monotonic(), time.monotonic()
    while True:
        records = requests.get(f"{addresses['crm']}/standin/records?after={shown}", timeout=5).json()
        for record in records:
            _show(record, time.monotonic() - began)
        shown += len(records)
        if records or ringing.is_alive():
            quiet_since = time.monotonic()
        counted = count(folder / outside.SENDER_LOG, folder / outside.RECEIVER_LOG)
        finished = counted.calls == calls and not ringing.is_alive()
        quiet = time.monotonic() - quiet_since
        longest = script.RINGS_FOR + script.OUTCOME_SECONDS
        if (finished and not counted.lost) or quiet > longest + 1:
            return counted
        time.sleep(0.05)


def _ring(green_api: str, calls: int) -> None:
    with requests.Session() as session:
        for planned in script.calls(calls):
            call = {
                "id_instance": planned.id_instance,
                "chat_id": planned.chat_id,
                "outcome": planned.outcome,
                "after": script.RINGS_FOR,
            }
            session.post(f"{green_api}/standin/ring", json=call, timeout=5).raise_for_status()
            time.sleep(planned.pause)


def _show(record: dict[str, Any], seconds: float) -> None:
    what = "rings" if record["type"] == "call.ringing" else "note "
    click.echo(f"{seconds:6.2f} s  {what}  {record['body']['data']['summary']}")


def _explain(counted: Count, *, sabotage: bool) -> None:
    if sabotage:
        click.echo("The CRM was told to lose one note and to write one twice. The count has to show both.")
    elif not counted.is_clean:
        click.echo("Something was lost or written twice. That must not happen: please report it.")
    else:
        click.echo("Counted from the logs of the sender and the receiver: every call arrived once.")


def _linger(addresses: dict[str, str], bridge_url: str, welcome: str) -> None:
    call = {"id_instance": next(iter(script.LINES)), "chat_id": next(iter(script.CONTACTS)), "after": script.SEEN_FOR}
    ring = json.dumps(call)
    click.echo(
        f"\nThe bridge goes on at {bridge_url} until Ctrl-C. Ring it again with\n"
        f"  curl -d '{ring}' {addresses['green_api']}/standin/ring\n"
        f"and see the records with\n  curl {addresses['crm']}/standin/records\n\n"
        f"{welcome}\n"
        "Then see the board, and add what is not there yet through the pages alone:\n"
        f"  an instance    idInstance {script.SPARE_LINE}, apiUrl {addresses['green_api']},"
        f" API token {script.API_TOKEN}, any webhook token\n"
        f"  a connection   connector webhook, address {addresses['crm']}/hooks/mine,"
        f" signing secret {outside.SECRET}\n"
        f"and ring the new line with the command above and its idInstance."
    )
    try:
        threading.Event().wait()
    except KeyboardInterrupt:
        click.echo("\nLeaving.")

"""Whether the time of a refusal tells anything about tokens: every wrong one, on both servers, beside each other.

python -m bench.tokens [--requests 500]
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

_PATH = "/webhooks/greenapi"
_OURS, _THEIRS, _NOBODYS = (
    "token-of-the-first-0123456789",
    "token-of-the-second-987654321",
    "token-of-nobody-00000000000",
)
_CONFIG = """
[[instance]]
name = "{name}"
id_instance = "{id}"
api_url = "https://api.example.com"
api_token = "token-of-the-api"
webhook_token = "{token}"
"""
_RINGBRIDGE = [sys.executable, "-m", "tasks.main"]


def _body(id_instance: int) -> bytes:
    call = {"typeWebhook": "incomingCall", "from": "15551230042@c.us", "idMessage": "C1", "status": "offer"}
    return json.dumps({**call, "instanceData": {"idInstance": id_instance}}).encode()


_CASES = {
    "no token": (None, _body(7103111222)),
    "wrong token": (_NOBODYS, _body(7103111222)),
    "nearly right token": (_OURS[:-1] + "x", _body(7103111222)),
    "another instance's token": (_THEIRS, _body(7103111222)),
    "unknown instance": (_OURS, _body(7103999999)),
}


def _ask(line: http.client.HTTPConnection, token: str | None, body: bytes) -> tuple[float, tuple[object, ...]]:
    headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})
    began = time.perf_counter()
    line.request("POST", _PATH, body, headers)
    answer = line.getresponse()
    text = answer.read()
    took = time.perf_counter() - began
    kept = tuple(sorted((name, value) for name, value in answer.getheaders() if name != "Date"))
    return took, (answer.status, text, kept)


def _measure(port: int, requests: int) -> bool:
    line = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    took: dict[str, list[float]] = {name: [] for name in _CASES}
    seen = set()
    for number in range(requests + 50):  # the first ones warm up
        for name, (token, body) in _CASES.items():
            seconds, answer = _ask(line, token, body)
            seen.add(answer)
            if number >= 50:
                took[name].append(seconds)
    line.close()
    medians = {name: statistics.median(each) * 1000 for name, each in took.items()}
    for name, median in medians.items():
        print(f"  {name:<26} {median:6.3f} ms")
    apart = max(medians.values()) - min(medians.values())
    print(f"  apart {apart:.3f} ms; {len(seen)} kind(s) of answer, status {', '.join(str(one[0]) for one in seen)}")
    return apart < 1.0 and len(seen) == 1


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _with(server: str, requests: int) -> bool:
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "RINGBRIDGE_DATA_DIR": f"{folder}/data", "RINGBRIDGE_LOG_LEVEL": "ERROR"}
        file = Path(folder) / "ringbridge.toml"
        instances = (("first", "7103111222", _OURS), ("second", "7103111333", _THEIRS))
        file.write_text("".join(_CONFIG.format(name=name, id=one, token=token) for name, one, token in instances))
        subprocess.run([*_RINGBRIDGE, "apply", str(file)], env=environment, check=True, stdout=subprocess.DEVNULL)
        port = _free_port()
        process = subprocess.Popen([*_RINGBRIDGE, server, "--port", str(port)], env=environment)
        try:
            _wait(port)
            print(f"ringbridge {server}, {requests} requests of each kind")
            return _measure(port, requests)
        finally:
            process.terminate()
            process.wait()


def _wait(port: int) -> None:
    deadline = time.monotonic() + 30
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)
        else:
            return


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--requests", type=int, default=500)
    asked = parser.parse_args().requests
    fine = [_with(server, asked) for server in ("up", "web")]
    sys.exit(0 if all(fine) else 1)

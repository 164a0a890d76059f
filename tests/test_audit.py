"""The audit fails where a vulnerability is known, and not where nobody could be asked."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from servers import free_port

ROOT = Path(__file__).parent.parent


class _Advisories(BaseHTTPRequestHandler):
    """Answers as OSV does, for the package that `server.bad` names. Source: https://google.github.io/osv.dev/post-v1-query/"""

    def do_POST(self):
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["package"]["name"]
        self.server.asked.append(asked)
        package = {"name": asked, "ecosystem": "PyPI"}
        events = [{"introduced": "0"}, {"fixed": "99.0"}]
        fault = {
            "id": "PYSEC-2026-1", "summary": "Bad.", "published": "2026-11-01T00:00:00Z",
            "affected": [{"package": package, "ranges": [{"type": "ECOSYSTEM", "events": events}]}],
        }  # fmt: skip
        body = json.dumps({"vulns": [fault]} if asked == self.server.bad else {}).encode()
        self.send_response(self.server.status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@pytest.fixture
def advisories():
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Advisories)
    server.asked, server.bad, server.status = [], None, 200
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def audit(port, *options):
    command = [sys.executable, ROOT / ".ci" / "audit.py", "--osv-url", f"http://127.0.0.1:{port}/v1/query", *options]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_a_known_vulnerability_in_what_is_locked_is_a_failure(advisories):
    advisories.bad = "flask"
    found = audit(advisories.server_port)

    assert found.returncode == 1, found.stdout + found.stderr
    assert "flask" in found.stdout
    assert "PYSEC-2026-1, mended in 99.0" in found.stdout
    assert {"flask", "pytest"} <= set(advisories.asked)  # what the tools need is locked as well

    ignored = audit(advisories.server_port, "--ignore-vuln", "PYSEC-2026-1")
    assert ignored.returncode == 0


def test_where_none_is_known_it_says_how_many_were_looked_for(advisories):
    found = audit(advisories.server_port)

    assert found.returncode == 0, found.stdout + found.stderr
    assert f"{len(advisories.asked)} packages audited, 0 unknown to the service, 0 vulnerabilities." in found.stdout
    assert len(advisories.asked) > 60


@pytest.mark.parametrize("fault", ["nobody listens", "it is broken"])
def test_a_service_that_cannot_be_asked_is_said_and_is_no_failure(advisories, fault):
    advisories.status = 502
    found = audit(free_port() if fault == "nobody listens" else advisories.server_port)

    assert found.returncode == 0
    assert found.stdout.startswith("Not audited")


def test_a_mistake_of_ours_is_a_failure(advisories):
    found = audit(advisories.server_port, "-r", "no-such.lock")

    assert found.returncode != 0
    assert "audited" not in found.stdout

"""A connector of a stranger's own, from `connector new` to a ticket in their system: real packages and processes."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest
from flask import request
from road import Road, until

from bridge.greenapi.standin.loopback import Loopback

TOKEN = "canary-token-of-the-desk"
_PIP = ["-m", "pip", "--quiet", "--disable-pip-version-check", "install", "--no-build-isolation", "--no-deps"]


class Desk:
    """A helpdesk behind HTTP, which keeps its tickets by number."""

    def __init__(self):
        self.tickets = []
        self._loopback = Loopback("desk", None)
        self._loopback.app.add_url_rule("/api/tickets", view_func=self._open, methods=["POST"])
        self._loopback.app.add_url_rule("/api/me", view_func=dict)
        self.url = self._loopback.start()
        self.stop = self._loopback.stop

    def _open(self):
        self.tickets.append({**request.get_json(), "authorization": request.headers["Authorization"]})
        return {"id": len(self.tickets)}, 201


@pytest.fixture
def desk():
    desk = Desk()
    yield desk
    desk.stop()


@pytest.fixture(scope="module")
def workbench(tmp_path_factory):
    """A folder in which a new connector has been written, and installed into a folder of its own."""
    folder = tmp_path_factory.mktemp("workbench")
    python(folder, "-m", "tasks.main", "connector", "new", "acme-desk")
    python(folder / "ringbridge-acme-desk", *_PIP, "--target", folder / "installed", ".")
    return folder


def python(folder, *arguments, **environment):
    """What one run printed; it must succeed."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("RINGBRIDGE_")}
    command = [sys.executable, *map(str, arguments)]
    done = subprocess.run(command, cwd=folder, env={**own, **environment}, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_tests_of_a_new_connector_pass_at_once_and_so_do_strict_types(workbench):
    package = workbench / "ringbridge-acme-desk"

    assert " passed in " in python(package, "-m", "pytest", PYTHONPATH=str(workbench / "installed"))
    assert "no issues found in 2 source files" in python(package, "-m", "mypy")


def test_a_new_connector_is_listed_applied_and_tells_its_system_of_a_call(workbench, desk, tmp_path):
    with Road(tmp_path, ()) as road:
        road.environment["PYTHONPATH"] = str(workbench / "installed")
        listed = {one.pop("name"): one for one in json.loads(road.run("connector", "list", "--json"))}
        title = {"package": "ringbridge-acme-desk", "title": "Acme Desk", "policy": "result", "reason": None}
        assert listed["acme-desk"] == title

        settings = f'settings = {{ address = "{desk.url}", api_token = "{TOKEN}" }}'
        connection = f'[[connection]]\nname = "desk"\nconnector = "acme-desk"\n{settings}\n'
        assert "connection desk: added" in road.apply(connection)

        road.start()
        call = road.ring(outcome="declined", after=0.1)
        until(lambda: desk.tickets, what="the ticket")
        [ticket] = desk.tickets
        assert (ticket["external_id"], ticket["status"]) == (call, "missed")
        assert ticket["subject"].startswith("Missed call: Anna Petrova (+15551230001)")
        assert ticket["authorization"] == f"Bearer {TOKEN}"

        until(lambda: road.calls()[0]["deliveries"][0]["state"] == "delivered", what="the receipt")
        [told] = road.calls()[0]["deliveries"]
        assert told["receipt"] == {"record_id": "1", "url": f"{desk.url}/tickets/1"}
        assert TOKEN not in road.log()

"""A GREEN-API and a public address of our own, and an instance between them to be examined."""

from __future__ import annotations

import shutil

import pytest
from clinic import Clinic
from flask import Response

from bridge.greenapi.standin import GreenApi
from bridge.greenapi.standin.loopback import Loopback
from bridge.reception import PATH


class Bridge:
    """What answers at our public address, and takes what is pushed."""

    def __init__(self):
        self.loopback = Loopback("bridge", None)
        self.loopback.app.add_url_rule("/healthz", view_func=lambda: "OK")
        self.loopback.app.add_url_rule(PATH, view_func=lambda: Response("OK"), methods=["POST"], endpoint="in")
        self.loopback.app.add_url_rule("/bare" + PATH, view_func=lambda: "OK", methods=["POST"], endpoint="bare")
        self.loopback.app.add_url_rule("/other/healthz", view_func=lambda: Response(status=404), endpoint="other")


@pytest.fixture
def public():
    bridge = Bridge()
    yield bridge.loopback.start()
    bridge.loopback.stop()


@pytest.fixture
def green_api():
    with GreenApi(pause=0.01) as green_api:
        yield green_api


@pytest.fixture
def clinic(run, green_api, public, tmp_path, monkeypatch, empty_sqlite):
    shutil.copytree(empty_sqlite, tmp_path / "data")  # to make the tables anew for each test takes longer than the test
    monkeypatch.setenv("RINGBRIDGE_ALLOWED_PRIVATE_NETWORKS", "127.0.0.0/8")
    monkeypatch.setenv("RINGBRIDGE_PUBLIC_URL", public)
    return Clinic(run, green_api, public, tmp_path)

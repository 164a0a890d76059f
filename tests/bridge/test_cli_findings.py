"""`ringbridge connection check` of a connector that finds, and can mend, more than its credentials."""

from __future__ import annotations

import json
import sys

import pytest

from connectors.kit import RateLimited

SHELF = """
from typing import ClassVar

from connectors.kit import Connector, ConnectorSettings, Finding, Unauthorized


class Shelf(Connector):
    title = "Shelf"
    Settings = ConnectorSettings
    on_unsure = "repeat"
    labels: ClassVar[list[str]] = []
    is_shut: ClassVar[bool] = False

    def __init__(self, settings, http):
        pass

    def check(self):
        if self.is_shut:
            raise Unauthorized("The shelf is shut.")

    def deliver(self, call, known):
        return None

    def findings(self, fix):
        if fix:
            self.labels.append("call")
        return [] if self.labels else [Finding("no-label", "The shelf has no label.", "Write one.")]
"""


@pytest.fixture
def shelf(run, tmp_path, monkeypatch):
    """A connection to a shelf, whose connector is installed in a folder of its own."""
    installed = tmp_path / "installed"
    metadata = installed / "shelf-1.dist-info"
    metadata.mkdir(parents=True)
    (installed / "shelf_of_a_stranger.py").write_text(SHELF)
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: shelf\nVersion: 1\n")
    (metadata / "entry_points.txt").write_text("[ringbridge.connectors]\nshelf = shelf_of_a_stranger:Shelf\n")
    monkeypatch.syspath_prepend(installed)
    assert run("connection", "add", "hall", "--connector", "shelf").exit_code == 0
    yield run
    sys.modules.pop("shelf_of_a_stranger", None)


def test_what_the_connector_finds_is_said_with_the_next_step(shelf):
    plain, for_scripts = shelf("connection", "check", "hall"), shelf("connection", "check", "hall", "--json")

    assert (plain.exit_code, plain.stderr) == (1, "The shelf has no label. Write one.\n")
    finding = {"id": "no-label", "text": "The shelf has no label.", "next": "Write one."}
    assert json.loads(for_scripts.stdout) == {"ok": False, "findings": [finding]}


def test_only_a_fix_changes_something_there(shelf):
    assert shelf("connection", "check", "hall").exit_code == 1
    assert shelf("connection", "check", "hall").exit_code == 1

    fixed = shelf("connection", "check", "hall", "--fix")

    assert (fixed.exit_code, fixed.stdout) == (0, "connection hall: works\n")
    assert shelf("connection", "check", "hall").exit_code == 0


def test_where_the_credentials_are_refused_nothing_more_is_asked_or_mended(shelf):
    sys.modules["shelf_of_a_stranger"].Shelf.is_shut = True

    refused = shelf("connection", "check", "hall", "--fix")

    assert refused.stderr == "The shelf is shut. Mend that, and check again.\n"
    assert sys.modules["shelf_of_a_stranger"].Shelf.labels == []


def test_what_passes_by_itself_is_not_to_be_mended(shelf, monkeypatch):
    def busy(_shelf):
        raise RateLimited("The shelf asks for a pause.")

    monkeypatch.setattr(sys.modules["shelf_of_a_stranger"].Shelf, "check", busy)
    refused = shelf("connection", "check", "hall")

    assert refused.stderr == "The shelf asks for a pause. It may pass: wait a minute, and check again.\n"

"""`connection check`: what a connector finds beyond its check, and what of it can be mended."""

from __future__ import annotations

import json

import pytest
from packages import install

SOURCE = """
from pathlib import Path
from pydantic import Field
from connectors.kit import Connector, ConnectorSettings, Finding, Unauthorized

class TheirSettings(ConnectorSettings):
    folder: str = Field(title="Folder", description="Where this system keeps its fields.")

class OutOfFunds(Unauthorized):
    pass

class Theirs(Connector):
    title, Settings, on_unsure = "Theirs", TheirSettings, "repeat"

    def __init__(self, settings, http):
        self.folder = Path(settings.folder)

    def check(self):
        if (self.folder / "locked").exists():
            raise Unauthorized("The credentials are refused.")
        if (self.folder / "broke").exists():
            raise OutOfFunds("The subscription has ended.")

    def deliver(self, call, known):
        return None

    def findings(self, fix):
        if (self.folder / "bug").exists():
            raise RuntimeError("canary")
        if fix:
            (self.folder / "field").touch()
        missing = [] if (self.folder / "field").exists() else [
            Finding("field-missing", "The field for calls is missing.", "Run the check with --fix.")]
        closed = [] if (self.folder / "open").exists() else [
            Finding("closed", "The system is closed.", "Open it there.")]
        return missing + closed
"""


@pytest.fixture
def system(run, tmp_path, monkeypatch):
    """The folder that stands for the connected system; the connection to it is named desk."""
    install(tmp_path, monkeypatch, "finder", SOURCE)
    folder = tmp_path / "system"
    folder.mkdir()
    added = run("connection", "add", "desk", "--connector", "finder", "--folder", folder)
    assert added.output == "connection desk: added\n"
    return folder


def checked(run, *more):
    done = run("connection", "check", "desk", "--json", *more)
    return done.exit_code, [one["id"] for one in json.loads(done.stdout)["findings"]]


def test_a_check_tells_what_is_wrong_and_changes_nothing_there(run, system):
    plain = run("connection", "check", "desk")

    assert (plain.exit_code, plain.stdout) == (1, "")
    assert plain.stderr.splitlines() == [
        "The field for calls is missing. Run the check with --fix.",
        "The system is closed. Open it there.",
    ]
    assert checked(run) == (1, ["field-missing", "closed"])
    assert list(system.iterdir()) == []


def test_with_fix_only_what_is_left_is_told(run, system):
    assert checked(run, "--fix") == (1, ["closed"])
    (system / "open").touch()

    assert checked(run) == (0, [])
    assert run("connection", "check", "desk", "--fix").output == "connection desk: works\n"


def test_where_the_check_fails_nothing_more_is_looked_for_or_mended(run, system):
    (system / "locked").touch()

    assert checked(run, "--fix") == (1, ["check-unauthorized"])
    assert not (system / "field").exists()


def test_an_error_of_a_connectors_own_kind_has_the_id_of_the_one_that_it_is(run, system):
    (system / "broke").touch()

    assert checked(run) == (1, ["check-unauthorized"])


def test_a_connector_that_fails_unexpectedly_is_a_finding_and_tells_no_secret(run, system):
    (system / "bug").touch()
    done = run("connection", "check", "desk")

    assert done.exit_code == 1
    assert done.stderr == "The connector finder failed unexpectedly (RuntimeError). Tell its author.\n"


def test_a_connector_without_findings_takes_fix_and_has_nothing_to_mend(run):
    run(
        "connection", "add", "sales", "--connector", "webhook", "--url", "https://crm.invalid", stdin="whsec_YWFhYQ==\n"
    )

    assert run("connection", "check", "sales", "--fix").stderr.startswith("The name crm.invalid could not be resolved.")

"""What no linter checks: names that must agree, pages that must be current, modules that must stay readable."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bridge import queue, reference, settings
from bridge.service import open_service
from bridge.settings import Settings
from tasks import app

ROOT = Path(__file__).parents[1]
LONGEST_MODULE = 260


def test_every_task_name_is_registered_and_every_task_has_a_name(tmp_path):
    service = open_service(Settings(data_dir=tmp_path))
    registered = {name for name in app.create(service).tasks if name.startswith("ringbridge.")}

    assert registered == {
        queue.DELIVER, queue.IDENTIFY, queue.FIND, queue.PROBE, queue.RECONCILE, queue.READ_CONTACTS, queue.SWEEP
    }  # fmt: skip


def test_generated_pages_are_current(monkeypatch):
    monkeypatch.chdir(ROOT)

    assert reference.main(["--check"]) == 0


def test_modules_stay_readable():
    sources = [path for folder in ("bridge", "connectors", "tasks", "bench") for path in (ROOT / folder).rglob("*.py")]
    lengths = {str(path.relative_to(ROOT)): len(path.read_text().splitlines()) for path in sources}

    assert {name: length for name, length in lengths.items() if length > LONGEST_MODULE} == {}


@pytest.mark.parametrize("page", ["README.md", ".env.example"])
def test_every_variable_is_named_where_people_look_for_it(page):
    hidden = {"RINGBRIDGE_CRASH_AT", "RINGBRIDGE_LEASE_SECONDS"}  # for tests alone
    known = {f"RINGBRIDGE_{name.upper()}" for name in Settings.model_fields} - hidden
    named = set(re.findall(r"RINGBRIDGE_[A-Z_]*[A-Z]", (ROOT / page).read_text()))

    assert named == known


def test_the_example_of_an_environment_holds_the_defaults(monkeypatch):
    defaults = Settings()
    for line in (ROOT / ".env.example").read_text().splitlines():
        if line.startswith("RINGBRIDGE_"):
            monkeypatch.setenv(*line.split("=", 1))

    assert settings.load() == defaults


def test_links_between_pages_lead_somewhere():
    pages = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
    links = [(page, link) for page in pages for link in re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text())]

    assert len(links) > 10
    assert [f"{page.name}: {link}" for page, link in links if not (page.parent / link).exists()] == []

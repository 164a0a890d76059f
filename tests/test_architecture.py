"""What no linter checks: names that must agree, pages that must be current, modules that must stay readable."""

from __future__ import annotations

import re
from pathlib import Path

from bridge import queue, reference
from bridge.service import open_service
from bridge.settings import Settings
from tasks import app

ROOT = Path(__file__).parents[1]
LONGEST_MODULE = 260


def test_every_task_name_is_registered_and_every_task_has_a_name(tmp_path):
    service = open_service(Settings(data_dir=tmp_path))
    registered = {name for name in app.create(service).tasks if name.startswith("ringbridge.")}

    assert registered == {queue.DELIVER, queue.IDENTIFY, queue.SWEEP}


def test_generated_pages_are_current(monkeypatch):
    monkeypatch.chdir(ROOT)

    assert reference.main(["--check"]) == 0


def test_modules_stay_readable():
    sources = [path for folder in ("bridge", "connectors", "tasks", "bench") for path in (ROOT / folder).rglob("*.py")]
    lengths = {str(path.relative_to(ROOT)): len(path.read_text().splitlines()) for path in sources}

    assert {name: length for name, length in lengths.items() if length > LONGEST_MODULE} == {}


def test_the_readme_names_every_variable_that_there_is():
    hidden = {"RINGBRIDGE_CRASH_AT", "RINGBRIDGE_LEASE_SECONDS"}  # for tests alone
    known = {f"RINGBRIDGE_{name.upper()}" for name in Settings.model_fields} - hidden
    named = set(re.findall(r"RINGBRIDGE_[A-Z_]*[A-Z]", (ROOT / "README.md").read_text()))

    assert named == known

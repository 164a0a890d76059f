"""Every test that the page about security names exists, and every promise on it names one."""

from __future__ import annotations

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs" / "security.md").read_text()
PROMISES = [line for line in PAGE.splitlines() if line.startswith("| ") and not line.startswith("| Threat")]
NAMED = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", PAGE)


def found_in(path):
    found = ast.walk(ast.parse((ROOT / path).read_text()))
    return {node.name for node in found if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")}


def test_every_test_that_is_named_exists():
    assert [f"{path}::{name}" for path, name in NAMED if not (ROOT / path).exists() or name not in found_in(path)] == []


def test_every_promise_names_a_test():
    assert len(PROMISES) > 20
    assert [line for line in PROMISES if not re.search(r"`tests/[\w/]+\.py::test_\w+`", line.rsplit("|", 2)[1])] == []


def test_who_reports_a_weakness_finds_the_page():
    assert "docs/security.md" in (ROOT / "SECURITY.md").read_text()

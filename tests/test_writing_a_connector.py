"""The page for authors of connectors: what it shows is run, and what it says of the contract is all of it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import AliasChoices, Field

from connectors import kit
from connectors.kit.testing import RULES

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "writing-a-connector.md").read_text("utf-8")
FILES = dict(re.findall(r"^\*\*`([\w./]+)`\*\*\n\n```\w+\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE))
BLOCKS = re.findall(r"^```python\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
CONSOLE = re.findall(r"^```console\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)


@pytest.fixture
def package(run, tmp_path, monkeypatch):
    """What the page begins with, and then the page's own files in the place of those that it was given."""
    monkeypatch.chdir(tmp_path)
    command, _, printed = CONSOLE[0].partition("\n")
    assert run(*command.split()[2:]).stdout == printed
    folder = tmp_path / "ringbridge-acme-desk"
    for path, text in FILES.items():
        (folder / path).write_text(text, "utf-8")
    return folder


def unindented(text):
    return "\n".join(line.strip() for line in text.strip().splitlines())


def test_the_connector_of_the_page_keeps_the_contract_and_the_other_tests_of_the_page(package):
    tests = [sys.executable, "-m", "pytest", "-q", "tests/test_acme_desk.py"]
    environment = {**os.environ, "PYTHONPATH": str(package)}
    done = subprocess.run(tests, cwd=package, env=environment, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout + done.stderr
    assert int(re.search(r"(\d+) passed", done.stdout)[1]) > len(RULES)


@pytest.mark.parametrize("command", ["check", "format --check"])
def test_the_code_of_the_page_is_as_ours_should_be(package, command):
    ruff = [sys.executable, "-m", "ruff", *command.split(), "--no-cache", "--config", ROOT / "pyproject.toml"]
    done = subprocess.run(ruff, cwd=package, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("block", BLOCKS, ids=range(len(BLOCKS)))
def test_each_piece_of_code_is_one_of_the_whole_connector(block):
    assert any(unindented(block) in unindented(text) for text in FILES.values())


def test_every_rule_of_the_contract_is_explained_and_no_other():
    assert re.findall(r"^\| `(\w+)` \| \w", PAGE, re.MULTILINE)[-len(RULES) :] == [rule.__name__ for rule in RULES]


def test_every_method_of_a_connector_is_explained_and_shown():
    for name in ("check", "deliver", "withdraw", "find_caller", "findings"):
        assert f"| `{name}(" in PAGE
        assert f"    def {name}(self" in FILES["ringbridge_acme_desk.py"]


def test_a_setting_that_was_renamed_is_read_under_its_old_name():
    advice = re.search(r"`validation_alias=AliasChoices\(\"(\w+)\", \"(\w+)\"\)`", PAGE)
    new, old = advice.groups()
    settings = type(
        "Renamed",
        (kit.ConnectorSettings,),
        {
            "__annotations__": {new: str},
            new: Field(title="Address", description="Of it.", validation_alias=AliasChoices(new, old)),
        },
    )

    assert settings.model_validate({old: "x"}) == settings.model_validate({new: "x"})
    assert [field.name for field in kit.fields(settings)] == [new]

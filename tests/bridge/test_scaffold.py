"""`ringbridge connector new`: what may be named so, and that what is written is fit to be shown."""

from __future__ import annotations

import json
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from bridge.scaffold import LONGEST_NAME

ROOT = Path(__file__).parents[2]
NAMES = ["a", "acme-desk", "c3-x1-9", "w" * LONGEST_NAME]


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def listing(folder):
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def test_a_new_connector_is_a_package_of_its_own(run, here):
    written = run("connector", "new", "acme-desk")

    assert written.exit_code == 0
    assert "cd ringbridge-acme-desk && pip install -e . && pytest" in written.stdout
    assert "no LICENSE yet" in written.stdout
    assert listing(here / "ringbridge-acme-desk") == {
        "pyproject.toml", "README.md", ".gitignore", "ringbridge_acme_desk.py", "tests/test_acme_desk.py",
        "tests/fixtures/new_ticket.json", "tests/fixtures/lost_answer.json",
    }  # fmt: skip
    project = tomllib.loads((here / "ringbridge-acme-desk" / "pyproject.toml").read_text())["project"]
    assert (project["name"], project["dependencies"]) == ("ringbridge-acme-desk", ["ringbridge"])
    assert project["entry-points"] == {"ringbridge.connectors": {"acme-desk": "ringbridge_acme_desk:AcmeDesk"}}


def test_it_is_written_into_the_folder_that_was_asked_for(run, here):
    assert run("connector", "new", "acme-desk", "--into", here / "work" / "desk one").exit_code == 0

    assert "ringbridge_acme_desk.py" in listing(here / "work" / "desk one")


@pytest.mark.parametrize(
    "name", ["Acme", "acme_desk", "acme--desk", "-acme", "acme-", "3cx", "a b", "", "é", "../a", "a\n"]
)
def test_a_name_that_cannot_be_one_is_refused_with_an_example(run, here, name):
    refused = run("connector", "new", "--", name)

    assert refused.exit_code == 1
    assert "use lower case letters, digits and single hyphens, such as acme-desk" in refused.stderr
    assert listing(here) == set()


def test_a_name_that_is_too_long_is_refused(run, here):
    refused = run("connector", "new", "w" * (LONGEST_NAME + 1))

    assert refused.exit_code == 1
    assert f"at most {LONGEST_NAME} long" in refused.stderr


@pytest.mark.parametrize("name", ["call", "connector", "http", "stand-in", "subject", "none", "secret-str"])
def test_a_name_whose_class_would_hide_another_is_refused(run, here, name):
    refused = run("connector", "new", name)

    assert refused.exit_code == 1
    assert f"add to the name, such as {name}-desk" in refused.stderr
    assert run("connector", "new", f"{name}-desk").exit_code == 0


def test_the_name_of_an_installed_connector_is_refused(run, here):
    refused = run("connector", "new", "webhook")

    assert refused.exit_code == 1
    assert refused.stderr == "Error: There is a connector named webhook already; choose another name.\n"


@pytest.mark.parametrize("standing", ["folder", "file", "link"])
def test_nothing_is_ever_overwritten(run, here, standing):
    place = here / "desk"
    {"folder": place.mkdir, "file": place.touch, "link": lambda: place.symlink_to("nowhere")}[standing]()

    refused = run("connector", "new", "acme-desk", "--into", "desk")

    assert refused.exit_code == 1
    assert refused.stderr == "Error: desk is there already, and stays as it is; choose another with --into.\n"
    assert [path.name for path in here.iterdir()] == ["desk"]
    assert listing(here) <= {"desk"}


def test_a_place_that_cannot_be_written_is_told_in_one_sentence(run, here):
    (here / "file").touch()

    refused = run("connector", "new", "acme-desk", "--into", "file/desk")

    assert refused.exit_code == 1
    assert refused.stderr == "Error: file/desk cannot be written (Not a directory); choose another with --into.\n"


@pytest.mark.parametrize("name", NAMES)
def test_what_is_written_is_well_formed_whatever_its_name(run, here, name):
    assert run("connector", "new", name, "--into", "desk").exit_code == 0

    for command in (["format", "--check"], ["check"]):
        ruff = [sys.executable, "-m", "ruff", *command, "--no-cache", "--config", ROOT / "pyproject.toml"]
        done = subprocess.run(ruff, cwd=here / "desk", capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout
    for file in (here / "desk" / "tests" / "fixtures").iterdir():
        json.loads(file.read_text())
    for path in listing(here / "desk"):
        assert "$" not in (here / "desk" / path).read_text().replace("$ pip", "").replace("$ ringbridge", "")

"""The files for containers say what the program says: no engine is needed to find out."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from pathlib import Path

import click
import pytest
from ruamel.yaml import YAML

from bridge import alive
from bridge.settings import Settings
from tasks.main import main

ROOT = Path(__file__).parent.parent
COMPOSE = YAML(typ="safe").load((ROOT / "docker-compose.yml").read_text())
DOCKERFILE = (ROOT / "Dockerfile").read_text()
SERVICES = COMPOSE["services"]
OURS = {name: service for name, service in SERVICES.items() if service["image"].startswith("ringbridge")}
VARIABLES = {f"RINGBRIDGE_{name.upper()}" for name in Settings.model_fields}


def test_the_compose_file_fits_the_specification():
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec"]
    checked = subprocess.run([*command, ROOT / "docker-compose.yml"], capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_there_is_every_part_of_the_shape_for_more():
    assert set(SERVICES) == {
        "web", "worker-ring", "worker-notes", "beat", "poll", "migrate", "redis", "postgres",
    }  # fmt: skip
    assert SERVICES["poll"]["profiles"] == ["pollers"]


@pytest.mark.parametrize("name", OURS)
def test_every_command_is_one_of_ours_with_options_that_it_has(name):
    command, *arguments = OURS[name]["command"]
    found = main.get_command(click.Context(main), command)
    try:
        found.make_context(command, list(arguments), resilient_parsing=False)
    except click.UsageError as error:
        pytest.fail(f"{name}: {error.format_message()}")


@pytest.mark.parametrize("name", OURS)
def test_every_variable_is_one_that_the_settings_know(name):
    given = OURS[name]["environment"]
    used = {variable for value in given.values() for variable in re.findall(r"\$\{(\w+)", str(value))}
    assert set(given) | used <= VARIABLES
    assert {secret.upper() for secret in OURS[name]["secrets"]} <= VARIABLES


@pytest.mark.parametrize("name", SERVICES)
def test_nothing_runs_as_root_or_writes_beside_its_volumes(name):
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert "no-new-privileges:true" in service["security_opt"]
    assert service.get("user") or re.search(r"^USER ringbridge$", DOCKERFILE, re.MULTILINE)


@pytest.mark.parametrize("name", sorted(set(SERVICES) - {"migrate"}))
def test_every_service_has_a_health_check_and_time_to_finish(name):
    assert SERVICES[name]["healthcheck"]["test"][0] == "CMD"
    assert SERVICES[name]["stop_grace_period"].endswith("s")
    assert SERVICES[name]["restart"] == "unless-stopped"


def test_every_secret_is_declared_and_none_stands_in_the_file():
    used = {secret for service in SERVICES.values() for secret in service.get("secrets", [])}
    assert used == set(COMPOSE["secrets"])
    assert all(list(secret) == ["file"] for secret in COMPOSE["secrets"].values())
    assert "secrets/" in (ROOT / ".gitignore").read_text().splitlines()


def test_what_the_image_copies_is_there_and_not_ignored():
    copied = [
        word for line in re.findall(r"^COPY (?!--from)(.+) \S+$", DOCKERFILE, re.MULTILINE) for word in line.split()
    ]
    kept = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    assert copied
    assert all((ROOT / one).exists() for one in copied)
    assert set(copied) <= kept


def health(**environment):
    command = OURS["worker-ring"]["healthcheck"]["test"][1:]
    assert command[0] == "python"
    return subprocess.run(
        [sys.executable, *command[1:]], cwd=ROOT, env={"PATH": os.environ["PATH"], **environment}, check=False,
        capture_output=True, text=True,
    )  # fmt: skip


def test_a_process_is_healthy_while_it_is_at_work(tmp_path):
    file = tmp_path / "alive"
    assert health(RINGBRIDGE_ALIVE_FILE=str(file)).returncode == 1

    alive.touch(file)
    assert health(RINGBRIDGE_ALIVE_FILE=str(file)).returncode == 0

    long_ago = time.time() - alive.STALE - 1
    os.utime(file, (long_ago, long_ago))
    stopped = health(RINGBRIDGE_ALIVE_FILE=str(file))
    assert stopped.returncode == 1
    assert "has not been at work" in stopped.stderr


def test_a_health_check_that_names_no_file_says_so():
    assert health().returncode == 2
    assert alive.VARIABLE in VARIABLES

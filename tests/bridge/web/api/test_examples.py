"""The examples of docs/api.md, each done as it stands there."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from programs import API

from bridge.web.api.openapi import _BAD

PAGE = Path(__file__).parents[4] / "docs" / "api.md"


@pytest.mark.parametrize("store", ["sqlite"], indirect=True)
def test_every_example_of_the_page_works(administrator):
    commands = [shlex.split(line[2:]) for line in PAGE.read_text().splitlines() if line.startswith("$ curl ")]

    answers = {" ".join(one): done(administrator, one[1:]) for one in commands}

    assert {command: status for command, status in answers.items() if status not in (200, 201, 204)} == {}
    assert len(answers) > 15


def done(program, words):
    """The status of what curl would be answered."""
    method, headers, body, address = None, {}, None, None
    words = iter(words)
    for word in words:
        if word == "-H":
            name, _, value = next(words).partition(": ")
            headers[name] = value.replace("$TOKEN", program.token)
        elif word == "-X":
            method = next(words)
        elif word == "--json":
            body = next(words)
            headers["Content-Type"] = "application/json"
        elif word.startswith("$BRIDGE"):
            address = word.removeprefix("$BRIDGE")
        else:
            assert word == "-sS"
    assert headers["Authorization"] == f"Bearer {program.token}"
    assert address.startswith(API)
    return program.client.open(
        address, method=method or ("POST" if body else "GET"), headers=headers, data=body, buffered=True
    ).status_code


def test_the_page_explains_every_status_of_a_problem():
    rows = " ".join(line.split("|")[1] for line in PAGE.read_text().splitlines() if re.match(r"\| \d", line))

    assert {int(one) for one in re.findall(r"\d{3}", rows)} == {*_BAD, 405} - {500}

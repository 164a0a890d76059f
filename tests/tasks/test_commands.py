"""Where the commands stand, and what each of them costs before it begins."""

from __future__ import annotations

import subprocess
import sys

import click
import pytest

from tasks.main import main

COMMANDS = main.list_commands(click.Context(main))


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_stands_where_it_is_looked_for(name):
    found = main.get_command(click.Context(main), name)

    assert found is not None
    assert found.name == name


def test_another_is_no_command(run):
    done = run("calls")

    assert done.exit_code == 2
    assert "No such command 'calls'" in done.stderr


@pytest.mark.parametrize(
    ("name", "stranger"),
    [
        ("delivery", "flask"),
        ("apply", "celery.worker"),
        ("worker", "flask"),
        ("worker", "wtforms"),
        ("web", "waitress"),
    ],
)
def test_a_command_imports_nothing_that_only_others_need(name, stranger):
    code = f"import sys, tasks.main; tasks.main.main.get_command(None, '{name}'); print('{stranger}' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout == "False\n"

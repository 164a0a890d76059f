"""The commands: exit codes, one sentence for each fault, and JSON alone where JSON is asked for."""

from __future__ import annotations

import json
import socket
import subprocess
import sys

import pytest
from cryptography.fernet import Fernet
from desk import SECRET, Desk

from bridge.settings import Settings
from bridge.store import open_store

NOWHERE = "postgresql://u:canary@127.0.0.1:1/x"
FILE = f"""
[[instance]]
name = "support"
id_instance = "7103111222"
api_url = "https://api.example.com"
api_token = "canary"
webhook_token = "canary"

[[connection]]
name = "sales"
connector = "webhook"
settings = {{ url = "https://crm.example.com", secret = "{SECRET}" }}
"""


@pytest.fixture
def file(tmp_path):
    (tmp_path / "ringbridge.toml").write_text(FILE)
    return tmp_path / "ringbridge.toml"


def test_applying_a_file_says_what_changed_and_the_second_time_that_nothing_did(run, file):
    first, second = run("apply", file), run("apply", file)

    assert (first.exit_code, first.output) == (0, "instance support: added\nconnection sales: added\n")
    assert (second.exit_code, second.output) == (0, "Nothing to change.\n")


def test_lists_are_tables_for_people_and_json_alone_for_scripts(run, tmp_path, now):
    for noun in ("call", "delivery"):
        assert json.loads(run(noun, "list", "--json").stdout) == []
        assert run(noun, "list").stdout.endswith(" yet.\n")
    store = open_store(Settings(data_dir=tmp_path / "data"))
    Desk(store, now).hear("offer")
    store.close()

    [call] = json.loads(run("call", "list", "--json").stdout)
    assert "told" not in call
    assert [one["call"] for one in json.loads(run("delivery", "list", "--json", "--limit", 1).stdout)] == [call["id"]]
    head, line = run("call", "list").stdout.splitlines()
    assert head.split()[:4] == ["started", "at", "instance", "caller"]
    assert "all-0: due" in line


@pytest.mark.parametrize(
    ("arguments", "environment", "said"),
    [
        (["apply", "none.toml"], {}, "none.toml: there is no such file."),
        (["call", "list"], {"RINGBRIDGE_RING_SECONDS": "soon"}, "RINGBRIDGE_RING_SECONDS cannot be used: "),
        (["call", "list"], {"RINGBRIDGE_DATA_DIR": "/dev/null/data"}, "set RINGBRIDGE_DATA_DIR."),
        (["call", "list"], {"RINGBRIDGE_SECRET_KEY": "short"}, "RINGBRIDGE_SECRET_KEY is too short"),
        (["call", "list"], {"RINGBRIDGE_SECRET_KEY": ","}, "RINGBRIDGE_SECRET_KEY holds no key."),
        (["migrate"], {"RINGBRIDGE_DATABASE_URL": NOWHERE}, "RINGBRIDGE_SECRET_KEY is not set."),
        (
            ["migrate"],
            {"RINGBRIDGE_DATABASE_URL": NOWHERE, "RINGBRIDGE_SECRET_KEY": "k" * 32},
            "The store cannot be read: ",
        ),
    ],
)
def test_a_fault_is_one_sentence_on_stderr(run, arguments, environment, said):
    done = run(*arguments, **environment)

    assert (done.exit_code, done.stdout, done.stderr.count("\n")) == (1, "", 1)
    assert done.stderr.startswith("Error: ")
    assert said in done.stderr
    assert "canary" not in done.stderr


@pytest.mark.parametrize(
    "arguments",
    [["nonsense"], ["call", "list", "--limit", "0"], ["apply"], ["up", "--port", "x"], ["up", "--host", "no such host"],
     ["worker", "--queues", "mail"]],
)  # fmt: skip
def test_wrong_usage_is_told_apart(run, arguments):
    assert run(*arguments).exit_code == 2


def in_a_process(tmp_path, *arguments):
    command = [sys.executable, "-m", "tasks.main", *map(str, arguments)]
    environment = {"RINGBRIDGE_DATA_DIR": str(tmp_path / "data")}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    return done.returncode, done.stdout, done.stderr


def test_a_port_in_use_is_said_to_be(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        done = in_a_process(tmp_path, "up", "--port", taken.getsockname()[1])

    assert done == (1, "", "Error: The port is in use; choose another with --port.\n")


@pytest.mark.parametrize("role", ["worker", "beat"])
def test_without_a_broker_there_is_no_process_of_its_own(tmp_path, role):
    code, printed, said = in_a_process(tmp_path, role)

    assert (code, printed) == (1, "")
    assert said.startswith("Error: RINGBRIDGE_BROKER_URL is not set.")


def test_a_wrong_key_stops_the_start_and_not_the_first_call(run, file):
    run("apply", file, RINGBRIDGE_SECRET_KEY=Fernet.generate_key().decode())
    done = run("up", "--port", 0, RINGBRIDGE_SECRET_KEY=Fernet.generate_key().decode())

    assert done.exit_code == 1
    assert done.stderr.startswith("Error: The secrets of instance support cannot be read with this key.")


def test_a_database_that_is_none_is_told_in_a_sentence(tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "ringbridge.sqlite3").write_bytes(b"no database" * 100)

    done = in_a_process(tmp_path, "call", "list", "--json")

    assert done == (1, "", "Error: The store refused: file is not a database\n")

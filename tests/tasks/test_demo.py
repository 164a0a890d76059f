"""The demo, and the count that it ends with."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys

import pytest

from tasks.demo import script
from tasks.demo.count import count

AS_IN_A_TERMINAL = """
import os, signal, sys
signal.signal(signal.SIGHUP, signal.SIG_DFL)
os.execv(sys.argv[1], sys.argv[1:])
"""
"""Tests that run under nohup hand on that SIGHUP is ignored, and then the demo minds none."""


def logs(folder, sent, kept):
    sender, receiver = folder / "sender.log", folder / "receiver.log"
    sender.write_text(
        "\n".join(json.dumps({"what": "queued", "id_instance": "1", "id_message": message}) for message in sent)
    )
    receiver.write_text(
        "\n".join(
            json.dumps({"webhook_id": f"1-{message}-{status}", "type": f"call.{status}", "kept": copies})
            for message, status, copies in kept
        )
    )
    return str(count(sender, receiver))


def test_a_call_without_a_note_is_lost(tmp_path):
    kept = [("A", "ringing", 1), ("A", "missed", 1), ("B", "ringing", 1), ("B", "missed", 0)]

    assert logs(tmp_path, ["A", "A", "B", "B"], kept) == "2 calls / 1 notes / 1 lost / 0 duplicated"


def test_a_second_record_is_a_duplicate_whatever_its_outcome(tmp_path):
    kept = [("A", "missed", 1), ("A", "answered", 1), ("B", "missed", 2)]

    assert logs(tmp_path, ["A", "B"], kept) == "2 calls / 2 notes / 0 lost / 2 duplicated"


def test_a_repeated_request_for_one_record_is_no_duplicate(tmp_path):
    kept = [("A", "missed", 1), ("A", "missed", 0)]

    assert logs(tmp_path, ["A"], kept) == "1 calls / 1 notes / 0 lost / 0 duplicated"


def test_twelve_calls_show_every_outcome_and_kind_of_caller():
    planned = list(script.calls(12))

    assert {call.outcome for call in planned} == set(script.OUTCOMES)
    assert {call.chat_id for call in planned} == set(script.CONTACTS)
    assert {call.id_instance for call in planned} == set(script.LINES)


@pytest.mark.parametrize(
    ("arguments", "code", "closing"),
    [
        ([], 0, "6 calls / 6 notes / 0 lost / 0 duplicated"),
        (["--sabotage"], 1, "6 calls / 5 notes / 1 lost / 1 duplicated"),
    ],
)
def test_the_demo_counts_what_really_arrived(arguments, code, closing):
    command = [sys.executable, "-m", "tasks.main", "demo", "--calls", "6", "--exit", *arguments]
    shown = subprocess.run(command, capture_output=True, text=True, check=False, timeout=100)

    assert (shown.returncode, shown.stderr) == (code, "")
    assert closing in shown.stdout


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGTERM])
def test_a_demo_whose_terminal_is_closed_leaves_nothing_behind(tmp_path, number):
    command = [sys.executable, "-c", AS_IN_A_TERMINAL, sys.executable, "-m", "tasks.main", "demo", "--calls", "1"]
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as demo:
        said = ""
        while "and ring the new line" not in said:
            said += demo.stdout.readline() or pytest.fail(said)
        [bridge] = re.findall(r"Bridge at http://127\.0\.0\.1:(\d+)", said)
        demo.send_signal(number)
        demo.communicate(timeout=30)

    assert list(tmp_path.iterdir()) == []
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", int(bridge))) != 0

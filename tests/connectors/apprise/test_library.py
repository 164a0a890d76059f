"""Apprise itself is loaded late, and neither pauses between messages nor minds threads and forks."""

import json
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from channels import DISCORD, Service, apprise

from connectors.kit import CallStatus, Http, Known
from connectors.kit.testing import Stand

FORKING = """
import os, sys, time
from ipaddress import ip_network
from connectors.apprise import Apprise, AppriseSettings
from connectors.kit import Http, Known
from connectors.kit.testing import sample_call

def tell():
    http = Http([ip_network("127.0.0.0/8")])
    Apprise(AppriseSettings(url=sys.argv[1]), http).deliver(sample_call(), Known())
    http.close()

tell()
child = os.fork()
if child == 0:
    began = time.monotonic()
    tell()
    # Apprise would sleep 5.5 s before another message of one object
    os._exit(0 if time.monotonic() - began < 4 else 3)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


def test_to_know_the_connector_does_not_load_the_library():
    asked = (
        "import sys; from connectors.kit import Registry; Registry().load('apprise'); print('apprise' in sys.modules)"
    )

    done = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)

    assert done.stdout == "False\n"


def test_two_messages_in_a_row_wait_for_nothing(missed_call, serve, answering, http):
    server = serve(answering())
    connector = apprise(f"ntfy://127.0.0.1:{server.port}/topic", http())
    began = time.monotonic()

    for status in (CallStatus.RINGING, CallStatus.MISSED):
        connector.deliver(replace(missed_call, status=status), Known())

    assert time.monotonic() - began < 4  # Apprise would sleep 5.5 s between two messages of one object


def test_many_threads_may_send_at_once(missed_call):
    connector = apprise(DISCORD, Http(adapter=Stand(service := Service())))

    with ThreadPoolExecutor(16) as pool:
        calls = [replace(missed_call, summary=str(number)) for number in range(200)]
        receipts = list(pool.map(lambda call: connector.deliver(call, Known()), calls))

    assert len(receipts) == 200
    assert {json.loads(body)["content"] for body in service.held()} == {f"Missed call\r\n{n}" for n in range(200)}


def test_a_worker_that_was_forked_after_a_message_sends_its_own_at_once(serve, answering):
    server = serve(answering())

    done = subprocess.run(
        [sys.executable, "-c", FORKING, f"ntfy://127.0.0.1:{server.port}/topic"], timeout=30, check=False
    )

    assert done.returncode == 0
    assert server.accepted == 2

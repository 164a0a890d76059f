"""A worker that is alive but hears nothing any more ends by itself, so that its supervisor starts another.

What Celery does after some broken connections is done here by hand: the consumer of a real worker is cancelled. Nothing
else in the process notices.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time

import pytest
from road import until

from bridge import alive

WORKER = """
import sys, threading, time
from pathlib import Path
from celery.signals import worker_ready
from tasks.main import main

sign = Path(sys.argv.pop())

def ready(sender, **_):
    def deafen():
        while not sign.exists():
            time.sleep(0.05)
        sender.task_consumer.cancel()
    threading.Thread(target=deafen, daemon=True).start()

worker_ready.connect(ready, weak=False)
main()
"""


@pytest.fixture
def environment(tmp_path, redis_url):
    given = {
        "RINGBRIDGE_DATA_DIR": str(tmp_path / "data"),
        "RINGBRIDGE_BROKER_URL": redis_url,
        "RINGBRIDGE_ALIVE_FILE": str(tmp_path / "alive"),
    }
    environment = {**os.environ, **given}
    subprocess.run([sys.executable, "-m", "tasks.main", "migrate"], env=environment, check=True, capture_output=True)
    return environment


@pytest.mark.timeout(120)
def test_a_worker_that_hears_nothing_leaves_to_be_started_again(tmp_path, environment):
    sign, log = tmp_path / "deafen", tmp_path / "worker.log"
    with log.open("w") as file:
        worker = subprocess.Popen([sys.executable, "-c", WORKER, "worker", sign], env=environment, stderr=file)
    try:
        until(lambda: "worker is ready" in log.read_text())
        time.sleep(alive.STALE + 5)  # for as long as it takes to call it deaf
        assert worker.poll() is None
        assert alive.is_fresh(tmp_path / "alive")

        sign.touch()
        began = time.monotonic()
        worker.wait(60)
    finally:
        worker.kill()
    print(f"a deaf worker left after {time.monotonic() - began:.1f} s")
    assert "hears nothing any more" in log.read_text()
    assert not alive.is_fresh(tmp_path / "alive")  # at once, not when the last sign of life has grown old

"""An account that allows two requests a second, eight workers, and three times as much to tell as that is enough for.

The system enforces what it allows. A delivery makes four requests, so one in two seconds is what can be told; one and a
half in a second come. `RINGBRIDGE_FAULTS=long` makes it a minute of them, which takes three to tell.
"""

from __future__ import annotations

import os
import time
from pathlib import Path

import ledger as ledgers
import pytest
from ledger import Ledger, Steps
from road import Road, until

SECONDS = 60 if os.environ.get("RINGBRIDGE_FAULTS") == "long" else 8
PER_SECOND, BURST = 2.0, 8
CALLS_PER_SECOND = 3 * PER_SECOND / Steps.requests
CALLS = round(SECONDS * CALLS_PER_SECOND)
WORKERS = 8
# Requests take a moment to arrive, so a system is told to allow a little less at once than it does.
ENFORCED = (PER_SECOND, BURST + 2)


@pytest.fixture
def ledger():
    with Ledger(allowance=ENFORCED) as ledger:
        yield ledger


@pytest.fixture
def road(tmp_path, shape, ledger):
    with Road(tmp_path, (), shape, lookups_per_second=100) as road:
        road.environment["PYTHONPATH"] = os.pathsep.join([installed(tmp_path), str(Path(ledgers.__file__).parent)])
        settings = f'url = "{ledger.url}", per_second = {PER_SECOND}, burst = {BURST}'
        connection = f'name = "steps"\nconnector = "steps"\npolicy = "result"\nsettings = {{ {settings} }}'
        road.apply(f"[[connection]]\n{connection}")
        yield road


def installed(folder):
    """A package that brings the connector, as somebody else's would."""
    about = folder / "site" / "steps_for_tests-1.0.dist-info"
    about.mkdir(parents=True)
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: steps-for-tests\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text("[ringbridge.connectors]\nsteps = ledger:Steps\n")
    return str(about.parent)


def rung(road):
    began = time.monotonic()
    for number in range(CALLS):
        time.sleep(max(0.0, began + number / CALLS_PER_SECOND - time.monotonic()))
        road.ring(f"1555{number:07}@c.us", "declined", after=0.1)
    until(road.green_api.idle, what="GREEN-API to be rid of it")
    return [call for call, status, _ in road.pushed() if status == "declined"]


def done(ledger):
    """The calls in the order in which the first of their requests was made."""
    return [key.removesuffix("-0") for key in ledger.kept("steps") if key.endswith("-0")]


@pytest.mark.timeout(600)
@pytest.mark.parametrize("shape", ["split"], indirect=True)
def test_eight_workers_keep_an_allowance_use_it_and_starve_nobody(road, ledger):
    road.start(workers=WORKERS)
    came = rung(road)
    until(lambda: len(ledger.kept("steps")) == CALLS * Steps.requests, 4 * SECONDS + 30, what="all to be told")
    road.stop()

    order = done(ledger)
    overtaken = [sum(came.index(other) > came.index(call) for other in order[: order.index(call)]) for call in came]
    began = [one.at for one in ledger.requests if one.key.endswith("-0")]
    allowed = PER_SECOND * (max(began) - min(began))
    use = (len(ledger.requests) - BURST) / allowed
    refused = sum(one.answer == 429 for one in ledger.requests)
    print(f"{CALLS} deliveries, {len(ledger.requests)} requests, {refused} refused; {use:.1%} of the allowance used;")
    print(f"overtaken by {max(overtaken)} at most, {sum(overtaken) / CALLS:.1f} in the mean, of {CALLS}")

    assert sorted(order) == sorted(came)
    assert refused == 0
    assert use >= 0.95
    assert max(overtaken) <= 3

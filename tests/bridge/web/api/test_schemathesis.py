"""What schemathesis finds in the API: it reads the document, and tries what that promises and what it forbids.

`RINGBRIDGE_EXAMPLES=500 pytest …` looks longer.
"""

from __future__ import annotations

import json
import os
import threading
from collections import Counter

import pytest
import schemathesis
from programs import API
from schemathesis.config import SchemathesisConfig
from schemathesis.engine import events, from_schema
from waitress import wasyncore

from bridge.web.server import create, port_of

# Where what a body means is judged by more than its schema: by a connector, the list of time zones, a common password.
_JUDGED = "^/api/v1/(instances|connections|users|tokens|deliveries/replay)"
_CONFIG = f"""
[generation]
max-examples = {os.environ.get("RINGBRIDGE_EXAMPLES", "5")}
deterministic = true

[[operations]]
include-path-regex = {json.dumps(_JUDGED)}
checks.positive_data_acceptance.expected-statuses = ["2xx", "401", "403", "404", "409", "422", "429"]
"""

pytestmark = pytest.mark.filterwarnings("ignore:Generating overly large repr")


@pytest.fixture
def address(app):
    """Where the API listens: with a network in between, so that what the server makes of a request is tried too."""
    server = create(app, "127.0.0.1", 0)
    running = threading.Thread(target=server.run)
    running.start()
    yield f"http://127.0.0.1:{port_of(server)}{API}"
    server.trigger.pull_trigger(lambda: wasyncore.close_all(server._map))
    running.join(10)
    server.task_dispatcher.shutdown()


# PostgreSQL is the stricter of the two about what text and numbers may hold.
@pytest.mark.timeout(3600)
@pytest.mark.parametrize(
    ("store", "role"), [("sqlite", "operator"), ("postgresql", "administrator")], indirect=["store"]
)
def test_schemathesis_finds_no_failure(address, role, request):
    token = request.getfixturevalue(role).token
    config = SchemathesisConfig.from_str(f'headers = {{ Authorization = "Bearer {token}" }}\n{_CONFIG}')
    described = schemathesis.openapi.from_url(f"{address}/openapi.json", config=config)

    found, asked = _found(from_schema(described).execute())

    if found:
        pytest.fail("\n\n".join(found))  # in full: an assertion would cut it
    assert {label for label, count in asked.items() if count} == {
        f"{method.upper()} {path}"
        for path, one in described.raw_schema["paths"].items()
        for method in one
        if path != f"{API}/openapi.json"  # which schemathesis has read, and does not ask for again
    }


def _found(stream):
    """What failed, each once, and how often each operation was asked."""
    found, asked = {}, Counter()
    for event in stream:
        if isinstance(event, events.FatalError | events.NonFatalError):
            error = event.exception if isinstance(event, events.FatalError) else event.value
            found[repr(error)] = f"{getattr(event, 'label', '')}: {error!r}"
        if isinstance(event, events.EngineFinished):
            for one in event.failures:
                found[str(one)] = str(one)
        if isinstance(event, events.ScenarioFinished):
            recorder = event.recorder
            for case_id, case in recorder.cases.items():
                asked[case.value.operation.label] += 1
                for check in recorder.checks.get(case_id, []):
                    if check.failure_info is not None:
                        failure = check.failure_info.failure
                        key = f"{case.value.operation.label} {check.name}"
                        answer = recorder.interactions[case_id].response if case_id in recorder.interactions else None
                        text = answer.text[:300] if answer is not None and answer.encoding else ""
                        found.setdefault(key, f"{key}: {failure.message}\n{check.failure_info.code_sample}\n{text}")
    return list(found.values()), asked

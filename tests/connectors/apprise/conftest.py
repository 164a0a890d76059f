"""A call of somebody whose name is markup everywhere."""

from dataclasses import replace

import pytest

HOSTILE = "Ann *b* <b>x</b> & <!channel> @everyone [x](http://evil) `c`\x07\u202e\r\nEND"


@pytest.fixture
def hostile_call(missed_call):
    caller = replace(missed_call.caller, name=HOSTILE)
    return replace(missed_call, caller=caller, summary=f"Missed call: {HOSTILE}")

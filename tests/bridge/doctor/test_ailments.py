"""What is wrong with an instance is found, in the order in which to mend it, and nothing where all is well."""

from __future__ import annotations

import pytest
from ailments import BROKEN
from clinic import WEBHOOK_TOKEN


@pytest.mark.parametrize("case", BROKEN)
def test_what_is_wrong_is_found_and_nothing_else(clinic, case):
    broken, fault, code, expected = BROKEN[case]
    clinic.admit(**broken)
    if fault:
        clinic.green_api.fault(fault)

    assert clinic.check() == (code, expected)
    assert clinic.changes == 0


WELL = {
    "pushed": {},
    "polled": {"intake": "poll"},
    "with a scheme there": {"webhook_token": f"Bearer {WEBHOOK_TOKEN}"},
    "with a scheme here": {"tokens": [f"bearer {WEBHOOK_TOKEN}"]},
    "with a password": {"tokens": ["canary:secret"], "webhook_token": "Basic Y2FuYXJ5OnNlY3JldA=="},
}


@pytest.mark.parametrize("case", WELL)
def test_nothing_is_found_where_all_is_well_and_fix_writes_nothing(clinic, case):
    clinic.admit(**WELL[case])

    assert clinic.check() == clinic.check("--fix") == (0, [])
    assert clinic.changes == 0
    plain = clinic.run("instance", "check", "support")
    assert plain.stdout.splitlines()[:2] == [
        "instance support: works",
        "Nothing has come from GREEN-API for it yet. Call the number to see it work.",
    ]
    assert "authorised again" in plain.stdout

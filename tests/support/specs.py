"""Hold every request that the HubSpot tests make against HubSpot's OpenAPI descriptions, which are not kept here.

    python tests/support/specs.py FOLDER [TESTS …]

FOLDER, or else the variable RINGBRIDGE_SPECS, holds files named like `contacts.2026-09.json`, taken from
`PublicApiSpecs` of https://github.com/HubSpot/HubSpot-public-api-spec-collection. Exits 1 if a request does not fit.
"""

from __future__ import annotations

import os
import sys
from collections import Counter
from pathlib import Path

import pytest
from hubspot_portal import Portal
from openapi import Descriptions

VERSION = "2026-09"
TESTS = ["tests/connectors/hubspot", "tests/faults/test_hubspot.py"]
WRONG_ON_PURPOSE = "tests/connectors/hubspot/portal"
UNDESCRIBED = {"/oauth/v2/private-apps/get/access-token-info"}
"""Documented in prose only."""


class Listener:
    """Hears what all portals are asked while the tests run."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, str, dict[str, str], object]] = []

    def pytest_collection(self) -> None:
        note, heard = Portal.note, self.heard

        def listening(portal, request, *answer) -> None:
            note(portal, request, *answer)
            last = portal.log[-1]
            heard.append((last.method, last.path, last.query, last.body))

        Portal.note = listening


def main(arguments: list[str]) -> int:
    folder = arguments[0] if arguments else os.environ.get("RINGBRIDGE_SPECS")
    if not folder:
        print(__doc__)
        return 2
    descriptions, listener = Descriptions(Path(folder), VERSION), Listener()
    tests = arguments[1:] or [one for one in TESTS if Path(one).exists()]
    ended = pytest.main(["-q", "--ignore", WRONG_ON_PURPOSE, *tests], plugins=[listener])
    faults = Counter(
        f"{method} {_template(path)}: {fault}"
        for method, path, query, body in listener.heard
        if path not in UNDESCRIBED
        for fault in descriptions.faults(method, path, query, body)
    )
    for fault, times in faults.most_common():
        print(f"{times} times {fault}")
    print(f"{len(listener.heard)} requests, {len(faults)} kinds of fault")
    return 1 if ended or faults or not listener.heard else 0


def _template(path: str) -> str:
    return "/".join("{id}" if any(map(str.isdigit, part)) and part != VERSION else part for part in path.split("/"))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

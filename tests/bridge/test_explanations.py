"""Whatever may be found wrong with an instance is explained on the page about instances."""

from __future__ import annotations

import re
from pathlib import Path

from bridge.doctor import findings, states


def test_everything_that_may_be_found_is_explained_in_its_order():
    page = (Path(__file__).parents[2] / "docs" / "instances.md").read_text()
    listed = re.findall(r"^\| `([a-z-]+)` \|", page, re.MULTILINE)

    assert tuple(listed) == findings.ORDER
    constants = [one for module in (findings, states) for one in vars(module).values()]
    known = [one.id for one in [*constants, *states.STATES.values()] if isinstance(one, findings.Finding)]
    assert len(known) > 20
    assert set(known) <= set(findings.ORDER)

"""Every page, wide and light, phone-sized and dark, empty and full: nothing to stumble over.

`make screenshots` does the same in all four looks and keeps a picture of each, which is there to be looked at.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from visitor import House, Visitor

ANYWHERE = ("/login",)
EMPTY = (
    "/", "/?simulated=1", "/calls", "/me", "/admin", "/admin/instances", "/admin/instances/add", "/admin/connections",
    "/admin/connections/add", "/admin/connections/add?connector=webhook", "/admin/connections/add?connector=bitrix24",
    "/admin/connections/add?connector=hubspot", "/admin/deliveries", "/admin/notifications", "/admin/dry-run",
    "/admin/users", "/admin/tokens", "/admin/audit", "/nowhere",
)  # fmt: skip
FULL = (
    "/", "/calls", "/calls?name=anna", "/admin", "/admin/instances", "/admin/instances/support/check",
    "/admin/connections", "/admin/connections/crm", "/admin/connections/crm/test-call",
    "/admin/connections/crm/check", "/admin/connections/crm/remove", "/admin/deliveries",
    "/admin/deliveries?state=held", "/admin/notifications", "/admin/users", "/admin/audit",
)  # fmt: skip
PICTURES = os.environ.get("SCREENSHOTS")
WIDE, PHONE = {"viewport": {"width": 1280, "height": 900}}, {"viewport": {"width": 390, "height": 844}}
LOOKS = {"wide": WIDE, "phone-dark": {**PHONE, "color_scheme": "dark"}}
if PICTURES:  # what these could stumble over is in the other two: either the width or the colours
    LOOKS |= {"wide-dark": {**WIDE, "color_scheme": "dark"}, "phone": PHONE}


@pytest.fixture(scope="module")
def empty(tmp_path_factory):
    with House(tmp_path_factory.mktemp("empty")) as house:
        house.person("ada", "administrator")
        yield house


@pytest.fixture(scope="module")
def full(tmp_path_factory):
    with House(tmp_path_factory.mktemp("full")) as house:
        house.person("ada", "administrator")
        house.person("olga", "operator")
        house.fill()
        yield house


@pytest.mark.timeout(900)  # many pages, and axe takes its time with each
@pytest.mark.parametrize("look", LOOKS)
@pytest.mark.parametrize("kind", ["empty", "full"])
def test_no_page_has_anything_to_stumble_over(request, browser, kind, look):
    house = request.getfixturevalue(kind)
    visitor = Visitor(browser, house, **LOOKS[look])
    found = [fault for path in ANYWHERE for fault in faults(visitor, path, f"{kind}-{look}")]
    visitor.sign_in("ada")
    paths = [*EMPTY] if kind == "empty" else [*FULL, f"/calls/{house.calls()[0]['id']}"]
    for path in paths:
        found += faults(visitor, path, f"{kind}-{look}")
    assert found == []
    assert visitor.strangers == []


def faults(visitor, path, look):
    """What is wrong with a page, one line each."""
    page = visitor.open(path)
    page.wait_for_load_state("networkidle")
    keep(page, path, look)
    violations = [one for one in Axe().run(page).response["violations"] if one["impact"] in ("serious", "critical")]
    said = [f"{path}: {one['impact']}: {one['id']}: {one['nodes'][0]['html']}" for one in violations]
    if page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth + 1"):
        said.append(f"{path}: is wider than the window")
    if path != "/nowhere":  # a browser says so itself
        said += [f"{path}: {complaint}" for complaint in visitor.complaints]
    visitor.complaints.clear()
    return said


def keep(page, path, look):
    if PICTURES:
        Path(PICTURES).mkdir(parents=True, exist_ok=True)
        name = path.strip("/").split("-")[0].replace("/", "-").replace("?", "-").replace("=", "-") or "board"
        page.screenshot(path=str(Path(PICTURES) / f"{name}--{look}.png"), full_page=True)

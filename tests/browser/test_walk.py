"""The whole way through the screens, as people go it: from the printed address to a caller who was called back."""

from __future__ import annotations

import re
import time

import pytest
from road import ANNA, BORIS, until
from visitor import API_TOKEN, EVE, ID_INSTANCE, PASSWORD, SECRET, Visitor

WITHIN = 2_000  # milliseconds that a board may take to show what the store says, with a loaded machine's share


def first_start(visitor):
    page = visitor.page
    page.goto(visitor.house.first_address)
    page.get_by_label("Name").fill("ada")
    page.get_by_label("Password (required)", exact=True).fill(PASSWORD)
    page.get_by_label("The same password again").fill(PASSWORD)
    page.get_by_role("button", name="Begin").click()
    page.wait_for_url("**/admin")


def add_instance(visitor):
    """The doctor's findings follow by themselves; it mends GREEN-API's settings, and calls arrive."""
    page = visitor.page
    page.get_by_role("link", name="Add an instance").first.click()
    page.get_by_label("Name (required)", exact=True).fill("support")
    page.get_by_label("idInstance").fill(ID_INSTANCE)
    page.get_by_label("apiUrl").fill(visitor.house.green_api.url)
    page.get_by_label("apiTokenInstance").fill(API_TOKEN)
    page.get_by_role("button", name="Save and check").click()
    page.get_by_role("button", name="Mend, and restart the instance").click()
    page.get_by_text("Changed at GREEN-API").first.wait_for()


def add_connection(visitor):
    page = visitor.open("/admin/connections/add")
    page.get_by_role("link", name="Choose Webhook", exact=True).click()
    page.get_by_label("Name (required)", exact=True).fill("crm")
    page.get_by_label("Address").fill(f"{visitor.house.crm.url}/hooks/crm")
    page.get_by_label("Signing secret").fill(SECRET)
    page.get_by_label("is told that it rings, and the outcome").check()
    page.get_by_role("button", name="Add", exact=True).click()
    page.get_by_text("crm is added").wait_for()


def ring_a_test_call(visitor):
    page = visitor.open("/admin/connections/crm/test-call")
    page.get_by_role("button", name="Let it ring").click()
    page.get_by_text("Its system was told").first.wait_for()
    page.get_by_role("button", name="Missed").click()
    until(lambda: len(visitor.house.crm.records()) == 2, what="the test call at the CRM")


@pytest.mark.timeout(300)  # a whole morning of an administrator
def test_from_the_printed_address_to_a_call_that_was_called_back(browser, house):
    ada, olga = Visitor(browser, house), Visitor(browser, house, viewport={"width": 390, "height": 844})
    first_start(ada)
    add_instance(ada)
    add_connection(ada)
    ring_a_test_call(ada)
    told = [record["body"]["data"]["caller"]["name"] for record in house.crm.records()]
    assert told == ["Test call (Ringbridge)"] * 2

    house.person("olga", "operator")
    board, other = olga.sign_in("olga"), ada.open("/")
    until(lambda: "No calls yet" not in ada.text(), what="the boards to show the test call")
    house.ring(ANNA, "missed", after=3.0)
    board.locator("main").get_by_text("Anna Petrova").first.wait_for(timeout=WITHIN)
    rang_at, seen_at = house.green_api.log.entries()[-1]["sent_at"], time.time()
    assert seen_at - rang_at < 1.0 + 0.5  # the half second is Playwright's own
    row = (
        board.get_by_role("listitem")
        .filter(has_text="Anna Petrova")
        .filter(has=board.get_by_role("button", name="Claim"))
    )
    row.get_by_role("button", name="Claim").click()
    other.locator("main").get_by_text("olga").first.wait_for(timeout=WITHIN)
    row = board.get_by_role("listitem").filter(has_text="Anna Petrova")
    row.get_by_role("button", name="Done").first.click()
    gone = other.get_by_role("listitem").filter(has_text="Anna Petrova").filter(has=other.get_by_role("button"))
    until(lambda: gone.count() == 0, 10, what="the first browser to see that it is done")
    assert [ada.complaints, olga.complaints, ada.strangers, olga.strangers] == [[], [], [], []]


@pytest.mark.timeout(300)
def test_a_board_that_was_offline_for_a_minute_of_changes_is_right_within_two_seconds(browser, house):
    house.person("olga", "operator")
    house.furnish()
    olga = Visitor(browser, house)
    page = olga.sign_in("olga")
    house.ring(BORIS, "missed")
    page.locator("main").get_by_text("Boris").first.wait_for()
    olga.context.set_offline(True)
    page.get_by_text("Connection lost since").first.wait_for()
    for number in range(20):
        house.ring(f"155512340{number:02}@c.us", ("missed", "pickUp", "hungUp")[number % 3])
        time.sleep(3.0)  # spread over the minute
    until(lambda: len(house.calls()) == 21 and all(one["status"] != "ringing" for one in house.calls()), 60)
    olga.context.set_offline(False)
    wanted = {one["phone"].lstrip("+") for one in house.calls()}
    until(lambda: wanted <= set(re.findall(r"\d{11}", digits(olga.text()))), 2, what="the board to be right again")
    assert len(wanted) == 21


def digits(text):
    """The digits of what a page shows, without what it writes between them."""
    return re.sub(r"(?<=\d)[\s().-]+(?=\d)", "", text)


def test_a_hostile_name_is_text_everywhere(browser, house):
    house.person("ada", "administrator")
    house.furnish()
    house.ring(EVE, "missed")
    until(lambda: house.calls() and house.calls()[0]["status"] == "missed", what="the call")
    ada = Visitor(browser, house)
    ada.sign_in("ada")
    call = house.calls()[0]
    assert call["caller"].startswith("<img src=x")
    for path in ("/", "/calls", f"/calls/{call['id']}", "/admin/deliveries"):
        page = ada.open(path)
        page.wait_for_load_state("networkidle")
        if path != "/admin/deliveries":
            assert "<img src=x onerror=alert(1)>[URL]" in ada.text(), path
        assert page.locator("main img").count() == 0, path
        assert "\u202e" not in page.content(), path
    assert ada.complaints == []

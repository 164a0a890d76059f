"""A connection through the screens alone: chosen, filled in while it is previewed, checked, and rung through."""

from __future__ import annotations

from visitor import ID_INSTANCE, SECRET, Visitor


def test_a_connection_is_added_checked_and_rung_through(browser, house):
    house.person("ada", "administrator")
    more = ("--id-instance", ID_INSTANCE, "--api-url", house.green_api.url)
    house.run("instance", "add", "support", *more, given="canary-api\ncanary-hook\n")
    visitor = Visitor(browser, house)
    page = visitor.sign_in("ada")

    visitor.open("/admin/connections")
    page.get_by_role("link", name="Add a connection").click()
    page.get_by_role("link", name="Choose Webhook").click()
    page.get_by_label("Name (required)").fill("crm")
    page.get_by_label("Address (required)").fill(f"{house.crm.url}/hooks/crm")
    page.get_by_label("Signing secret (required)").fill(SECRET)
    page.get_by_text("Words of its own").click()
    page.get_by_label("Summary").fill("$label <i>from</i> $caller")
    page.locator('[data-preview-of="missed"]', has_text="Missed call <i>from</i> Anna Petrova").wait_for()
    page.get_by_label("is told the outcome", exact=True).check()
    page.locator('[data-preview-of="ringing"]:text-is("nothing")').wait_for()
    page.get_by_label("is told that it rings, and the outcome").check()
    page.get_by_role("button", name="Add", exact=True).click()

    page.get_by_role("button", name="Check now").click()
    page.get_by_text("It works: its system answers").wait_for()
    page.get_by_role("link", name="Make a test call").click()
    page.get_by_role("button", name="Let it ring").click()
    page.get_by_text("Its system was told: Ringing.").wait_for()  # without a reload
    page.get_by_role("button", name="Missed").click()
    page.get_by_text("Its system was told: Missed.").wait_for()

    told = [record["body"]["data"] for record in house.crm.records() if record["type"].startswith("call.")]
    assert [call["status"] for call in told] == ["ringing", "missed"]
    assert told[1]["summary"] == "Missed call <i>from</i> Test call (Ringbridge)"
    assert SECRET not in visitor.open("/admin/connections/crm/edit").content()
    assert visitor.complaints == []
    assert visitor.strangers == []

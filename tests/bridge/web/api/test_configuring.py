"""Instances and connections through the API: added, changed, checked and removed, and no secret in any answer."""

from __future__ import annotations

import pytest
from desk import webhook_settings
from programs import trail

from bridge import instances
from bridge.web.api.table import ROUTES

on_sqlite = pytest.mark.parametrize("store", ["sqlite"], indirect=True)
CANARY = "canary-0123456789"
BERLIN = {
    "name": "berlin",
    "id_instance": "7103111333",
    "api_url": "https://api.example.com",
    "api_token": CANARY,
    "webhook_token": "b3rlin",
}


def kept_token(store):
    with store.read() as db:
        return instances.active(db, store.secrets)[-1].config.api_token


def test_an_instance_is_added_changed_and_removed(administrator, store):
    added = administrator.post("/instances", BERLIN)
    assert (added.status_code, added.headers["Location"]) == (201, "/api/v1/instances/berlin")
    assert added.json["secrets"] == ["api_token", "webhook_token"]
    assert administrator.post("/instances", BERLIN).status_code == 409
    taken = administrator.post("/instances", {**BERLIN, "name": "another"})
    assert (taken.status_code, taken.json["errors"][0]["field"]) == (422, "id_instance")

    changed = administrator.patch("/instances/berlin", {"timezone": "Europe/Berlin", "api_token": ""})
    assert (changed.status_code, changed.json["timezone"]) == (200, "Europe/Berlin")
    again = administrator.patch("/instances/berlin", {"lookups_per_second": 2})
    assert (again.json["timezone"], again.json["lookups_per_second"]) == ("Europe/Berlin", 2)
    assert administrator.patch("/instances/berlin", {"timezone": None}).json["timezone"] == "UTC"
    wrong = administrator.patch("/instances/berlin", {"timezone": "Berlin"})
    assert (wrong.status_code, wrong.json["errors"][0]["field"]) == (422, "timezone")
    assert kept_token(store) == CANARY

    assert administrator.delete("/instances/berlin").status_code == 204
    assert administrator.get("/instances/berlin").status_code == 404
    assert [what for _, what, about in trail(store) if about == "berlin"] == [
        "instance.added", "instance.changed", "instance.changed", "instance.changed", "instance.removed"
    ]  # fmt: skip


def test_a_connection_is_added_changed_paused_resumed_and_removed(administrator, store):
    settings = {"url": "https://crm.example.com/hook", "secret": "whsec_" + "Y2FuYXJ5" * 6}
    new = {"name": "sales", "connector": "webhook", "settings": settings, "labels": {"missed": "Call back"}}
    added = administrator.post("/connections", new)
    assert (added.status_code, added.headers["Location"]) == (201, "/api/v1/connections/sales")
    assert (added.json["settings"], added.json["secrets"]) == ({"url": settings["url"]}, ["secret"])
    assert administrator.post("/connections", new).status_code == 409

    kept = administrator.patch("/connections/sales", {"policy": "result", "settings": {"secret": ""}})
    assert (kept.json["policy"], kept.json["secrets"], kept.json["labels"]) == (
        "result", ["secret"], {"missed": "Call back"}
    )  # fmt: skip
    wrong = administrator.patch("/connections/sales", {"settings": {"url": 5, "colour": "red"}})
    assert wrong.status_code == 422
    assert {one["field"] for one in wrong.json["errors"]} == {"settings.url", "settings.colour"}
    assert administrator.patch("/connections/sales", {"instances": ["nobody"]}).status_code == 422

    assert administrator.post("/connections/sales/pause").json["paused_by"] == "admin"
    assert administrator.post("/connections/sales/resume").json["state"] == "active"
    assert administrator.delete("/connections/sales").status_code == 204
    assert administrator.post("/connections/sales/pause").status_code == 404
    assert [what for _, what, about in trail(store) if about == "sales"] == [
        "connection.added", "connection.changed", "connection.paused", "connection.resumed", "connection.removed"
    ]  # fmt: skip


def test_no_answer_holds_a_secret(administrator, desk):
    administrator.post("/instances", BERLIN)
    desk.connect("secretive", "all", settings=webhook_settings())
    secrets = [CANARY, "b3rlin", webhook_settings()["secret"], "t0ken-of-the-api", administrator.token]
    for route in ROUTES:
        if route.method == "GET":
            for name in ("berlin", "secretive", "webhook"):
                text = administrator.get(route.path.replace("{name}", name).replace("{id}", "1")).text
                assert [one for one in secrets if one in text] == []


@on_sqlite
def test_a_check_says_what_is_wrong(administrator, desk, service):
    desk.connect("book", "all", connector="rolodex", settings={"fails": "check"})
    found = administrator.post("/connections/book/check").json

    assert (found["ok"], [one["id"] for one in found["findings"]]) == (False, ["check-retryable"])
    assert administrator.post("/connections/book/check", {"fix": True}).json["ok"] is False
    assert administrator.post("/connections/nobody/check").status_code == 404


@on_sqlite
def test_a_webhook_is_taken_away_only_where_something_is_to_be_mended(administrator):
    answer = administrator.post("/instances/support/check", {"replace_webhook": True})

    assert (answer.status_code, answer.json["errors"][0]["field"]) == (422, "replace_webhook")


@on_sqlite
def test_what_can_be_connected_is_listed_with_what_it_wants_to_know(administrator):
    assert {"webhook", "hubspot"} <= {one["name"] for one in administrator.get("/connectors").json}
    fields = {one["name"]: one for one in administrator.get("/connectors/webhook").json["settings"]}
    assert (fields["secret"]["kind"], fields["secret"]["default"]) == ("secret", None)
    assert administrator.get("/connectors/nothing").status_code == 404

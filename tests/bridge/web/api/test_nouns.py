"""What programs can read and change through the API: the nouns of the commands, by the same functions."""

from __future__ import annotations

import json
import re

import pytest
from desk import CHAT, LOCKED_OUT, REFUSED, notification, webhook_settings
from jsonschema import Draft202012Validator

from bridge import audit, descriptions, instances, listing, notifications, stories
from bridge.web.api import inputs, openapi
from bridge.web.api.examples import EXAMPLES
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


def trail(store):
    """(who, what, about) of the audit trail, oldest first."""
    with store.read() as db:
        return [(one["who"], one["what"], one["about"]) for one in reversed(audit.listing(db, 100))]


def test_calls_are_those_of_the_command(operator, store):
    with store.read() as db:
        expected = listing.recent_calls(db, None)

    assert operator.get("/calls").json == expected
    assert [one["status"] for one in expected] == ["missed"]


@pytest.mark.parametrize(
    ("query", "count"),
    [("status=missed", 1), ("status=answered", 0), ("status=answered&status=missed", 1), ("instance=support", 1),
     ("connection=all-0", 1), ("search=noor", 1), ("search=nobody", 0), ("search=%2B1555", 1), ("since=2026-11-20", 1),
     ("until=2026-11-20", 0), ("since=2026-11-21", 0), ("search=%25", 0)],
)  # fmt: skip
def test_calls_are_chosen_by_a_query(operator, query, count):
    assert len(operator.get(f"/calls?{query}").json) == count


@on_sqlite
@pytest.mark.parametrize("query", ["instance=nobody", "connection=nobody", "instance=%00"])
def test_a_choice_that_can_never_fit_is_a_mistake(operator, query):
    answer = operator.get(f"/calls?{query}")

    assert (answer.status_code, answer.content_type) == (404, "application/problem+json")


def test_pages_of_calls_follow_each_other_by_the_link(operator, desk):
    for number in range(4):
        desk.hear("offer", after=60.0 + number, id_message=f"N{number}", chat=f"1555000000{number}@c.us")

    assert walked(operator, "/calls?limit=2") == ["N3", "N2", "N1", "N0", "C1"]


def test_a_place_in_the_list_may_be_any_that_can_be_written(operator):
    assert operator.get(f"/calls?after={'9' * 17}-{'9' * 18}").json == operator.get("/calls").json
    assert operator.get("/calls?after=0-0711840949520").json == []


def walked(program, path, field="id_message"):
    """That field of all rows, as somebody reads them who follows the links."""
    rows = []
    while path:
        answer = program.get(path)
        assert len(answer.json) <= 2
        rows += [one[field] for one in answer.json]
        found = re.fullmatch(r'<([^>]+)>; rel="next"', answer.headers.get("Link", ""))
        path = found[1] if found else None
    return rows


def test_the_story_of_a_call_is_that_of_the_command(operator, store, desk):
    [call] = operator.get("/calls").json
    with store.read() as db:
        expected = stories.of_call(db, call["id"], desk.moment())

    assert operator.get(f"/calls/{call['id']}").json == expected
    assert operator.get(f"/calls/{call['id_message']}").json == expected
    assert operator.get("/calls/nothing").status_code == 404


def test_missed_callers_are_claimed_given_back_taken_over_and_done(operator, administrator, store):
    [missed] = operator.get("/follow-ups").json
    whose = {"instance": "support", "chat_id": CHAT}
    assert (missed["caller"], missed["count"], missed["claimed_by"]) == ("Noor (bakery)", 1, None)

    assert operator.post("/follow-ups/claim", whose).status_code == 204
    assert operator.get("/follow-ups").json[0]["claimed_by"] == operator.who
    refused = administrator.post("/follow-ups/claim", whose)
    assert (refused.status_code, operator.who in refused.json["detail"]) == (409, True)
    assert administrator.post("/follow-ups/claim", {**whose, "take_over": True}).status_code == 204
    assert administrator.post("/follow-ups/release", whose).status_code == 204
    assert operator.post("/follow-ups/done", whose).status_code == 204

    assert operator.get("/follow-ups").json == []
    assert operator.post("/follow-ups/claim", whose).status_code == 409
    assert [who for who, what, _ in trail(store) if what.startswith("follow_up.")] == [
        operator.who, administrator.who, administrator.who, operator.who
    ]  # fmt: skip


@on_sqlite
def test_nobody_is_called_back_for_an_instance_that_there_is_not(operator):
    assert operator.post("/follow-ups/claim", {"instance": "nobody", "chat_id": CHAT}).status_code == 404


def test_failed_deliveries_are_listed_and_told_again(administrator, desk, store):
    desk.tell(outcome=REFUSED, after=20.0)

    [failed] = administrator.get("/deliveries?state=failed&connection=all-0&since=2026-11-20").json
    assert (failed["id"], failed["state"], failed["call"]) == (1, "failed", "7103111222-C1")
    by_id = administrator.post("/deliveries/replay", {"ids": [1, 1, 99]}).json
    assert (by_id["replayed"], by_id["looked_at"]) == (1, 2)
    assert [(one["id"], one["replayed"], bool(one["reason"])) for one in by_id["deliveries"]] == [
        (1, True, False), (99, False, True)
    ]  # fmt: skip
    assert desk.row().state == "due"
    desk.tell(outcome=REFUSED, after=40.0)
    by_choice = administrator.post("/deliveries/replay", {"connection": "all-0", "state": ["failed"]}).json
    assert by_choice == {"replayed": 1, "looked_at": 1, "not_replayed": None, "deliveries": []}
    assert [one for one in trail(store) if one[1] == "delivery.replayed"] == [
        (administrator.who, "delivery.replayed", None)
    ] * 2


@on_sqlite
@pytest.mark.parametrize(
    ("order", "status"),
    [({}, 422), ({"ids": [1], "connection": "all-0"}, 422), ({"ids": []}, 422), ({"ids": [0]}, 422),
     ({"connection": "nobody"}, 404), ({"again": True}, 422)],
)  # fmt: skip
def test_a_replay_says_what_is_to_be_told_again(administrator, order, status):
    assert administrator.post("/deliveries/replay", order).status_code == status


@on_sqlite
def test_pages_of_deliveries_follow_each_other(administrator, desk):
    for number in range(4):
        desk.hear("offer", after=60.0 + number, id_message=f"N{number}", chat=f"1555000000{number}@c.us")

    assert walked(administrator, "/deliveries?limit=2", "id") == [5, 4, 3, 2, 1]


def test_what_could_not_be_read_is_listed_and_read_again(administrator, desk, store):
    raw = json.dumps(notification("missed", id_message="NEW", at=desk.moment(30.0))).encode()
    store.write(lambda db: notifications.keep_unread(db, raw, 1, "The body was too new.", desk.moment(31.0)))

    [unread] = administrator.get("/notifications?unread=true&instance=support&since=2026-11-20").json
    assert (unread["verdict"], unread["reason"]) == ("unread", "The body was too new.")
    assert administrator.get(f"/notifications/{unread['id']}").json == unread
    assert administrator.post(f"/notifications/{unread['id']}/replay").json["result"] == "read"
    assert administrator.get("/notifications?unread=true").json == []
    assert administrator.get("/calls?limit=1").json[0]["id_message"] == "NEW"
    assert administrator.post("/notifications/1/replay").json["result"] == "nothing"
    assert administrator.post("/notifications/99/replay").status_code == 404
    assert (administrator.who, "notification.replayed", None) in trail(store)


def test_pages_of_notifications_follow_each_other(administrator, desk):
    for number in range(4):
        desk.hear("offer", after=60.0 + number, id_message=f"N{number}", chat=f"1555000000{number}@c.us")

    assert walked(administrator, "/notifications?limit=2", "call")[:2] == ["7103111222-N3", "7103111222-N2"]
    assert len(walked(administrator, "/notifications?limit=2", "id")) == 6


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


def kept_token(store):
    with store.read() as db:
        return instances.active(db, store.secrets)[-1].config.api_token


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


def test_people_are_added_changed_and_removed(administrator, store):
    olga = {"name": "Olga", "password": "seven wet umbrellas", "role": "administrator"}
    added = administrator.post("/users", olga)
    assert (added.status_code, added.json["name"], added.json["seen_at"]) == (201, "olga", None)
    assert administrator.post("/users", olga).status_code == 409
    assert administrator.post("/users", {**olga, "name": "x y"}).json["errors"][0]["field"] == "name"
    common = administrator.post("/users", {**olga, "name": "ivan", "password": "password12345"})
    assert (common.status_code, common.json["errors"][0]["field"]) == (422, "password")

    only = administrator.patch("/users/olga", {"role": "operator"})
    assert (only.status_code, "only administrator" in only.json["detail"]) == (409, True)
    assert administrator.delete("/users/olga").status_code == 409
    assert administrator.post("/users", {**olga, "name": "ada"}).status_code == 201
    assert (
        administrator.patch("/users/olga", {"role": "operator", "password": "eight dry umbrellas"}).status_code == 200
    )
    assert administrator.delete("/users/olga").status_code == 204
    assert administrator.delete("/users/olga").status_code == 404
    assert [one["name"] for one in administrator.get("/users").json] == ["ada"]
    assert [what for _, what, about in trail(store) if about == "olga"] == [
        "user.added", "user.password", "user.role", "user.removed"
    ]  # fmt: skip


def test_a_token_is_shown_once_and_can_be_taken_away(administrator):
    made = administrator.post("/tokens", {"name": "warehouse"})
    assert (made.status_code, made.json["role"]) == (201, "operator")
    assert administrator.post("/tokens", {"name": "warehouse"}).status_code == 409
    bearer = {"Authorization": f"Bearer {made.json['token']}"}
    assert administrator.get("/whoami", headers=bearer).json == {"token": "warehouse", "role": "operator"}
    assert made.json["token"] not in administrator.get("/tokens").text

    assert administrator.delete("/tokens/warehouse").status_code == 204
    assert administrator.get("/whoami", headers=bearer).status_code == 401
    assert administrator.delete("/tokens/warehouse").status_code == 404


def test_pages_of_the_audit_trail_follow_each_other(administrator):
    for _ in range(2):
        administrator.post("/connections/all-0/pause")
        administrator.post("/connections/all-0/resume")

    assert walked(administrator, "/audit?limit=2", "what") == [
        "connection.resumed", "connection.paused", "connection.resumed", "connection.paused", "token.added"
    ]  # fmt: skip


@on_sqlite
def test_held_deliveries_are_told_again_once_their_connection_is_resumed(administrator, desk):
    desk.tell(outcome=LOCKED_OUT, after=20.0)
    assert administrator.get("/connections").json[0]["paused_by"] == "credentials"
    hindered = administrator.post("/deliveries/replay", {"ids": [1]}).json
    assert (hindered["replayed"], "resumed first" in hindered["not_replayed"]) == (0, True)

    assert administrator.post("/connections/all-0/resume").json["state"] == "active"
    assert desk.row().state == "due"


# The document.


@on_sqlite
def test_every_route_stands_in_the_document_and_nothing_else(app):
    document = app.test_client().get("/api/v1/openapi.json", buffered=True).json
    described = {(method.upper(), path) for path, one in document["paths"].items() for method in one}
    served = {
        (method, re.sub(r"<(?:[^:<>]+:)?(\w+)>", r"{\1}", rule.rule))
        for rule in app.url_map.iter_rules()
        for method in rule.methods - {"HEAD", "OPTIONS"}
        if rule.endpoint.startswith("api.")
    }

    assert described == served
    assert all("/api/" not in rule.rule for rule in app.url_map.iter_rules() if not rule.endpoint.startswith("api."))


def test_examples_fit_what_they_are_examples_of():
    schemas = openapi.document(ROUTES)["components"]["schemas"]
    assert EXAMPLES.keys() <= schemas.keys()
    for name, example in EXAMPLES.items():
        whole = {"$ref": f"#/components/schemas/{name}", "components": {"schemas": schemas}}
        Draft202012Validator(whole).validate(example)


def test_bodies_are_described_by_the_keys_of_the_configuration_file():
    assert inputs.InstanceNew.model_fields.keys() == descriptions._InstanceTable.model_fields.keys()
    assert inputs.ConnectionNew.model_fields.keys() == descriptions._ConnectionTable.model_fields.keys()
    assert inputs.Labels.model_fields.keys() == descriptions._Labels.model_fields.keys()

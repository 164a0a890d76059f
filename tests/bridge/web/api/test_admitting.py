"""People and tokens through the API: added, changed and removed, and the trail of who did it."""

from __future__ import annotations

from programs import trail, walked


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

"""Administration on pages: what is listed, changed, asked first, refused; and that strangers' text stays text."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from desk import LOCKED_OUT, REFUSED, Desk
from sqlalchemy import insert, update

import bridge
from bridge import audit, heartbeats, holding, instances, operators, tokens
from bridge.policies import NOBODY_KNOWS
from bridge.store import tables

EVIL = "<img src=x onerror=alert(1)>[URL]\u202e"
PASSWORD = "four plain words together"
FORM = {
    "name": "support", "id_instance": "7103111222", "api_url": "https://api.example.com", "api_token": "canary-api",
    "intake": "webhook", "webhook_token": "canary-hook", "timezone": "UTC", "lookups_per_second": "1",
    "name_order": "contact_name, name, crm",
}  # fmt: skip


@pytest.fixture
def admin(site):
    return site.as_administrator()


@pytest.fixture
def desk(store, now):
    desk = Desk(store, now, ["all", "result"])
    desk.know()
    store.write(lambda db: heartbeats.note(db, heartbeats.SWEEP, now))
    return desk


def configs(store):
    with store.read() as db:
        return {one.name: one.config for one in instances.active(db, store.secrets)}


def trail(store):
    with store.read() as db:
        rows = audit.listing(db, 50)[::-1]
    assert "canary" not in json.dumps(rows)
    return [
        (row["who"], row["what"], row["about"]) for row in rows if row["what"] != "user.added" or row["who"] != "test"
    ]


def seen(answer, path):
    """The page that a form led to."""
    assert (answer.status_code, answer.location) == (303, path)
    return path


def people(store):
    with store.read() as db:
        return {one["name"]: one["role"] for one in operators.listing(db)}


# Instances


def test_without_an_instance_the_pages_say_what_to_do(admin):
    assert 'href="/admin/instances/add"' in admin.get("/admin/instances").text
    first = admin.get("/admin").text
    assert 'href="/admin/instances/add"' in first
    assert 'href="/admin/connections/add"' in first


def test_an_instance_is_added_and_its_check_opens(admin, store):
    seen(admin.post("/admin/instances/add", FORM), "/admin/instances/support/check")

    assert configs(store)["support"].webhook_tokens == ("canary-hook",)
    assert trail(store) == [("ada", "instance.added", "support")]
    assert "support" in admin.get("/admin/instances").text


def test_a_webhook_without_a_token_gets_one_that_nobody_knows(admin, store):
    admin.post("/admin/instances/add", {**FORM, "webhook_token": ""})

    [token] = configs(store)["support"].webhook_tokens
    assert len(token) >= 32


def test_what_is_wrong_stands_beside_its_field_and_secrets_are_not_sent_back(admin, store):
    wrong = {**FORM, "id_instance": "seven", "lookups_per_second": "often", "timezone": "Mars"}
    answer = admin.post("/admin/instances/add", wrong)

    assert answer.status_code == 400
    assert "It is the number that the GREEN-API console shows." in answer.text
    assert "Input should be a valid number." in answer.text
    assert "It is no IANA time zone" in answer.text
    assert 'value="seven"' in answer.text
    assert "canary" not in answer.text
    assert configs(store) == {}


def test_a_change_shows_no_secret_and_keeps_those_left_blank(admin, store):
    admin.post("/admin/instances/add", FORM)
    page = admin.get("/admin/instances/support/change").text
    assert "canary" not in page

    blank = {**FORM, "api_token": "", "webhook_token": "", "timezone": "Europe/Berlin"}
    seen(admin.post("/admin/instances/support/change", blank), "/admin/instances/support/check")

    config = configs(store)["support"]
    assert (config.api_token, config.webhook_tokens, config.timezone) == (
        "canary-api",
        ("canary-hook",),
        "Europe/Berlin",
    )


def test_a_new_token_may_leave_the_old_one_accepted(admin, store):
    admin.post("/admin/instances/add", FORM)
    admin.post("/admin/instances/support/change", {**FORM, "webhook_token": "canary-new", "keep_old": "yes"})

    assert configs(store)["support"].webhook_tokens == ("canary-new", "canary-hook")


def test_removing_asks_first(admin, store):
    admin.post("/admin/instances/add", FORM)
    assert "Remove support?" in admin.get("/admin/instances/support/remove").text
    assert "support" in configs(store)

    seen(admin.post("/admin/instances/support/remove"), "/admin/instances")
    assert configs(store) == {}
    assert trail(store)[-1] == ("ada", "instance.removed", "support")


@pytest.mark.parametrize("page", ["change", "remove", "check", "findings"])
def test_an_instance_that_is_not_there_is_a_page_that_is_not_there(admin, page):
    assert admin.get(f"/admin/instances/nobody/{page}").status_code == 404


# Deliveries


def fail(desk):
    desk.hear("missed", 0, id_message="C0")
    desk.tell(1, REFUSED, 1)
    desk.tell(2, REFUSED, 1)


def test_what_failed_is_listed_with_its_reason_and_replayed(admin, desk):
    fail(desk)
    page = admin.get("/admin/deliveries").text
    assert "It refused." in page
    assert 'action="/admin/deliveries/1/replay"' in page
    assert 'href="/calls/7103111222-C0"' in page

    kept = {"connection": "all-0", "state": "failed"}
    seen(admin.post("/admin/deliveries/1/replay", kept), "/admin/deliveries?state=failed&connection=all-0")

    assert (desk.row(1).state, desk.row(2).state) == ("due", "failed")
    assert "Delivery 1 is due again" in admin.get("/admin/deliveries").text
    assert trail(desk.store) == [("ada", "delivery.replayed", None)]


def test_all_of_a_filter_are_replayed_and_counted(admin, desk):
    fail(desk)
    desk.hear("missed", 10, id_message="C1")
    desk.tell(4, LOCKED_OUT, 11)

    admin.post("/admin/deliveries/replay", {"connection": "result-1"})

    page = admin.get("/admin/deliveries").text
    assert "Nothing to replay." in page
    assert "Not replayed: 2 of connections that are paused and must be resumed first (result-1)." in page
    admin.post("/admin/deliveries/replay", {})
    assert "1 delivery replayed." in admin.get("/admin/deliveries").text
    assert [desk.row(one).state for one in (1, 2, 3, 4)] == ["due", "failed", "due", "held"]


def test_what_was_delivered_is_told_again_only_by_an_explicit_choice(admin, desk):
    desk.hear("missed")
    desk.tell(1, after=1)
    page = admin.get("/admin/deliveries?state=delivered").text
    assert 'href="/admin/deliveries/1?state=delivered"' in page
    assert 'action="/admin/deliveries/1/replay"' not in page

    admin.post("/admin/deliveries/1/replay")
    assert "was not replayed" in admin.get("/admin/deliveries").text
    admin.post("/admin/deliveries/replay", {"state": "delivered"})
    assert desk.row(1).state == "delivered"

    assert "may stand there twice" in admin.get("/admin/deliveries/1").text
    admin.post("/admin/deliveries/1/replay", {"again": "yes"})
    assert desk.row(1).state == "due"


def test_once_more_for_a_filter_never_takes_what_the_filter_does_not_show(admin, desk):
    desk.hear("missed")
    desk.tell(1, after=1)
    desk.tell(2, REFUSED, 1)

    admin.post("/admin/deliveries/replay", {"again": "yes"})

    assert (desk.row(1).state, desk.row(2).state) == ("delivered", "due")


def test_what_was_perhaps_told_asks_first_too(admin, desk):
    fail(desk)
    change = update(tables.deliveries).where(tables.deliveries.c.id == 1).values(reason=NOBODY_KNOWS)
    desk.store.write(lambda db: db.execute(change) and None)

    assert 'href="/admin/deliveries/1"' in admin.get("/admin/deliveries").text
    admin.post("/admin/deliveries/1/replay")
    page = admin.get("/admin/deliveries").text
    assert "--again" not in page
    assert desk.row(1).state == "failed"


def test_a_page_holds_fifty_and_leads_to_older_ones(admin, desk):
    for number in range(30):
        desk.hear("missed", number, id_message=f"C{number}")

    first = admin.get("/admin/deliveries").text
    [older] = re.findall(r'href="(/admin/deliveries\?before=\d+)"', first)
    second = admin.get(older).text

    shown = [re.findall(r'href="/calls/7103111222-C(\d+)"', page) for page in (first, second)]
    assert [len(one) for one in shown] == [50, 10]
    assert sorted(map(int, shown[0] + shown[1])) == sorted([*range(30)] * 2)


@pytest.mark.parametrize("before", ["x", "0", "-1", "99999999999999", "٣", "00000000001" + "9" * 30])
def test_a_place_in_a_list_that_is_none_is_no_page(admin, before):
    for page in ("deliveries", "notifications", "audit"):
        assert admin.get(f"/admin/{page}?before={before}").status_code == 404


def test_a_connection_that_no_database_takes_is_one_of_which_nothing_is_owed(admin, desk):
    assert "No delivery fits." in admin.get("/admin/deliveries?connection=a%00").text
    answer = admin.post("/admin/deliveries/replay", {"connection": "a\0"})
    assert admin.get(seen(answer, "/admin/deliveries?connection=a%00")).status_code == 200


def test_where_nothing_is_owed_the_page_says_so(admin, desk):
    assert "Nothing is owed, held or failed." in admin.get("/admin/deliveries").text
    assert "No delivery fits." in admin.get("/admin/deliveries?state=failed&since=hour").text
    assert admin.get("/admin/deliveries/7").status_code == 404


# What could not be read


def keep(desk, *bodies, reason="It is no JSON."):
    row = {"type": None, "received_at": desk.moment(), "verdict": "unread", "reason": reason, "instance_id": 1}
    rows = [{**row, "key": f"u{number}", "body": body} for number, body in enumerate(bodies)]
    desk.store.write(lambda db: db.execute(insert(tables.notifications), rows) and None)


def test_what_could_not_be_read_is_shown_as_text_and_cut(admin, desk):
    keep(desk, EVIL + "x" * 20_000)

    page, alone = admin.get("/admin/notifications").text, admin.get("/admin/notifications/1").text

    for text in (page, alone):
        assert "&lt;img src=x onerror=alert(1)&gt;" in text
        assert "<img" not in text
    assert page.count("x" * 161) == 0
    assert 16_000 < alone.count("x") < 17_000


def test_what_is_readable_by_now_is_read_again(admin, desk):
    keep(desk, '{"typeWebhook": "incomingMessageReceived"}', "{")

    seen(admin.post("/admin/notifications/1/replay"), "/admin/notifications")
    assert "not needed or kept" in admin.get("/admin/notifications").text
    admin.post("/admin/notifications/replay")

    page = admin.get("/admin/notifications").text
    assert "1 still cannot be read." in page
    assert trail(desk.store) == [("ada", "notification.replayed", None)]
    assert admin.get("/admin/notifications/1").status_code == 404


def test_where_everything_was_read_the_page_says_so(admin, desk):
    assert "Everything was read." in admin.get("/admin/notifications").text


# People


def test_somebody_is_added_and_may_sign_in(admin, site, store):
    person = {"name": "Olga", "role": "operator", "password": PASSWORD, "again": PASSWORD}
    seen(admin.post("/admin/users/add", person), "/admin/users")

    assert people(store) == {"ada": "administrator", "olga": "operator"}
    signed_in = site.post("/login", {"name": "olga", "password": PASSWORD})
    assert signed_in.status_code == 303


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"again": "something else"}, "The two passwords differ."),
        ({"password": "short", "again": "short"}, "it needs at least 12"),
        ({"name": "a b"}, "A user&#39;s name is 2 to 80 letters"),
        ({"role": "king"}, "The role king is not known"),
        ({"name": "ada"}, "There is a user ada already"),
    ],
)
def test_somebody_who_cannot_be_added_is_told_why(admin, store, change, sentence):
    person = {"name": "olga", "role": "operator", "password": PASSWORD, "again": PASSWORD, **change}
    answer = admin.post("/admin/users/add", person)

    assert answer.status_code == 400
    assert sentence in answer.text
    assert people(store) == {"ada": "administrator"}


def test_another_role_holds_from_the_next_request_on(admin, site, store):
    other = site.as_administrator("bob")
    assert other.get("/admin/users").status_code == 200

    seen(admin.post("/admin/users/bob/role", {"role": "operator"}), "/admin/users")

    assert people(store)["bob"] == "operator"
    assert other.get("/admin/users").status_code == 403


def test_another_password_signs_out_whoever_was_signed_in(admin, site):
    other = site.as_operator("olga")
    assert other.get("/me").status_code == 200

    seen(admin.post("/admin/users/olga/password", {"password": PASSWORD, "again": PASSWORD}), "/admin/users")

    assert other.get("/me").status_code == 303
    assert site.post("/login", {"name": "olga", "password": PASSWORD}).status_code == 303


def test_the_last_administrator_stays(admin, store):
    for path, data in (("remove", {"oneself": "yes"}), ("role", {"role": "operator", "oneself": "yes"})):
        answer = admin.post(f"/admin/users/ada/{path}", data)
        assert answer.status_code == 400
        assert "ada is the only administrator" in answer.text
    assert people(store) == {"ada": "administrator"}


def test_nobody_removes_or_demotes_oneself_by_mistake(admin, site, store):
    site.as_administrator("bob")
    for path in ("remove", "role"):
        answer = admin.post(f"/admin/users/ada/{path}", {"role": "operator"})
        assert answer.status_code == 400
        assert "That is you" in answer.text
    assert people(store)["ada"] == "administrator"

    admin.post("/admin/users/ada/remove", {"oneself": "yes"})
    assert people(store) == {"bob": "administrator"}
    assert admin.get("/me").status_code == 303


def test_removing_somebody_asks_first(admin, site, store):
    site.as_operator("olga")
    assert "Remove olga?" in admin.get("/admin/users/olga/remove").text
    assert "olga" in people(store)

    admin.post("/admin/users/olga/remove")
    assert "olga" not in people(store)
    assert admin.get("/admin/users/olga").status_code == 404


# Tokens


def test_a_token_is_shown_once(admin, store, now):
    made = admin.post("/admin/tokens/add", {"name": "reports", "role": "operator"})
    [token] = re.findall(r'value="(rb_[^"]+)"', made.text)

    assert made.headers["Cache-Control"] == "no-store"
    with store.read() as db:
        assert tokens.owner(db, token, now).name == "reports"
    listed = admin.get("/admin/tokens").text
    assert "reports" in listed
    assert token not in listed


def test_a_removed_token_is_refused(admin, store, now):
    made = admin.post("/admin/tokens/add", {"name": "my reports", "role": "operator"})
    [token] = re.findall(r'value="(rb_[^"]+)"', made.text)
    assert "Remove my reports?" in admin.get("/admin/tokens/my%20reports/remove").text

    seen(admin.post("/admin/tokens/my%20reports/remove"), "/admin/tokens")

    with store.read() as db:
        assert tokens.owner(db, token, now) is None
    assert admin.post("/admin/tokens/my%20reports/remove").status_code == 404


def test_a_token_that_nobody_made_is_a_page_that_is_not_there(admin):
    for name in ("warehouse", "a%00b", "a/b"):
        assert admin.get(f"/admin/tokens/{name}/remove").status_code == 404
        assert admin.post(f"/admin/tokens/{name}/remove").status_code == 404


def test_a_token_that_cannot_be_made_says_why(admin):
    answer = admin.post("/admin/tokens/add", {"name": "<b>", "role": "operator"})

    assert answer.status_code == 400
    assert "A token&#39;s name is up to 80 letters" in answer.text


# The audit trail, and what needs somebody


def test_the_trail_lists_who_did_what_as_text(admin, store, now):
    store.write(lambda db: audit.record(db, now, "shell:ann", "config.applied", EVIL, changes=[EVIL], again=False))

    page = admin.get("/admin/audit").text

    assert "shell:ann" in page
    assert "config.applied" in page
    assert "<img" not in page


def test_the_trail_says_each_deed_in_words(admin, store, now):
    source = "".join(path.read_text("utf-8") for path in Path(bridge.__file__).parent.rglob("*.py"))
    kinds = "caller|config|connection|delivery|follow_up|instance|notification|token|user"
    deeds = set(re.findall(rf'"((?:{kinds})\.[a-z_]+)"', source)) - {"user.name"}
    assert {"connection.tested", "follow_up.taken_over"} < deeds
    for deed in deeds:
        store.write(lambda db, deed=deed: audit.record(db, now, "ann", deed))

    page = admin.get("/admin/audit").text

    for deed in deeds:
        assert re.search(rf'data-label="What">[a-z]\S.* <code class="small">{re.escape(deed)}<', page), deed


def test_the_trail_goes_on_where_a_page_ended(admin, store, now):
    for number in range(60):
        store.write(lambda db, number=number: audit.record(db, now, "ann", "connection.paused", f"c-{number}-"))

    first = admin.get("/admin/audit").text
    [older] = re.findall(r'href="(/admin/audit\?before=\d+)"', first)
    second = admin.get(older).text

    shown = [len(re.findall(r"c-\d+-", page)) for page in (first, second)]
    assert shown == [50, 10]


def test_all_quiet_says_so(admin, desk):
    assert "All quiet" in admin.get("/admin").text


def test_what_needs_somebody_leads_to_where_it_is_mended(admin, desk):
    fail(desk)
    desk.connect("third", "all")
    [*_, third] = desk.snapshot().connections
    desk.store.write(lambda db: holding.pause(db, third.id, "credentials", "Its key is refused.", desk.moment()))
    keep(desk, "{")
    desk.store.write(
        lambda db: db.execute(update(tables.instances).values(state="blocked", state_at=desk.moment())) and None
    )

    page = admin.get("/admin").text

    assert "All quiet" not in page
    for text in ("GREEN-API says that it is blocked", "is paused. Its key is refused.", "1 delivery failed."):
        assert text in page
    for href in (
        "/admin/instances/support/check",
        "/admin/notifications",
        "/admin/deliveries?connection=all-0&amp;state=failed",
    ):
        assert f'href="{href}"' in page


def test_nobody_at_work_is_said(admin, store):
    assert "Nobody is at work." in admin.get("/admin").text


# Whoever may not


PAGES = (
    "",
    "/instances",
    "/instances/add",
    "/deliveries",
    "/notifications",
    "/users",
    "/users/add",
    "/tokens",
    "/audit",
)


@pytest.mark.parametrize("page", PAGES)
def test_operators_open_no_page_of_administration(site, page):
    assert site.as_operator().get(f"/admin{page}").status_code == 403
    assert site.get(f"/admin{page}").status_code == 303


@pytest.mark.parametrize(
    "path",
    ["instances/add", "deliveries/replay", "notifications/replay", "users/add", "tokens/add", "users/ada/remove"],
)
def test_a_form_without_its_token_changes_nothing(admin, path, store):
    answer = admin.client.post(f"/admin/{path}", data=FORM, headers={"Accept": "text/html"})

    assert answer.status_code == 400
    assert "This form could not be trusted" in answer.text
    assert trail(store) == []

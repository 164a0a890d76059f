"""Connections on the screens: added, changed, checked, paused, removed, and what is shown of them."""

from __future__ import annotations

import html
import re

import pytest
import rolodex
from desk import SECRET, Desk
from sqlalchemy import select

from bridge import connection_changes, holding
from bridge.store import tables
from connectors.kit import BrokenConnector, Finding

on_sqlite = pytest.mark.parametrize("store", ["sqlite"], indirect=True)
pytestmark = on_sqlite
ROOT = "/admin/connections"
URL = "https://crm.example.com/hook"
TYPED = {
    "connector": "webhook", "name": "sales", "policy": "all", "which": "all", "language": "en",
    "settings.url": URL, "settings.secret": SECRET,
}  # fmt: skip


@pytest.fixture
def desk(store, now):
    return Desk(store, now, policies=())


@pytest.fixture
def ada(desk, site):
    return site.as_administrator()


@pytest.fixture
def found(desk):
    def found(name="sales"):
        with desk.store.read() as db:
            return connection_changes.find(db, desk.store.secrets, name)

    return found


def audited(store):
    with store.read() as db:
        return [row.what for row in db.execute(select(tables.audit)) if row.what.startswith("connection")]


def test_without_a_connection_the_list_says_what_to_do(ada):
    page = ada.get(ROOT).text

    assert "Nobody is told of calls yet" in page
    assert f'href="{ROOT}/add"' in page


def test_what_can_be_connected_is_shown_with_a_line_about_each_and_the_broken_with_the_reason(ada, site, monkeypatch):
    registry = site.service.registry
    load = registry.load

    def loaded(name):
        if name == "hubspot":
            raise BrokenConnector("hubspot", "ImportError: <b>gone</b>")
        return load(name)

    monkeypatch.setattr(registry, "load", loaded)
    page = ada.get(f"{ROOT}/add").text

    assert "A signed request to an address of your own" in page
    assert "ImportError: &lt;b&gt;gone&lt;/b&gt;" in page
    assert f"{ROOT}/add?connector=hubspot" not in page


def test_a_connector_that_there_is_not_leads_back_to_those_that_there_are(ada):
    answer = ada.get(f"{ROOT}/add?connector=nobody")

    assert answer.status_code == 404
    assert "There is no connector nobody" in answer.text
    assert "Webhook" in answer.text


def test_a_connection_is_added_and_leads_on_to_its_check(ada, found, store):
    answer = ada.post(f"{ROOT}/add", TYPED)

    assert (answer.status_code, answer.headers["Location"]) == (303, f"{ROOT}/sales/check")
    config = found().config
    assert (config.settings, config.policy, config.instances) == ({"url": URL, "secret": SECRET}, "all", None)
    assert audited(store) == ["connection.added"]
    assert "sales is added" in ada.get(f"{ROOT}/sales/check").text


def test_what_is_wrong_stands_beside_its_field_and_what_was_typed_is_kept_but_no_secret(ada, found):
    answer = ada.post(
        f"{ROOT}/add",
        {**TYPED, "name": "<i>", "settings.url": "nowhere", "settings.secret": "canary", "timezone": "Mars"},
    )

    assert (answer.status_code, found("<i>")) == (422, None)
    assert 'value="&lt;i&gt;"' in answer.text
    assert 'value="nowhere"' in answer.text
    assert "canary" not in answer.text
    for sentence in (
        "This is no address; write it as https://crm.example.com/hook.",
        "A signing secret is whsec_ followed by base64.",
        "It is no IANA time zone, such as Europe/Berlin.",
    ):
        assert answer.text.count(sentence) == 2  # in the summary, and beside the field
    assert 'href="#settings-url"' in answer.text
    assert 'aria-describedby="settings-url-help settings-url-fault" aria-invalid="true"' in answer.text


def test_a_name_that_is_taken_is_refused_beside_the_name(ada):
    ada.post(f"{ROOT}/add", TYPED)
    answer = ada.post(f"{ROOT}/add", TYPED)

    assert answer.status_code == 422
    assert answer.text.count("There is a connection of this name already.") == 2


def test_the_form_shows_no_secret_and_a_blank_one_is_kept(ada, found):
    ada.post(f"{ROOT}/add", TYPED)
    page = ada.get(f"{ROOT}/sales/edit").text
    assert SECRET not in page
    assert "Set; leave blank to keep it" in page
    assert URL in page

    answer = ada.post(
        f"{ROOT}/sales/edit", {**TYPED, "settings.secret": "", "policy": "result", "labels.missed": "Gone"}
    )
    assert answer.headers["Location"] == ROOT
    assert (found().config.settings["secret"], found().config.policy) == (SECRET, "result")
    assert found().config.labels == {"missed": "Gone"}


def test_sending_the_form_as_it_was_drawn_changes_nothing(ada, found, store):
    ada.post(f"{ROOT}/add", TYPED)
    answer = ada.post(f"{ROOT}/sales/edit", {**TYPED, "settings.secret": "", "name": "other"})

    assert "Nothing was changed." in ada.get(answer.headers["Location"]).text
    assert audited(store) == ["connection.added"]
    assert found("other") is None


def test_instances_are_all_of_them_or_those_that_were_ticked(ada, found):
    ada.post(f"{ROOT}/add", {**TYPED, "which": "some", "instances": ["support"]})
    assert found().config.instances == ("support",)

    answer = ada.post(f"{ROOT}/sales/edit", {**TYPED, "settings.secret": "", "which": "some"})
    assert answer.status_code == 422
    assert "At least one is needed" in answer.text
    ada.post(f"{ROOT}/sales/edit", {**TYPED, "settings.secret": ""})
    assert found().config.instances is None


def test_a_preview_shows_each_outcome_and_saves_nothing(ada, found):
    answer = ada.post(f"{ROOT}/add", {**TYPED, "preview": "1", "template": "$label for $caller", "policy": "result"})

    assert (answer.status_code, found()) == (200, None)
    assert "Missed call for Anna Petrova" in answer.text
    assert "Nothing is saved yet." in answer.text
    assert 'data-preview-of="ringing">nothing</dd>' in answer.text
    assert SECRET not in answer.text


def test_a_preview_while_typing_is_answered_as_text(ada):
    good = ada.post(f"{ROOT}/preview", {"connector": "rolodex", "policy": "ring", "template": "<b>$label"})
    bad = ada.post(f"{ROOT}/preview", {"connector": "webhook", "policy": "all", "template": "$nobody"})

    assert good.json["previews"]["ringing"] == "<b>Incoming call"
    assert good.json["previews"]["missed"] == "nothing; its popup is taken away"
    assert (bad.json["previews"], bad.json["fault"].startswith("$nobody is not known")) == ({}, True)


def test_pausing_and_resuming_say_what_follows(ada, found, store):
    ada.post(f"{ROOT}/add", TYPED)
    ada.post(f"{ROOT}/sales/pause")
    assert found().paused_by == "admin"
    page = ada.get(ROOT).text
    assert "sales is paused: it is told nothing" in page
    assert "Resume it when it is to be told again" in page

    ada.post(f"{ROOT}/sales/resume")
    assert found().paused_by is None
    assert audited(store) == ["connection.added", "connection.paused", "connection.resumed"]


@pytest.mark.parametrize(
    ("by", "step"),
    [("credentials", "Enter other credentials"), ("gone", "Enter another address"), ("broken", "Mend or reinstall")],
)
def test_a_connection_that_was_paused_says_why_and_what_to_do(ada, found, desk, by, step):
    ada.post(f"{ROOT}/add", TYPED)
    desk.store.write(lambda db: holding.pause(db, found().id, by, "It said <no>.", desk.start))
    page = ada.get(ROOT).text

    assert "It said &lt;no&gt;." in page
    assert step in page


def test_removing_asks_once_and_says_what_is_owed(ada, found, desk):
    ada.post(f"{ROOT}/add", TYPED)
    desk.know()
    desk.hear("missed")
    asked = ada.get(f"{ROOT}/sales/remove").text
    assert "1 delivery is owed to it" in asked
    assert found() is not None

    ada.post(f"{ROOT}/sales/remove")
    assert found() is None
    assert desk.states()["sales"][0] == "skipped"


def test_the_address_of_a_connection_leads_to_its_form(ada):
    ada.post(f"{ROOT}/add", TYPED)

    assert ada.get(f"{ROOT}/sales").headers["Location"] == f"{ROOT}/sales/edit"
    assert ada.get(f"{ROOT}/nobody").status_code == 404


def test_a_check_tells_what_is_wrong_and_the_next_step(ada, desk):
    desk.connect("shut", "all", connector="rolodex", settings={"fails": "check"})

    assert "The rolodex is shut." not in ada.get(f"{ROOT}/shut/check").text
    page = ada.post(f"{ROOT}/shut/check").text
    assert "The rolodex is shut." in page
    assert "Mend that, and check again." in page
    assert "Mend what can be mended" not in page  # this connector mends nothing


def test_a_check_that_finds_nothing_leads_on_to_a_test_call(ada, desk):
    desk.connect("open", "all", connector="rolodex", settings={})
    page = ada.post(f"{ROOT}/open/check").text

    assert "It works" in page
    assert f'href="{ROOT}/open/test-call"' in page


def test_mending_is_a_choice_of_its_own_and_is_written_down(ada, desk, store, monkeypatch):
    desk.connect("desk", "all", connector="rolodex", settings={})
    asked = []

    def findings(self, fix):
        asked.append(fix)
        return [] if fix else [rolodex_finding()]

    monkeypatch.setattr(rolodex.Rolodex, "findings", findings, raising=False)
    assert "Mend what can be mended" in ada.post(f"{ROOT}/desk/check").text
    assert "It works" in ada.post(f"{ROOT}/desk/fix").text
    assert asked == [False, True]
    assert audited(store) == ["connection.mended"]


def rolodex_finding():
    return Finding("field-missing", "A field is missing.", "Mend it.")


@pytest.mark.parametrize("name", ["a/b c", "add", "<b>&\"'", "Привет", "50%"])
def test_any_name_has_working_pages(ada, found, name):
    added = ada.post(f"{ROOT}/add", {**TYPED, "name": name})
    assert "is added" in ada.get(added.headers["Location"]).text

    listed = ada.get(ROOT).text
    assert "<b>&" not in listed
    for action in ("edit", "check", "test-call", "remove"):
        assert ada.get(address(listed, "href", action)).status_code == 200
    ada.post(address(listed, "action", "pause"))
    assert found(name).paused_by == "admin"


def address(page, attribute, action):
    """The one address on the page that ends so, as a browser reads it."""
    [found] = [one for one in re.findall(f'{attribute}="([^"]*)"', page) if one.endswith(f"/{action}")]
    return html.unescape(found)


@pytest.mark.parametrize("action", ["edit", "check", "remove", "test-call", "test-call/x", "test-call/x/progress"])
def test_a_connection_that_there_is_not_has_no_pages(ada, action):
    assert ada.get(f"{ROOT}/nobody/{action}").status_code == 404


@pytest.mark.parametrize(
    "action", ["edit", "check", "fix", "pause", "resume", "remove", "test-call", "test-call/x/end"]
)
def test_nothing_can_be_done_to_a_connection_that_there_is_not(ada, action):
    assert ada.post(f"{ROOT}/nobody/{action}").status_code == 404


def test_operators_and_strangers_have_no_business_here(site, desk):
    ours = [rule for rule in site.app.url_map.iter_rules() if rule.endpoint.split(".")[0] in OURS]
    assert len(ours) > 15
    olga = site.as_operator()
    for rule in ours:
        path = rule.rule.replace("<path:name>", "x").replace("<key>", "y")
        if "POST" in rule.methods:
            assert olga.post(path).status_code == 403
        else:
            assert olga.get(path).status_code == 403
            assert site.get(path).status_code == 303


OURS = ("connections", "test_calls", "dry_run")


def test_a_form_without_its_token_changes_nothing(ada, found, desk):
    desk.connect("desk", "all", connector="rolodex", settings={})
    answer = ada.client.post(f"{ROOT}/desk/pause", headers={"Accept": "text/html"})

    assert (answer.status_code, found("desk").paused_by) == (400, None)

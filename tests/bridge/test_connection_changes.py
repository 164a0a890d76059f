"""Connections added, changed, paused, resumed and removed by somebody, who is written down."""

from __future__ import annotations

import pytest
import rolodex
from desk import SECRET, Desk, webhook_settings
from sqlalchemy import select

from bridge import connection_changes as changes
from bridge import connections, holding
from bridge.descriptions import ConfigError
from bridge.store import tables

WHO = "anna"
SALES = {"name": "sales", "connector": "webhook", "settings": webhook_settings()}


@pytest.fixture
def desk(store, now):
    return Desk(store, now, policies=())


@pytest.fixture
def do(desk):
    """Calls one of the functions with what each of them needs."""

    def do(what, *arguments):
        registry = [rolodex.registry()] if what in ("add", "change") else []
        act, secrets = getattr(changes, what), desk.store.secrets
        return desk.store.write(lambda db: act(db, secrets, *registry, *arguments, WHO, desk.start))

    return do


@pytest.fixture
def found(desk):
    def found(name="sales"):
        with desk.store.read() as db:
            return changes.find(db, desk.store.secrets, name)

    return found


def audited(store):
    with store.read() as db:
        return [(row.who, row.what, row.about, row.detail) for row in db.execute(select(tables.audit))]


def test_a_connection_is_added_by_its_connectors_own_policy_and_that_is_written_down(do, found, store):
    do("add", SALES)

    assert (found().config.policy, found().config.settings) == ("all", webhook_settings())
    assert audited(store) == [(WHO, "connection.added", "sales", {"connector": "webhook"})]


def test_nothing_is_added_twice_under_one_name(do, store):
    do("add", SALES)
    with pytest.raises(ConfigError, match="There is a connection sales already") as refused:
        do("add", SALES)

    assert list(refused.value.fields) == ["name"]
    assert len(audited(store)) == 1


def test_each_key_that_is_wrong_has_a_sentence_of_its_own(do, found, store):
    table = {
        "name": "sales", "connector": "webhook", "timezone": "Mars/Base", "template": "$nobody", "instances": ["gone"],
        "labels": {"missed": "x" * 81}, "settings": {"url": "no address", "more": "1"},
    }  # fmt: skip
    with pytest.raises(ConfigError) as refused:
        do("add", table)

    assert refused.value.fields == {
        "timezone": "It is no IANA time zone, such as Europe/Berlin.",
        "template": "$nobody is not known; there are $label, $caller, $phone, $instance, $time, $date.",
        "labels.missed": "String should have at most 80 characters.",
        "settings.url": "This is no address; write it as https://crm.example.com/hook.",
        "settings.secret": "This is needed.",
        "settings.more": "This is not a known setting.",
    }
    assert (found(), audited(store)) == (None, [])


@pytest.mark.parametrize(
    ("wrong", "key"),
    [
        ({"connector": "nobody"}, "connector"),
        ({"connector": None}, "connector"),
        ({"name": None}, "name"),
        ({"instances": ["support", "gone"]}, "instances"),
        ({"instances": []}, "instances"),
        ({"policy": "loud"}, "policy"),
    ],
)
def test_what_is_wrong_names_the_key(do, wrong, key):
    with pytest.raises(ConfigError) as refused:
        do("add", {**SALES, **wrong})

    assert list(refused.value.fields) == [key]
    assert refused.value.fields[key].endswith(".")


def test_no_refusal_repeats_a_secret(do):
    with pytest.raises(ConfigError) as refused:
        do("add", {**SALES, "settings": {"url": "https://crm.example.com", "secret": "canary"}})

    assert refused.value.fields == {"settings.secret": "A signing secret is whsec_ followed by base64."}
    assert "canary" not in str(refused.value)


def test_what_a_change_does_not_name_stays_secrets_too(do, found, store):
    do("add", {**SALES, "template": "$caller", "labels": {"missed": "Gone", "answered": "Taken"}})
    url = "https://other.example.com/"
    differ = do("change", "sales", {"settings": {"url": url}, "labels": {"missed": None}, "policy": "result"})

    assert sorted(differ) == ["labels", "policy", "settings"]
    assert found().config.settings == {"url": url, "secret": SECRET}
    assert (found().config.labels, found().config.template) == ({"answered": "Taken"}, "$caller")
    [_, (who, what, about, detail)] = audited(store)
    assert (who, what, about) == (WHO, "connection.changed", "sales")
    assert detail == {"changed": differ, "settings": ["url"], "resumed": False}


def test_none_takes_a_key_back_to_its_default(do, found):
    do("add", {**SALES, "template": "$caller", "timezone": "Europe/Berlin", "instances": ["support"]})
    do("change", "sales", {"template": None, "timezone": None, "instances": None, "policy": None})
    config = found().config

    assert (config.template, config.timezone, config.instances, config.policy) == (None, None, None, "all")


def test_a_change_of_nothing_is_no_change(do, found, store):
    do("add", SALES)
    version = found().version

    assert do("change", "sales", {"settings": {}, "policy": "all", "language": "en"}) == []
    assert (found().version, len(audited(store))) == (version, 1)


def test_a_change_keeps_the_name_and_the_connector(do, found):
    do("add", SALES)
    do("change", "sales", {"name": "other", "connector": "rolodex", "language": "ru"})

    assert (found().name, found().config.connector, found().config.language) == ("sales", "webhook", "ru")


def test_an_instance_that_was_removed_since_may_stay_named(do, found, desk):
    do("add", {**SALES, "instances": ["support"]})
    desk.store.write(lambda db: db.execute(tables.instances.update().values(removed_at=desk.start)) and None)

    assert do("change", "sales", {"language": "ru"}) == ["language"]


@pytest.mark.parametrize(("by", "resumes"), [("credentials", True), ("broken", True), ("admin", False)])
def test_new_settings_resume_what_we_had_paused_and_nothing_else(do, found, desk, by, resumes):
    do("add", SALES)
    desk.store.write(lambda db: holding.pause(db, found().id, by, "It is so.", desk.start))
    do("change", "sales", {"language": "ru"})
    assert found().paused_by == by

    do("change", "sales", {"settings": {"url": "https://other.example.com/"}})
    assert found().paused_by == (None if resumes else by)


def test_pausing_and_resuming_are_written_down_once(do, found, store):
    do("add", SALES)

    assert (do("pause", "sales"), found().paused_by) == (True, "admin")
    assert do("pause", "sales") is False
    assert (do("resume", "sales"), found().paused_by) == (True, None)
    assert do("resume", "sales") is False
    assert [what for _, what, _, _ in audited(store)] == [
        "connection.added", "connection.paused", "connection.resumed",
    ]  # fmt: skip


def test_a_connection_is_removed_and_its_name_may_be_used_again(do, found, store):
    do("add", SALES)
    do("remove", "sales")

    assert found() is None
    assert audited(store)[-1] == (WHO, "connection.removed", "sales", {})
    do("add", SALES)
    assert found() is not None


@pytest.mark.parametrize("what", ["pause", "resume", "remove"])
def test_nobody_can_change_what_there_is_not(do, what, store):
    with pytest.raises(ConfigError, match="There is no connection nobody"):
        do(what, "nobody")

    assert audited(store) == []


def test_the_order_of_connections_is_that_in_which_they_were_added(do, desk):
    for name in ("b", "a", "c"):
        do("add", {**SALES, "name": name})

    with desk.store.read() as db:
        assert [one.name for one in connections.active(db, desk.store.secrets)] == ["b", "a", "c"]

"""Instances are added, changed and removed by somebody, and each time the audit trail says by whom."""

from __future__ import annotations

import json

import pytest

from bridge import audit, instance_changes, instances
from bridge.descriptions import ConfigError

TABLE = {
    "name": "support",
    "id_instance": "7103111222",
    "api_url": "https://api.example.com",
    "api_token": "canary-api",
    "webhook_token": "canary-hook",
}


def add(store, now, **table):
    return store.write(lambda db: instance_changes.add(db, store.secrets, {**TABLE, **table}, "ann", now))


def change(store, now, which="support", **table):
    described = {"api_url": TABLE["api_url"], **table}
    return store.write(lambda db: instance_changes.change(db, store.secrets, which, described, "ann", now))


def remove(store, now, name="support"):
    store.write(lambda db: instance_changes.remove(db, store.secrets, name, "ann", now))


def configs(store):
    with store.read() as db:
        return {one.name: one.config for one in instances.active(db, store.secrets)}


def trail(store):
    """What was written down, the oldest first; never a secret."""
    with store.read() as db:
        rows = audit.listing(db, 50)[::-1]
    assert "canary" not in json.dumps(rows)
    return [(row["who"], row["what"], row["about"], row["detail"]) for row in rows]


def refused(change, *arguments, **table) -> dict[str, str]:
    with pytest.raises(ConfigError) as caught:
        change(*arguments, **table)
    assert "canary" not in f"{caught.value}{caught.value.fields}"
    return caught.value.fields


def test_an_instance_is_added_and_the_trail_says_by_whom(store, now):
    add(store, now)

    [config] = configs(store).values()
    assert (config.name, config.api_token, config.webhook_tokens) == ("support", "canary-api", ("canary-hook",))
    assert trail(store) == [("ann", "instance.added", "support", {"id_instance": "7103111222"})]


def test_what_is_missing_or_wrong_is_said_for_each_field(store, now):
    wrong = refused(add, store, now, name="", id_instance="seven", api_url="", api_token="", timezone="Mars/Base")

    assert wrong == {
        "name": "This is needed.",
        "api_url": "This is needed.",
        "api_token": "This is needed.",
        "id_instance": "It is the number that the GREEN-API console shows.",
        "timezone": "It is no IANA time zone, such as Europe/Berlin.",
    }
    assert configs(store) == {}
    assert trail(store) == []


def test_a_webhook_needs_a_token_and_polling_does_not(store, now):
    assert refused(add, store, now, webhook_token="") == {"webhook_token": "This is needed."}

    add(store, now, webhook_token="", intake="poll")
    assert configs(store)["support"].webhook_tokens == ()


@pytest.mark.parametrize(
    ("table", "fields"),
    [
        ({"id_instance": "7103111333"}, {"name": "There is an instance of this name already."}),
        ({"name": "other"}, {"id_instance": "It belongs to support already."}),
    ],
)
def test_a_name_and_an_account_are_there_once(store, now, table, fields):
    add(store, now)

    assert refused(add, store, now, **table) == fields
    assert [what for _, what, *_ in trail(store)] == ["instance.added"]


def test_secrets_left_blank_stay_as_they_are(store, now):
    add(store, now)

    assert change(store, now, api_token="", webhook_token="", timezone="Europe/Berlin") == ["timezone"]

    config = configs(store)["support"]
    assert (config.api_token, config.webhook_tokens, config.timezone) == (
        "canary-api",
        ("canary-hook",),
        "Europe/Berlin",
    )
    assert trail(store)[-1] == ("ann", "instance.changed", "support", {"settings": ["timezone"]})


def test_a_secret_that_is_given_takes_the_place_of_the_old_one_and_is_not_in_the_trail(store, now):
    add(store, now)

    assert change(store, now, webhook_token=["canary-new", "canary-hook"]) == ["webhook_tokens"]

    assert configs(store)["support"].webhook_tokens == ("canary-new", "canary-hook")
    assert trail(store)[-1] == ("ann", "instance.changed", "support", {"settings": ["webhook_tokens"]})


def test_a_change_that_changes_nothing_leaves_no_line(store, now):
    add(store, now)

    assert change(store, now) == []
    assert len(trail(store)) == 1


def test_neither_name_nor_account_changes_under_a_name(store, now):
    add(store, now)

    assert change(store, now, name="other", id_instance="7103111333") == []
    assert configs(store)["support"].id_instance == "7103111222"


def test_a_change_that_is_wrong_says_where(store, now):
    add(store, now)

    assert refused(change, store, now, api_url="ftp://nowhere") == {
        "api_url": "It is https:// and a host, as the GREEN-API console shows it."
    }
    assert len(trail(store)) == 1


def test_a_removed_name_may_be_used_again(store, now):
    add(store, now)
    remove(store, now)
    assert configs(store) == {}
    add(store, now)

    assert [what for _, what, *_ in trail(store)] == ["instance.added", "instance.removed", "instance.added"]


def test_what_is_not_there_can_be_neither_changed_nor_removed(store, now):
    for gone in (change, remove):
        with pytest.raises(ConfigError, match=r"^There is no instance nobody;"):
            gone(store, now, "nobody")

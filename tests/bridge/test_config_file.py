"""ringbridge.toml: what is refused, and in which words; what is changed, and what is left alone."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from desk import SECRET
from sqlalchemy import select

from bridge import config_file, connections, holding, instances
from bridge.descriptions import ConfigError
from bridge.store import tables as stored
from connectors.kit import Policy, Registry

INSTANCE = {
    "name": '"support"',
    "id_instance": '"7103111222"',
    "api_url": '"https://7103.api.example.com/"',
    "api_token": '"canary-api"',
    "webhook_token": '"canary-webhook"',
}
CONNECTION = {
    "name": '"sales"',
    "connector": '"webhook"',
    "settings": f'{{ url = "https://crm.example.com/canary", secret = "{SECRET}" }}',
}


def table(kind, keys, **changes) -> str:
    """A table as it stands in the file; a change to None leaves the key out."""
    lines = [f"{key} = {value}" for key, value in {**keys, **changes}.items() if value is not None]
    return "\n".join([f"[[{kind}]]", *lines, ""])


def instance(**changes) -> str:
    return table("instance", INSTANCE, **changes)


def connection(**changes) -> str:
    return table("connection", CONNECTION, **changes)


@pytest.fixture
def read(tmp_path):
    def read(*tables):
        file = tmp_path / "ringbridge.toml"
        file.write_text("\n".join(tables), "utf-8")
        return config_file.read(file, Registry())

    return read


@pytest.fixture
def apply(read, store, now):
    def apply(*tables):
        config = read(*tables)
        return store.write(lambda db: config_file.apply(db, store.secrets, config, now))

    return apply


def found(store):
    with store.read() as db:
        return instances.active(db, store.secrets), connections.active(db, store.secrets)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"name": None}, "[[instance]] number 1: name is missing."),
        ({"name": '""'}, "[[instance]] number 1: name: "),
        ({"name": '"a\\nb"'}, "[[instance]] number 1: name: must be one line of printable characters."),
        ({"id_instance": None}, "[[instance]] support: id_instance is missing."),
        ({"id_instance": "7103111222"}, "[[instance]] support: id_instance: Input should be a valid string."),
        ({"id_instance": '"canary"'}, "[[instance]] support: id_instance: is the number that "),
        ({"api_url": '"ftp://canary"'}, "[[instance]] support: api_url: is https:// and a host, "),
        ({"api_url": '"https://canary@host"'}, "[[instance]] support: api_url: is https:// and a host, "),
        ({"api_token": '" "'}, "[[instance]] support: api_token: "),
        ({"webhook_token": None}, "[[instance]] support: webhook_token is missing."),
        ({"webhook_token": "[]"}, "[[instance]] support: webhook_token: must be a string or a list of strings, "),
        ({"webhook_token": '["canary", ""]'}, "[[instance]] support: webhook_token: must be "),
        ({"webhook_token": '["canary", 3]'}, "[[instance]] support: webhook_token: must be "),
        (
            {"webhook_token": '{ env = "NO_SUCH" }'},
            "[[instance]] support, webhook_token: the environment variable NO_SUCH ",
        ),
        ({"api_token": '{ file = "none" }'}, "[[instance]] support, api_token: the file none cannot be read."),
        ({"api_token": '{ file = "\\u0000" }'}, "[[instance]] support, api_token: the file "),
        (
            {"api_token": '{ env = "A", file = "B" }'},
            '[[instance]] support, api_token: write { env = "NAME" } or { file = "path" }, one of the two.',
        ),
        ({"lookups_per_second": "1e-300"}, "[[instance]] support: lookups_per_second: "),
        ({"lookups_per_second": "nan"}, "[[instance]] support: lookups_per_second: "),
        ({"name_order": '["nick"]'}, "[[instance]] support: name_order.0: "),
        ({"timezone": '"Mars/Base"'}, "[[instance]] support: timezone: is no IANA time zone, such as Europe/Berlin."),
        ({"intake": '"push"'}, "[[instance]] support: intake: "),
        ({"hours": '["mon-fri 09:00-18:00"]'}, "[[instance]] support: hours is not a known setting."),
        ({"forward_token": '"canary"'}, "[[instance]] support: forward_token is not a known setting."),
    ],
)
def test_a_fault_of_an_instance_is_one_sentence_that_names_table_and_key(read, changes, said):
    with pytest.raises(ConfigError) as raised:
        read(instance(**changes))

    sentence = str(raised.value)
    assert sentence.startswith(said)
    assert sentence.endswith(".")
    assert "canary" not in sentence
    assert "\n" not in sentence


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"connector": None}, "[[connection]] sales: connector is missing."),
        ({"connector": '"nope"'}, "[[connection]] sales: There is no connector named 'nope'."),
        ({"policy": '"loud"'}, "[[connection]] sales: policy: "),
        ({"instances": '"support"'}, "[[connection]] sales: instances: "),
        ({"alerts": "true"}, "[[connection]] sales: alerts is not a known setting."),
        ({"settings": None}, "[[connection]] sales, settings: url is missing."),
        ({"settings": '{ url = "https://x", secret = "canary" }'}, "[[connection]] sales, settings: secret: "),
        (
            {"settings": f'{{ url = "https://a:canary@x", secret = "{SECRET}" }}'},
            "[[connection]] sales, settings: url: ",
        ),
        ({"settings": f'{{ url = "https://x", secret = "{SECRET}", canary = 1 }}'}, "[[connection]] sales, settings: "),
        (
            {"settings": '{ url = "https://x", secret = { env = "NO" } }'},
            "[[connection]] sales, settings, secret: the ",
        ),
    ],
)
def test_a_fault_of_a_connection_is_told_without_its_values(read, changes, said):
    with pytest.raises(ConfigError) as raised:
        read(connection(**changes))

    assert str(raised.value).startswith(said)
    assert not {"canary@", '"canary"', SECRET} & set(str(raised.value).split())


@pytest.mark.parametrize(
    ("tables", "said"),
    [
        ([instance(), instance()], "[[instance]] support: 2 tables have this name"),
        ([connection(), connection()], "[[connection]] sales: 2 tables have this name"),
        ([instance(), instance(name='"two"')], "[[instance]] support: id_instance 7103111222 stands in more"),
        ([instance().replace("[[", "[").replace("]]", "]")], "ringbridge.toml: write [[instance]] with two brackets"),
        (["colour = 1"], "ringbridge.toml: 'colour' is not known here"),
        (["colour = "], "ringbridge.toml: not valid TOML: "),
    ],
)  # fmt: skip
def test_a_fault_of_the_file_names_it(read, tables, said):
    with pytest.raises(ConfigError) as raised:
        read(*tables)

    assert str(raised.value).startswith(said)


def test_a_file_that_is_not_there_or_is_no_text_is_said_to_be(tmp_path):
    (tmp_path / "latin.toml").write_bytes(b"name = '\xff'")
    for name, said in (
        ("none.toml", "there is no such file"),
        ("latin.toml", "not text in UTF-8"),
        (".", "cannot be read"),
    ):
        with pytest.raises(ConfigError, match=said):
            config_file.read(tmp_path / name, Registry())


def test_any_string_may_stand_in_the_environment_or_in_a_file(read, tmp_path, monkeypatch):
    monkeypatch.setenv("NAME", "lobby")
    (tmp_path / "token").write_text("from-file\n")
    settings = '{ url = "https://crm.example.com", secret = { env = "KEY" } }'
    monkeypatch.setenv("KEY", SECRET)

    config = read(
        instance(name='{ env = "NAME" }', api_token='{ file = "token" }', webhook_token='["a", { file = "token" }]'),
        connection(settings=settings),
    )

    [line], [hook] = config.instances, config.connections
    assert (line.name, line.api_token, line.webhook_tokens) == ("lobby", "from-file", ("a", "from-file"))
    assert hook.settings["secret"] == SECRET
    assert hook.policy is Policy.ALL  # the connector's own


def test_what_the_file_says_is_made_so_once(apply, store):
    assert apply(instance(), connection()) == ["instance support: added", "connection sales: added"]
    before = found(store)

    assert apply(instance(), connection()) == []
    assert found(store) == before
    assert before[0][0].config.api_url == "https://7103.api.example.com"


def test_changes_are_named_and_an_absent_key_means_its_default(apply, store):
    apply(instance(timezone='"Europe/Berlin"'), connection(policy='"ring"'))

    assert apply(instance(webhook_token='["new", "old"]'), connection(instances='["support"]')) == [
        "instance support: changed (webhook_tokens, timezone)",
        "connection sales: changed (policy, instances)",
    ]
    [line], [hook] = found(store)
    assert (line.config.timezone, hook.config.policy) == ("UTC", Policy.ALL)


def test_what_is_not_in_the_file_stays(apply, store):
    apply(instance(), connection())
    apply(connection(name='"desk"', instances='["support"]'))

    assert [[one.name for one in kind] for kind in found(store)] == [["support"], ["sales", "desk"]]


@pytest.mark.parametrize(
    ("tables", "said"),
    [
        ([connection(instances='["support", "nowhere"]')], "[[connection]] sales: instances names 'nowhere'"),
        ([instance(id_instance='"1"')], "[[instance]] support: id_instance cannot change under a name"),
        ([instance(name='"other"')], "[[instance]] other: id_instance 7103111222 belongs to support already."),
    ],
)
def test_what_contradicts_the_store_is_refused_whole(apply, store, tables, said):
    apply(instance(), connection())
    before = found(store)

    with pytest.raises(ConfigError) as raised:
        apply(instance(name='"new"', id_instance='"2"'), *tables)

    assert str(raised.value).startswith(said)
    assert found(store) == before


def test_an_instance_that_is_polled_needs_no_webhook_token(apply, store):
    assert apply(instance(intake='"poll"', webhook_token=None)) == ["instance support: added"]
    assert [(one.config.intake, one.config.webhook_tokens) for one in found(store)[0]] == [("poll", ())]

    assert apply(instance()) == ["instance support: changed (webhook_tokens, intake)"]


def test_an_instance_is_added_when_it_is_applied_and_keeps_that_time(apply, store, now):
    apply(instance())
    apply(instance(timezone='"Europe/Berlin"'))

    with store.read() as db:
        assert db.execute(select(stored.instances.c.added_at)).scalar_one() == now


@pytest.mark.parametrize(("by", "resumed"), [("credentials", True), ("gone", True), ("broken", True), ("admin", False)])
def test_new_settings_resume_what_we_had_paused_and_not_what_an_administrator_paused(apply, store, now, by, resumed):
    apply(instance(), connection())
    store.write(lambda db: holding.pause(db, 1, by, "It refused.", datetime.now(UTC)))
    changed = connection(settings=CONNECTION["settings"].replace("canary", "new"))

    assert apply(instance(), connection(policy='"ring"')) == ["connection sales: changed (policy)"]
    assert found(store)[1][0].paused_by == by
    changes = apply(instance(), changed)

    assert ("connection sales: resumed" in changes) is resumed
    assert (found(store)[1][0].paused_by is None) is resumed


def test_a_name_may_be_used_again_after_a_removal(apply, store, now):
    apply(instance(), connection())
    [line], [hook] = found(store)
    store.write(lambda db: instances.remove(db, line, now))
    store.write(lambda db: connections.remove(db, hook, now))

    assert apply(instance(id_instance='"9"'), connection()) == ["instance support: added", "connection sales: added"]
    assert [(one.id, one.name) for kind in found(store) for one in kind] == [(2, "support"), (2, "sales")]

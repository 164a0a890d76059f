"""What `export` prints: a file that changes nothing when it is applied, and holds no secret."""

from __future__ import annotations

import tomllib

import pytest
from desk import SECRET
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from packages import install

from bridge import config_export, config_file, connections, instances
from bridge.config_file import Config
from bridge.connections import ConnectionConfig
from bridge.descriptions import ConfigError
from bridge.instances import InstanceConfig
from connectors.kit import Policy, Registry

CANARY = "canary"
PLAIN = f"""
[[instance]]
name = "support"
id_instance = "7103111222"
api_url = "https://api.example.com"
api_token = "{CANARY}-api"
webhook_token = "{CANARY}-hook"

[[connection]]
name = "sales"
connector = "webhook"
settings = {{ url = "https://crm.example.com/hook", secret = "{SECRET}" }}
"""
EXPORTED = """\
# Written by `ringbridge export`. Secrets are not in it: each stands in a variable of the environment.
# To use it, set these variables, then run `ringbridge apply` with this file.
#   RINGBRIDGE_INSTANCE_SUPPORT_API_TOKEN
#   RINGBRIDGE_INSTANCE_SUPPORT_WEBHOOK_TOKEN
#   RINGBRIDGE_CONNECTION_SALES_SECRET

[[instance]]
name = "support"
id_instance = "7103111222"
api_url = "https://api.example.com"
api_token = { env = "RINGBRIDGE_INSTANCE_SUPPORT_API_TOKEN" }
webhook_token = { env = "RINGBRIDGE_INSTANCE_SUPPORT_WEBHOOK_TOKEN" }

[[connection]]
name = "sales"
connector = "webhook"
policy = "all"

[connection.settings]
url = "https://crm.example.com/hook"
secret = { env = "RINGBRIDGE_CONNECTION_SALES_SECRET" }
"""


@pytest.fixture
def file(tmp_path):
    (tmp_path / "ringbridge.toml").write_text(PLAIN)
    return tmp_path / "ringbridge.toml"


def test_the_file_reads_as_one_would_write_it(run, file):
    run("apply", file)
    exported = run("export")

    assert (exported.exit_code, exported.stderr) == (0, "")
    assert exported.stdout == EXPORTED


def test_with_its_variables_set_applying_it_changes_nothing(run, file, tmp_path):
    run("apply", file)
    (tmp_path / "again.toml").write_text(run("export").stdout)
    variables = {
        "RINGBRIDGE_INSTANCE_SUPPORT_API_TOKEN": f"{CANARY}-api",
        "RINGBRIDGE_INSTANCE_SUPPORT_WEBHOOK_TOKEN": f"{CANARY}-hook",
        "RINGBRIDGE_CONNECTION_SALES_SECRET": SECRET,
    }

    applied, without = run("apply", tmp_path / "again.toml", **variables), run("apply", tmp_path / "again.toml")

    assert (applied.exit_code, applied.output) == (0, "Nothing to change.\n")
    assert without.exit_code == 1
    assert "the environment variable RINGBRIDGE_INSTANCE_SUPPORT_API_TOKEN is not set." in without.stderr


def test_without_anything_configured_the_file_says_so_and_can_be_applied(run, tmp_path):
    (tmp_path / "empty.toml").write_text(run("export").stdout)

    assert "there is no instance and no connection yet" in (tmp_path / "empty.toml").read_text()
    assert run("apply", tmp_path / "empty.toml").output == "Nothing to change.\n"


BROKEN_LATER = """
from pydantic import Field, SecretStr
from connectors.kit import Connector, ConnectorSettings

class TheirSettings(ConnectorSettings):
    number: int = Field(title="Number", description="Any.")
    token: SecretStr = Field(title="Token", description="Any.")
    tags: list[str] = Field(title="Tags", description="Any.")

class Theirs(Connector):
    title, Settings, on_unsure = "Theirs", TheirSettings, "repeat"
    def __init__(self, settings, http): pass
    def check(self): pass
    def deliver(self, call, known): pass
"""


def test_a_connector_that_does_not_load_is_exported_as_if_all_of_it_were_secret(run, file, tmp_path, monkeypatch):
    theirs = 'settings = { number = 40712, token = "canary-token", tags = ["canary-one", "canary-two"] }'
    file.write_text(f'{PLAIN}\n[[connection]]\nname = "desk"\nconnector = "acme"\n{theirs}\n')
    with monkeypatch.context() as installed:
        install(tmp_path, installed, "acme", BROKEN_LATER)
        assert run("apply", file).exit_code == 0
        whole = tomllib.loads(run("export").stdout)["connection"][1]["settings"]

    exported = run("export")

    assert whole["number"] == 40712
    assert whole["tags"] == ["canary-one", "canary-two"]
    assert whole["token"] == {"env": "RINGBRIDGE_CONNECTION_DESK_TOKEN"}
    assert exported.exit_code == 0
    assert "# The connector acme of the connection desk does not load here" in exported.stdout
    assert tomllib.loads(exported.stdout)["connection"][1]["settings"] == {
        "number": {"env": "RINGBRIDGE_CONNECTION_DESK_NUMBER"},
        "token": {"env": "RINGBRIDGE_CONNECTION_DESK_TOKEN"},
        "tags": [{"env": "RINGBRIDGE_CONNECTION_DESK_TAGS"}, {"env": "RINGBRIDGE_CONNECTION_DESK_TAGS_2"}],
    }
    assert "40712" not in exported.stdout
    assert CANARY not in exported.stdout


def test_an_instance_that_was_removed_under_a_connection_is_remarked_and_changes_nothing(run, file, tmp_path):
    file.write_text(PLAIN.replace("[[connection]]", '[[connection]]\ninstances = ["support"]'))
    run("apply", file)
    run("instance", "remove", "support")

    (tmp_path / "again.toml").write_text(run("export").stdout)
    applied = run("apply", tmp_path / "again.toml", RINGBRIDGE_CONNECTION_SALES_SECRET=SECRET)

    assert "# The connection sales names the instance support, which was removed." in run("export").stdout
    assert applied.output == "Nothing to change.\n"


lines = st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=12)
names = st.one_of(lines, st.sampled_from(["a-b", "a.b", "A b", "a_b", 'say "hi"', "it's", "Анна", "📞", "[[x]]", "#1"]))
tokens = lines.filter(lambda token: token.casefold() not in ("bearer", "basic"))
zones = st.sampled_from(["UTC", "Europe/Berlin", "Asia/Tokyo"])
orders = st.permutations(["contact_name", "name", "crm"]).flatmap(
    lambda order: st.integers(0, 3).map(lambda length: tuple(order[:length]))
)


@st.composite
def configs(draw):
    called = draw(st.lists(names, unique=True, max_size=4))
    described = [
        InstanceConfig(
            name=name,
            id_instance=str(7103000000 + number),
            api_url="https://api.example.com/path",
            api_token=CANARY + draw(tokens),
            webhook_tokens=tuple(CANARY + token for token in draw(st.lists(tokens, min_size=pushed, max_size=3))),
            intake="webhook" if pushed else "poll",
            lookups_per_second=draw(st.sampled_from([1.0, 0.5, 0.01, 100.0, 1 / 3])),
            name_order=draw(orders),
            timezone=draw(zones),
        )
        for number, name in enumerate(called)
        for pushed in [draw(st.booleans())]
    ]
    heard = st.none()
    if called:
        heard |= st.lists(st.sampled_from(called), min_size=1, unique=True).map(tuple)
    summaries = st.sampled_from(["$label: $caller", "${label}$$5", "'\"\\ $date"])
    connected = [
        ConnectionConfig(
            name=name,
            connector="webhook",
            policy=draw(st.sampled_from(Policy)),
            settings={"url": f"https://crm.example.com/{number}", "secret": SECRET},
            instances=draw(heard),
            language=draw(st.sampled_from(["en", "ru"])),
            timezone=draw(st.none() | zones),
            template=draw(st.none() | summaries),
            labels=draw(st.dictionaries(st.sampled_from(["ringing", "missed", "unknown"]), lines)),
        )
        for number, name in enumerate(draw(st.lists(names, unique=True, max_size=4)))
    ]
    return Config(described, connected)


def stored(store):
    with store.read() as db:
        return instances.active(db, store.secrets), connections.active(db, store.secrets)


def secrets_of(config: Config) -> list[str]:
    """In the order of the file."""
    return [token for one in config.instances for token in (one.api_token, *one.webhook_tokens)] + [
        one.settings["secret"] for one in config.connections
    ]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(config=configs())
def test_whatever_is_configured_comes_out_and_goes_in_again_unchanged(store, now, tmp_path, config):
    def applied(wanted, *, prune=False):
        return store.write(lambda db: config_file.apply(db, store.secrets, wanted, now, prune=prune))

    applied(Config([], []), prune=True)
    applied(config)
    before = stored(store)
    with store.read() as db:
        text = config_export.export(db, store.secrets, Registry())
    (tmp_path / "exported.toml").write_text(text, "utf-8")
    variables = [line.removeprefix("#   ") for line in text.splitlines() if line.startswith("#   ")]
    with pytest.MonkeyPatch.context() as environment:
        for variable, value in zip(variables, secrets_of(config), strict=True):
            environment.setenv(variable, value)
        changes = applied(config_file.read(tmp_path / "exported.toml", Registry()))

    assert changes == []
    assert stored(store) == before
    assert len(set(variables)) == len(variables)
    assert CANARY not in text
    assert SECRET not in text


def test_a_new_connection_may_not_name_what_is_not_there(store, now):
    config = ConnectionConfig("sales", "webhook", Policy.ALL, {}, instances=("nowhere",))

    with pytest.raises(ConfigError, match="instances names 'nowhere'"):
        store.write(lambda db: config_file.apply(db, store.secrets, Config([], [config]), now))

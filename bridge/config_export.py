"""ringbridge.toml out again: the file that `apply` would take, with a variable in place of each secret."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import fields
from typing import Any

import tomli_w
from sqlalchemy import Connection as Db

from bridge import connections, instances, secrecy
from bridge.connections import ConnectionConfig
from bridge.instances import InstanceConfig
from bridge.store.secrets import Secrets
from connectors.kit import BrokenConnector, Registry, UnknownConnector
from connectors.kit import fields as fields_of

_HOW = """\
# Written by `ringbridge export`. Secrets are not in it: each stands in a variable of the environment.
# To use it, set these variables, then run `ringbridge apply` with this file."""
_NOTHING = "# Written by `ringbridge export`: there is no instance and no connection yet."
_ALSO_PLAIN = ("name", "connector", "policy")  # written even where they are the default: they say what a table is


def export(db: Db, secrets: Secrets, registry: Registry) -> str:
    """The text of the file. Raises SecretKeyError."""
    writer = _Writer(registry)
    known = instances.active(db, secrets)
    tables = [writer.instance(one.config) for one in known]
    names = {one.name for one in known}
    tables += [writer.connection(one.config, names) for one in connections.active(db, secrets)]
    if not tables:
        return f"{_NOTHING}\n"
    head = [_HOW, *(f"#   {variable}" for variable in writer.variables), *(f"# {remark}" for remark in writer.remarks)]
    return "\n\n".join(["\n".join(head), *tables]) + "\n"


class _Writer:
    """Writes tables, and remembers which variables they need and what has to be said about them."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self.variables: dict[str, None] = {}  # in the order of the file
        self.remarks: list[str] = []

    def instance(self, config: InstanceConfig) -> str:
        where = ("instance", config.name)
        api_token = self._variable(*where, "api_token")
        tokens = [self._variable(*where, "webhook_token") for _ in config.webhook_tokens]
        return _table(
            "[[instance]]",
            {
                "name": config.name,
                "id_instance": config.id_instance,
                "api_url": config.api_url,
                "api_token": api_token,
                **_plain(config, ("intake",)),
                **({"webhook_token": tokens if len(tokens) > 1 else tokens[0]} if tokens else {}),
                **_plain(config, ("lookups_per_second", "name_order", "timezone")),
            },
        )

    def connection(self, config: ConnectionConfig, known: set[str]) -> str:
        for gone in sorted(set(config.instances or ()) - known):
            self.remarks.append(f"The connection {config.name} names the instance {gone}, which was removed.")
        own = (*_ALSO_PLAIN, "instances", "language", "timezone", "template")
        parts = [_table("[[connection]]", _plain(config, own))]
        if config.labels:
            parts.append(_table("[connection.labels]", config.labels))
        if settings := self._settings(config):
            parts.append(_table("[connection.settings]", settings))
        return "\n\n".join(parts)

    def _settings(self, config: ConnectionConfig) -> dict[str, Any]:
        kinds = _kinds(self._registry, config.connector)
        if kinds is None:
            kinds = {}
            self.remarks.append(
                f"The connector {config.connector} of the connection {config.name} does not load here, so that each of "
                "its settings is taken for a secret; it has to load before this file can be applied."
            )
        written: dict[str, Any] = {}
        for key, value in config.settings.items():
            if not secrecy.is_secret(kinds.get(key, "secret"), value):
                written[key] = value
            elif isinstance(value, list):
                written[key] = [self._variable("connection", config.name, key) for _ in value]
            else:
                written[key] = self._variable("connection", config.name, key)
        return written

    def _variable(self, kind: str, name: str, key: str) -> dict[str, str]:
        """A reference to a variable that nothing else in the file refers to."""
        wanted = "RINGBRIDGE_" + "_".join(re.sub("[^A-Z0-9]", "_", part.upper()) for part in (kind, name, key))
        variable, number = wanted, 1
        while variable in self.variables:
            number += 1
            variable = f"{wanted}_{number}"
        self.variables[variable] = None
        return {"env": variable}


def _kinds(registry: Registry, connector: str) -> dict[str, str] | None:
    """The kinds of a connector's settings; None where nobody can know which of them are secrets."""
    try:
        return {one.name: one.kind for one in fields_of(registry.load(connector).Settings)}
    except (UnknownConnector, BrokenConnector, TypeError):
        return None


def _plain(config: InstanceConfig | ConnectionConfig, names: Iterable[str]) -> dict[str, Any]:
    """The values of these settings that have to be written down: the others are as they are by default."""
    default = {one.name: one.default for one in fields(config)}
    values = {name: getattr(config, name) for name in names}
    return {name: value for name, value in values.items() if name in _ALSO_PLAIN or value != default[name]}


def _table(head: str, values: Mapping[str, Any]) -> str:
    return "\n".join([head, *(f"{_key(key)} = {_value(value)}" for key, value in values.items())])


def _key(key: str) -> str:
    return tomli_w.dumps({key: 0}).removesuffix(" = 0\n")


def _value(value: object) -> str:
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{_key(key)} = {_value(one)}" for key, one in value.items()) + " }"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_value, value)) + "]"
    return tomli_w.dumps({"value": value}).removeprefix("value = ").rstrip("\n")

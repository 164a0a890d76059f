"""Instances and connections as an administrator describes them, in a file or on the command line: checked."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Annotated, Any, Literal, TypeVar
from zoneinfo import available_timezones

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, field_validator

from bridge import connections
from bridge.connections import ConnectionConfig
from bridge.instances import InstanceConfig
from connectors.kit import BrokenConnector, Policy, Registry, UnknownConnector, faults

Model = TypeVar("Model", bound=BaseModel)


class ConfigError(Exception):
    """What was described cannot be made so. The message is one sentence that names the table and the key."""


def instance(table: dict[str, Any], where: str) -> InstanceConfig:
    """The instance that a table describes, called `where` in what goes wrong. Raises ConfigError."""
    read = _checked(_InstanceTable, table, where)
    return InstanceConfig(
        name=read.name,
        id_instance=read.id_instance,
        api_url=read.api_url.rstrip("/"),
        api_token=read.api_token,
        webhook_tokens=tuple(read.webhook_token),
        lookups_per_second=read.lookups_per_second,
        name_order=tuple(read.name_order),
        timezone=read.timezone,
    )


def connection(table: dict[str, Any], where: str, registry: Registry) -> ConnectionConfig:
    """The connection that a table describes, its settings checked by its connector. Raises ConfigError."""
    read = _checked(_ConnectionTable, table, where)
    try:
        connector = connections.validated(registry, read.connector, read.settings)
    except (UnknownConnector, BrokenConnector) as error:
        raise ConfigError(f"{where}: {error}") from None
    except ValueError as error:
        raise ConfigError(f"{where}, settings: {error}") from None
    config = ConnectionConfig(read.name, read.connector, read.policy or connector.policy, read.settings)
    return replace(config, instances=tuple(read.instances) if read.instances is not None else None)


def _known_zone(name: str) -> str:
    if name not in available_timezones():
        raise ValueError("is no IANA time zone, such as Europe/Berlin")
    return name


def _printable(text: str) -> str:
    if not text.isprintable():
        raise ValueError("must be one line of printable characters")
    return text


def _digits(text: str) -> str:
    if not re.fullmatch(r"[0-9]{1,20}", text):
        raise ValueError("is the number that the GREEN-API console shows, in quotes")
    return text


def _address(text: str) -> str:
    if not re.fullmatch(r"https?://[^\s/?#@]+(/[^\s?#]*)?", text) or not text.isprintable():
        raise ValueError("is https:// and a host, as the GREEN-API console shows it")
    return text


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True, str_strip_whitespace=True)

    name: Annotated[str, Field(min_length=1, max_length=80), AfterValidator(_printable)]


class _InstanceTable(_Table):
    id_instance: Annotated[str, AfterValidator(_digits)]
    api_url: Annotated[str, AfterValidator(_address)]
    api_token: Annotated[str, Field(min_length=1)]
    intake: Literal["webhook"] = "webhook"
    webhook_token: list[str]
    lookups_per_second: Annotated[float, Field(ge=0.01, le=100)] = 1.0
    name_order: list[Literal["contact_name", "name", "crm"]] = ["contact_name", "name", "crm"]
    timezone: Annotated[str, AfterValidator(_known_zone)] = "UTC"

    @field_validator("webhook_token", mode="before")
    @classmethod
    def _string_or_list(cls, value: object) -> object:
        tokens = [value] if isinstance(value, str) else value
        if (
            not isinstance(tokens, list)
            or not tokens
            or not all(isinstance(one, str) and one.strip() for one in tokens)
        ):
            raise ValueError("must be a string or a list of strings, none of them empty")
        return tokens


class _ConnectionTable(_Table):
    connector: str
    instances: list[str] | None = None
    policy: Policy | None = None
    settings: dict[str, Any] = {}


def _checked(model: type[Model], table: dict[str, Any], where: str) -> Model:
    try:
        return model.model_validate(table)
    except ValidationError as error:
        raise ConfigError(f"{where}: {faults(error)[0]}") from None

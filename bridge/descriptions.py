"""Instances and connections as an administrator describes them, in a file or on the command line: checked."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self, TypeVar
from zoneinfo import available_timezones

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from bridge import words
from bridge.connections import ConnectionConfig
from bridge.instances import InstanceConfig
from connectors.kit import BrokenConnector, Policy, Registry, UnknownConnector, faults

Model = TypeVar("Model", bound=BaseModel)


class ConfigError(Exception):
    """What was described cannot be made so. The message is one sentence that names the table and the key.

    `fields` has a sentence for each key that is wrong, for a form.
    """

    def __init__(self, message: str, fields: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.fields = dict(fields or {})


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
        intake=read.intake,
    )


def connection(table: dict[str, Any], where: str, registry: Registry) -> ConnectionConfig:
    """The connection that a table describes, its settings checked by its connector. Raises ConfigError."""
    read = _checked(_ConnectionTable, table, where)
    try:
        connector = registry.load(read.connector)
        connector.Settings.model_validate(read.settings)
    except (UnknownConnector, BrokenConnector) as error:
        raise ConfigError(f"{where}: {error}", {"connector": str(error)}) from None
    except ValidationError as error:
        raise ConfigError(f"{where}, settings: {' '.join(faults(error))}", _by_key(error, "settings.")) from None
    return ConnectionConfig(
        name=read.name,
        connector=read.connector,
        policy=read.policy or connector.policy,
        settings=read.settings,
        instances=tuple(read.instances) if read.instances is not None else None,
        language=read.language,
        timezone=read.timezone,
        template=read.template,
        labels=read.labels.model_dump(exclude_none=True),
    )


def connection_faults(table: dict[str, Any], where: str, registry: Registry) -> dict[str, str]:
    """A sentence for each key of a connection's table that is wrong, those of its settings as `settings.<name>`."""
    wrong: dict[str, str] = {}
    try:
        _checked(_ConnectionTable, table, where)
    except ConfigError as error:
        wrong = error.fields
    try:  # what else is wrong must not hide what is wrong with the settings
        kept: dict[str, Any] = {key: table[key] for key in ("connector", "settings") if key in table}
        connection(kept | {"name": "any"}, where, registry)
    except ConfigError as error:
        wrong = {**error.fields, **wrong}
    return wrong


def wording(table: dict[str, Any], where: str) -> tuple[Policy | None, words.Wording]:
    """The policy and the words that the table of a connection asks for, whatever else it holds. Raises ConfigError."""
    read = _checked(_WordsTable, {key: value for key, value in table.items() if key in _WordsTable.model_fields}, where)
    labels = read.labels.model_dump(exclude_none=True)
    return read.policy, words.Wording(read.language, read.timezone or "UTC", read.template, labels)


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
        raise ValueError("is the number that the GREEN-API console shows")
    return text


def _address(text: str) -> str:
    if not re.fullmatch(r"https?://[^\s/?#@]+(/[^\s?#]*)?", text) or not text.isprintable():
        raise ValueError("is https:// and a host, as the GREEN-API console shows it")
    return text


def _word(text: str) -> str:
    if not text.isprintable() or " " in text:
        raise ValueError("must be printable characters without a space between them")
    return text


def _header(text: str) -> str:
    if text.casefold() in ("bearer", "basic"):
        raise ValueError("is only the name of a scheme; the token follows it")
    return text


def _known_language(name: str) -> str:
    if name not in words.languages():
        raise ValueError(f"must be one of {', '.join(words.languages())}")
    return name


def _fillable(template: str) -> str:
    if fault := words.template_fault(template):
        raise ValueError(fault)
    return template


def _each_once(values: list[str]) -> list[str]:
    for value in values:
        if values.count(value) > 1:
            raise ValueError(f"names {value} more than once")
    return values


Line = Annotated[str, Field(min_length=1, max_length=500), AfterValidator(_printable)]
Label = Annotated[str, Field(min_length=1, max_length=80), AfterValidator(_printable)]
Zone = Annotated[str, AfterValidator(_known_zone)]


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True, str_strip_whitespace=True)

    name: Annotated[str, Field(min_length=1, max_length=80), AfterValidator(_printable)]


class _InstanceTable(_Table):
    id_instance: Annotated[str, AfterValidator(_digits)]
    api_url: Annotated[str, AfterValidator(_address)]
    api_token: Annotated[str, Field(min_length=1), AfterValidator(_word)]
    intake: Literal["webhook", "poll"] = "webhook"
    webhook_token: list[Annotated[str, AfterValidator(_printable), AfterValidator(_header)]] = []
    lookups_per_second: Annotated[float, Field(strict=True, ge=0.01, le=100)] = 1.0
    name_order: Annotated[list[Literal["contact_name", "name", "crm"]], AfterValidator(_each_once)] = [
        "contact_name",
        "name",
        "crm",
    ]
    timezone: Zone = "UTC"

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

    @model_validator(mode="after")
    def _a_token_for_a_webhook(self) -> Self:
        if self.intake == "webhook" and not self.webhook_token:
            raise ValueError("webhook_token is missing")
        return self


class _Labels(BaseModel):
    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True, str_strip_whitespace=True)

    ringing: Label | None = None
    answered: Label | None = None
    dropped: Label | None = None
    missed: Label | None = None
    unknown: Label | None = None


class _WordsTable(BaseModel):
    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True, str_strip_whitespace=True)

    policy: Policy | None = None
    language: Annotated[str, AfterValidator(_known_language)] = words.ENGLISH
    timezone: Zone | None = None
    template: Annotated[Line, AfterValidator(_fillable)] | None = None
    labels: _Labels = _Labels()


class _ConnectionTable(_WordsTable, _Table):
    connector: str
    instances: Annotated[list[str], Field(min_length=1), AfterValidator(_each_once)] | None = None
    settings: dict[str, Any] = {}


def _checked(model: type[Model], table: dict[str, Any], where: str) -> Model:
    try:
        return model.model_validate(table)
    except ValidationError as error:
        raise ConfigError(f"{where}: {faults(error)[0]}", _by_key(error)) from None


def _by_key(error: ValidationError, within: str = "") -> dict[str, str]:
    """A sentence for each key, which stands beside the key and does not name it; "" is the whole table.

    The keys of a table inside the table follow its name and a dot; a list is one key.
    """
    found: dict[str, str] = {}
    for fault in error.errors(include_url=False, include_context=False, include_input=False):
        key = within + ".".join(step for step in fault["loc"] if isinstance(step, str)) if fault["loc"] else ""
        text = _SHORT.get(fault["type"]) or fault["msg"].removeprefix("Value error, ").rstrip(".")
        if key:
            text = f"It {text}" if text.startswith(_ABOUT_IT) else text[:1].upper() + text[1:]
        found.setdefault(key, f"{text}.")
    return found


_ABOUT_IT = ("is ", "must ", "names ", "holds ")
_SHORT = {
    "missing": "This is needed",
    "too_short": "At least one is needed",
    "extra_forbidden": "This is not a known setting",
    "url_parsing": "This is no address; write it as https://crm.example.com/hook",
    "int_parsing": "This is not a whole number",
    "float_parsing": "This is not a number",
    "literal_error": "This is none of the choices",
    "enum": "This is none of the choices",
}

"""The settings of a connector: a pydantic model, and the fields that each form of it is drawn from."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from annotated_types import Ge, Gt, Interval, Le, Lt
from pydantic import BaseModel, ConfigDict, HttpUrl, SecretStr, ValidationError
from pydantic.fields import FieldInfo


class ConnectorSettings(BaseModel):
    """Base of every connector's settings: frozen, no unknown keys, no input (it may be secret) in errors."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True, str_strip_whitespace=True)


Kind = Literal["text", "url", "secret", "integer", "number", "switch", "choice", "list"]
Default = str | int | float | bool | list[str] | None

_KINDS: dict[object, Kind] = {
    str: "text",
    HttpUrl: "url",
    SecretStr: "secret",
    int: "integer",
    float: "number",
    bool: "switch",
    list[str]: "list",
}


@dataclass(frozen=True, slots=True)
class Field:
    """One setting, as much of it as a form, a command line or a page of documentation needs to know."""

    name: str
    title: str
    help: str
    kind: Kind
    required: bool
    default: Default = None
    choices: tuple[str, ...] = ()
    minimum: float | None = None
    maximum: float | None = None


def fields(settings: type[BaseModel]) -> list[Field]:
    """The fields of a settings model, in its order.

    Raises TypeError, naming the field, for an annotation that no form can be drawn from, or where title or
    description is missing.
    """
    return [_field(name, info) for name, info in settings.model_fields.items()]


def faults(error: ValidationError) -> list[str]:
    """One plain sentence for each fault, naming the key and never the value."""
    return [
        _sentence(".".join(str(step) for step in fault["loc"]), fault["type"], fault["msg"])
        for fault in error.errors(include_url=False, include_context=False, include_input=False)
    ]


def _sentence(key: str, kind: str, message: str) -> str:
    if kind == "missing":
        return f"{key} is missing."
    if kind == "extra_forbidden":
        return f"{key} is not a known setting."
    text = message.removeprefix("Value error, ").rstrip(".")
    return f"{key}: {text}." if key else f"{text}."


def _field(name: str, info: FieldInfo) -> Field:
    if not info.title or not info.description:
        raise TypeError(f"The setting {name!r} needs a title and a description: both are shown to people.")
    annotation, metadata = _bare(info.annotation, info.metadata)
    kind, choices = _kind(name, annotation)
    minimum, maximum = _bounds(metadata, whole=kind == "integer")
    return Field(
        name=name,
        title=info.title,
        help=info.description,
        kind=kind,
        required=info.is_required(),
        default=None if info.is_required() or kind == "secret" else _default(info),
        choices=choices,
        minimum=minimum,
        maximum=maximum,
    )


def _bare(annotation: object, metadata: list[Any]) -> tuple[object, list[Any]]:
    """The annotation without `| None` and `Annotated`, and all that those say about it."""
    if get_origin(annotation) is Annotated:
        inner, *more = get_args(annotation)
        for note in more:
            metadata = [*metadata, *(note.metadata if isinstance(note, FieldInfo) else [note])]
        return _bare(inner, metadata)
    if get_origin(annotation) in (Union, UnionType):
        others = [part for part in get_args(annotation) if part is not NoneType]
        if len(others) == 1:
            return _bare(others[0], metadata)
    return annotation, metadata


def _kind(name: str, annotation: object) -> tuple[Kind, tuple[str, ...]]:
    values: tuple[Any, ...] = ()
    if get_origin(annotation) is Literal:
        values = get_args(annotation)
    elif isinstance(annotation, type) and issubclass(annotation, Enum):
        values = tuple(member.value for member in annotation)
    if values and all(isinstance(value, str) for value in values):
        return "choice", values
    kind = None if values else _KINDS.get(annotation)
    if kind is None:
        raise TypeError(
            f"The setting {name!r} is annotated {annotation}, which no form can be drawn from. "
            "Use str, HttpUrl, SecretStr, int, float, bool, a Literal or enum of strings, or list[str]; "
            "each may be `| None`."
        )
    return kind, ()


def _bounds(metadata: list[Any], *, whole: bool) -> tuple[float | None, float | None]:
    minimum: Any = None
    maximum: Any = None
    step = 1 if whole else 0
    for constraint in metadata:
        if isinstance(constraint, (Ge, Interval)) and constraint.ge is not None:
            minimum = constraint.ge
        if isinstance(constraint, (Gt, Interval)) and constraint.gt is not None:
            minimum = constraint.gt + step  # type: ignore[operator]
        if isinstance(constraint, (Le, Interval)) and constraint.le is not None:
            maximum = constraint.le
        if isinstance(constraint, (Lt, Interval)) and constraint.lt is not None:
            maximum = constraint.lt - step  # type: ignore[operator]
    return minimum, maximum


def _default(info: FieldInfo) -> Default:
    value = info.get_default(call_default_factory=True)
    if isinstance(value, Enum):
        return str(value.value)
    if isinstance(value, HttpUrl):
        return str(value)
    if value is None or isinstance(value, (str, int, float, bool)):
        return value
    return [str(item) for item in value]

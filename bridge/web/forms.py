"""The settings of a connector as fields of an HTML form, and back. A secret goes in, and never comes out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from werkzeug.datastructures import MultiDict

from bridge import secrecy
from connectors.kit import Field

CLEAR = "clear."
"""How the name of the box begins that takes an optional secret away."""
_TRUE = "1"
_INPUTS = {"url": "url", "integer": "number", "number": "number"}


@dataclass(frozen=True, slots=True)
class Input:
    """One setting as the form shows it, named as its faults are; `value` is text, and blank for what is secret.

    `is_set` says that there is a secret which a blank field keeps, `can_be_cleared` that there need be none.
    """

    name: str
    title: str
    help: str
    kind: str
    required: bool
    value: str = ""
    choices: tuple[str, ...] = ()
    minimum: float | None = None
    maximum: float | None = None
    placeholder: str = ""
    is_set: bool = False
    can_be_cleared: bool = False
    fault: str | None = None

    @property
    def id(self) -> str:
        """Of its element on the page."""
        return self.name.replace(".", "-")

    @property
    def type(self) -> str:
        """Of its `<input>`, where it is one."""
        return _INPUTS.get(self.kind, "text")

    @property
    def is_on(self) -> bool:
        """Whether its switch is on."""
        return self.value == _TRUE

    @property
    def described_by(self) -> str:
        """The ids of the texts that say more about it."""
        return f"{self.id}-help" + (f" {self.id}-fault" if self.fault else "")


def drawn(
    fields: Iterable[Field],
    stored: Mapping[str, Any],
    typed: MultiDict[str, str] | None = None,
    faults: Mapping[str, str] | None = None,
    prefix: str = "settings.",
) -> list[Input]:
    """The inputs for these settings, holding what is stored, or what was typed instead, whatever is secret left out."""
    return [_drawn(one, stored.get(one.name), typed, faults or {}, prefix) for one in fields]


def read(
    fields: Iterable[Field], stored: Mapping[str, Any], typed: MultiDict[str, str], prefix: str = "settings."
) -> dict[str, Any]:
    """The settings as they were typed. A secret left blank is absent, and None means the default."""
    settings: dict[str, Any] = {}
    for one in fields:
        name = f"{prefix}{one.name}"
        text = typed.get(name, "").strip()
        if one.kind == "switch":
            settings[one.name] = name in typed
        elif text:
            settings[one.name] = _value(one, text)
        elif f"{CLEAR}{name}" in typed and not one.required:
            settings[one.name] = None
        elif not _is_kept(one, stored.get(one.name)):
            settings[one.name] = [] if one.kind == "list" and one.default else None
        if one.name not in stored and settings.get(one.name) == one.default:
            settings[one.name] = None  # what nobody chose is not written down: it follows the default
    return settings


def _drawn(
    one: Field,
    stored: Any,  # noqa: ANN401  any JSON value
    typed: MultiDict[str, str] | None,
    faults: Mapping[str, str],
    prefix: str,
) -> Input:
    name = f"{prefix}{one.name}"
    kept = _is_kept(one, stored)
    value = _text(one.default if stored is None else stored) if typed is None else typed.get(name, "")
    if typed is not None and one.kind == "switch":
        value = _TRUE if name in typed else ""
    # An address that looks like a secret is one, whether it is stored or has just been typed.
    if secrecy.is_secret(one.kind, value) or (typed is None and kept):
        value = ""
    default = "" if one.default is None or one.kind == "switch" else _text(one.default)
    return Input(
        name=name,
        title=one.title,
        help=one.help,
        kind="secret" if kept else one.kind,
        required=one.required and not kept,
        value=value,
        choices=one.choices,
        minimum=one.minimum,
        maximum=one.maximum,
        placeholder="" if kept else default.replace("\n", " "),
        is_set=kept,
        can_be_cleared=kept and not one.required,
        fault=faults.get(name),
    )


def _is_kept(one: Field, stored: Any) -> bool:  # noqa: ANN401  any JSON value
    """Whether there is a secret that a blank field leaves as it is."""
    return stored not in (None, "") and secrecy.is_secret(one.kind, stored)


def _text(value: object) -> str:
    if isinstance(value, list):
        return "\n".join(str(item) for item in value)
    if isinstance(value, bool):
        return _TRUE if value else ""
    return "" if value is None else str(value)


def _value(one: Field, text: str) -> Any:  # noqa: ANN401  any JSON value
    """What was typed as the model wants it; what is no number stays text, and the model says so."""
    if one.kind == "list":
        return [line.strip() for line in text.splitlines() if line.strip()]
    if one.kind not in ("integer", "number"):
        return text
    try:
        return int(text) if one.kind == "integer" else float(text)
    except ValueError:
        return text

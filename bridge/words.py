"""The words in which a call is told: its label, and one line that sums it up.

Each language is one file in `bridge/languages`. A connection may have words of its own in place of any of them.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from importlib import resources
from string import Template
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict

from connectors.kit import Caller, CallStatus, Policy

ENGLISH = "en"
VARIABLES = ("label", "caller", "phone", "instance", "time", "date")
"""What a summary's template may name."""
_LONGEST_OUTCOME = 40
_FOLDER = resources.files("bridge") / "languages"


class Language(BaseModel):
    """One file of words."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    summary: str
    summary_without_phone: str
    group: str
    hidden: str
    outcome: str
    labels: dict[CallStatus, str]


@cache
def languages() -> tuple[str, ...]:
    """The languages that there are, by the names of their files."""
    return tuple(sorted(file.name.removesuffix(".toml") for file in _FOLDER.iterdir() if file.name.endswith(".toml")))


@cache
def language(name: str) -> Language:
    """The words of one language."""
    return Language.model_validate(tomllib.loads((_FOLDER / f"{name}.toml").read_text("utf-8")))


@dataclass(frozen=True, slots=True)
class Wording:
    """How one connection wants calls told. `template` and each of `labels` stand in place of the language's own."""

    language: str = ENGLISH
    timezone: str = "UTC"
    template: str | None = None
    labels: Mapping[str, str] = field(default_factory=dict)

    def label(self, policy: Policy, status: CallStatus, raw_status: str | None) -> str:
        """What a connection with this policy reads, such as `Missed call`."""
        own = language(self.language)
        if status is CallStatus.UNKNOWN and raw_status:
            return Template(own.outcome).substitute(outcome=raw_status[:_LONGEST_OUTCOME])
        if status is CallStatus.DROPPED and policy is Policy.RESULT:
            status = CallStatus.MISSED  # the vendor's own short form
        return self.labels.get(status) or own.labels[status]

    def summary(self, label: str, caller: Caller, instance: str, at: datetime) -> str:
        """One line of plain text. The zone is printed: operators and callers live in several."""
        own = language(self.language)
        shows_phone = caller.phone and caller.source != "phone"
        local = at.astimezone(ZoneInfo(self.timezone))
        filled = Template(self.template or (own.summary if shows_phone else own.summary_without_phone)).substitute(
            label=label,
            caller=caller.name,
            phone=caller.phone or "",
            instance=instance,
            time=f"{local:%H:%M %Z}",
            date=f"{local:%Y-%m-%d}",
        )
        return " ".join(filled.split())


def template_fault(template: str) -> str | None:
    """What is wrong with a summary's template, or None."""
    parsed = Template(template)
    if not parsed.is_valid():
        return "a $ must be followed by a name, or written twice"
    strange = [name for name in parsed.get_identifiers() if name not in VARIABLES]
    if strange:
        return f"${strange[0]} is not known; there are ${', $'.join(VARIABLES)}"
    return None

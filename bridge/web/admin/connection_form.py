"""The form of one connection: its connector's settings, who it hears of, by which policy, and in which words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection as Db
from werkzeug.datastructures import MultiDict

from bridge import descriptions, instances, previews, words
from bridge.connections import Connection
from bridge.descriptions import ConfigError
from bridge.instances import Instance
from bridge.previews import Preview
from bridge.service import Service
from bridge.web import forms
from bridge.web.forms import Input
from connectors.kit import CallStatus, Connector, Field, Policy, fields

STATUSES = tuple(status.value for status in CallStatus)
_ANY_LINE = "support"  # in a preview, where there is no instance yet


@dataclass(frozen=True)
class Fixed:
    """What every connection has, as the form shows it."""

    name: str = ""
    policy: str = ""
    instances: tuple[str, ...] | None = None
    language: str = words.ENGLISH
    timezone: str = ""
    template: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class ConnectionForm:
    """Everything that the page of the form needs."""

    connector: str
    kind: type[Connector]
    fixed: Fixed
    settings: list[Input]
    instances: list[str]
    previews: list[Preview]
    faults: Mapping[str, str] = field(default_factory=dict)
    is_new: bool = True

    @property
    def languages(self) -> tuple[str, ...]:
        return words.languages()

    @property
    def policies(self) -> list[str]:
        return [policy.value for policy in Policy]

    @property
    def other_faults(self) -> list[str]:
        """What is wrong, and has no field on the page to stand beside."""
        shown = {"name", "policy", "instances", "language", "timezone", "template"}
        shown |= {f"labels.{status}" for status in STATUSES} | {one.name for one in self.settings}
        return [text for key, text in self.faults.items() if key not in shown]


def blank(service: Service, db: Db, connector: str, kind: type[Connector]) -> ConnectionForm:
    """The form of a connection that is to be added. Raises TypeError for settings that no form can be drawn from."""
    fixed = Fixed(policy=kind.policy.value)
    return _form(service, db, connector, kind, fixed, forms.drawn(fields(kind.Settings), {}))


def stored(service: Service, db: Db, connection: Connection, kind: type[Connector]) -> ConnectionForm:
    """The form of one that is there."""
    config = connection.config
    fixed = Fixed(
        name=config.name,
        policy=config.policy.value,
        instances=config.instances,
        language=config.language,
        timezone=config.timezone or "",
        template=config.template or "",
        labels=config.labels,
    )
    drawn = forms.drawn(fields(kind.Settings), config.settings)
    return _form(service, db, config.connector, kind, fixed, drawn, is_new=False)


def typed(
    service: Service,
    db: Db,
    connector: str,
    kind: type[Connector],
    sent: MultiDict[str, str],
    connection: Connection | None,
    faults: Mapping[str, str] | None = None,
) -> ConnectionForm:
    """The form as somebody has filled it, secrets left out, and what is wrong with it."""
    fixed = Fixed(
        name=connection.name if connection else sent.get("name", ""),
        policy=sent.get("policy", ""),
        instances=_instances(sent),
        language=sent.get("language", words.ENGLISH),
        timezone=sent.get("timezone", ""),
        template=sent.get("template", ""),
        labels={status: sent.get(f"labels.{status}", "") for status in STATUSES},
    )
    kept = connection.config.settings if connection else {}
    drawn = forms.drawn(fields(kind.Settings), kept, sent, faults)
    return _form(service, db, connector, kind, fixed, drawn, faults or {}, is_new=connection is None)


def table(sent: MultiDict[str, str], settings: list[Field], kept: Mapping[str, Any]) -> dict[str, Any]:
    """What was typed as the table that describes a connection; None is a default, and what is absent stays."""
    return {**_spoken(sent), "instances": _listed(sent), "settings": forms.read(settings, kept, sent)}


def previewed(
    service: Service, db: Db, kind: type[Connector] | None, sent: MultiDict[str, str]
) -> tuple[list[Preview], Mapping[str, str]]:
    """What each outcome would be told as by what was typed, or what is wrong with that."""
    try:
        policy, wording = descriptions.wording(_given(_spoken(sent)), "preview")
    except ConfigError as error:
        return [], error.fields
    line = _line(service, db, _instances(sent))
    if not sent.get("timezone", "").strip() and line:
        wording = words.Wording(wording.language, line.config.timezone, wording.template, wording.labels)
    withdraws = hasattr(kind, "withdraw")
    name = line.name if line else _ANY_LINE
    chosen = policy or (kind.policy if kind else Policy.RESULT)
    return previews.previews(chosen, wording, name, service.now(), withdraws=withdraws), {}


def _form(
    service: Service,
    db: Db,
    connector: str,
    kind: type[Connector],
    fixed: Fixed,
    drawn: list[Input],
    faults: Mapping[str, str] | None = None,
    *,
    is_new: bool = True,
) -> ConnectionForm:
    named = [one.name for one in instances.active(db, service.store.secrets)]
    named += sorted(set(fixed.instances or ()) - set(named))  # one that was removed, and is still named
    shown, _ = previewed(service, db, kind, _sent(fixed))
    return ConnectionForm(connector, kind, fixed, drawn, named, shown, faults or {}, is_new)


def _sent(fixed: Fixed) -> MultiDict[str, str]:
    """What a browser would send for these."""
    pairs = [(key, getattr(fixed, key)) for key in ("policy", "language", "timezone", "template")]
    pairs += [(f"labels.{status}", text) for status, text in fixed.labels.items()]
    pairs += [("which", "all" if fixed.instances is None else "some")]
    pairs += [("instances", name) for name in fixed.instances or ()]
    return MultiDict(pairs)


def _spoken(sent: MultiDict[str, str]) -> dict[str, Any]:
    spoken: dict[str, Any] = {key: _text(sent, key) for key in ("policy", "language", "timezone", "template")}
    return {**spoken, "labels": {status: _text(sent, f"labels.{status}") for status in STATUSES}}


def _given(spoken: dict[str, Any]) -> dict[str, Any]:
    labels = {status: text for status, text in spoken["labels"].items() if text is not None}
    return {key: value for key, value in {**spoken, "labels": labels}.items() if value is not None}


def _instances(sent: MultiDict[str, str]) -> tuple[str, ...] | None:
    return None if sent.get("which", "all") == "all" else tuple(sent.getlist("instances"))


def _listed(sent: MultiDict[str, str]) -> list[str] | None:
    chosen = _instances(sent)
    return None if chosen is None else list(chosen)


def _text(sent: MultiDict[str, str], name: str) -> str | None:
    return sent.get(name, "").strip() or None


def _line(service: Service, db: Db, chosen: tuple[str, ...] | None) -> Instance | None:
    """The first instance that it would hear of."""
    known = instances.active(db, service.store.secrets)
    return next((one for one in known if chosen is None or one.name in chosen), None)

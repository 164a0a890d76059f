"""Changes to GREEN-API accounts, each with its line in the audit trail: pages and commands call these."""

from __future__ import annotations

import secrets as random
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection as Db

from bridge import audit, descriptions, instances
from bridge.descriptions import ConfigError
from bridge.doctor import Doctor, Report
from bridge.instances import Instance, InstanceConfig
from bridge.store.secrets import Secrets

_SECRET = {"api_token": "api_token", "webhook_token": "webhook_tokens"}  # as described, and as kept
_NEEDED = ("name", "id_instance", "api_url", "api_token")
_MISSING = "This is needed."


def find(db: Db, secrets: Secrets, name: str) -> Instance | None:
    """The account of this name that there is now."""
    return next((one for one in instances.active(db, secrets) if one.name == name), None)


def new_token() -> str:
    """A token for a webhook that nobody has to think of: the doctor writes it at GREEN-API."""
    return random.token_urlsafe(32)


def add(db: Db, secrets: Secrets, table: Mapping[str, Any], who: str, now: datetime) -> InstanceConfig:
    """Add the account that a table describes. Raises ConfigError, with a sentence for each key that is wrong."""
    config = _described(table)
    active = instances.active(db, secrets)
    if any(one.name == config.name for one in active):
        raise _wrong(
            f"There is an instance {config.name} already", "name", "There is an instance of this name already."
        )
    for one in active:
        if one.config.id_instance == config.id_instance:
            text = f"id_instance {config.id_instance} belongs to {one.name} already"
            raise _wrong(f"instance {config.name}: {text}", "id_instance", f"It belongs to {one.name} already.")
    instances.save(db, secrets, config, None, now)
    audit.record(db, now, who, "instance.added", about=config.name, id_instance=config.id_instance)
    return config


def change(db: Db, secrets: Secrets, name: str, table: Mapping[str, Any], who: str, now: datetime) -> list[str]:
    """Make an account what a table describes; returns the names of the settings that differed. Raises ConfigError.

    A secret that is blank or not there stays as it is; the name and the id_instance cannot change.
    """
    found = _found(db, secrets, name)
    stored = {key: getattr(found.config, kept) for key, kept in _SECRET.items()}
    given = {key: value for key, value in table.items() if key not in _SECRET or value}
    merged = {**{key: _as_described(value) for key, value in stored.items() if value}, **given}
    config = _described({**merged, "name": found.name, "id_instance": found.config.id_instance})
    differ = instances.differences(found.config, config)
    if differ:
        instances.save(db, secrets, config, found)
        audit.record(db, now, who, "instance.changed", about=name, settings=differ)
    return differ


def remove(db: Db, secrets: Secrets, name: str, who: str, now: datetime) -> None:
    """Forget an account and its tokens; its calls stay. Raises ConfigError if there is none of this name."""
    instances.remove(db, _found(db, secrets, name), now)
    audit.record(db, now, who, "instance.removed", about=name)


def mend(doctor: Doctor, instance: Instance, who: str, *, replace_webhook: bool = False) -> Report:
    """Have the doctor write what differs at GREEN-API, once. Raises StoreUnavailable."""
    report = doctor.examine(instance, fix=True, replace_webhook=replace_webhook)
    done = [one.text for one in report.findings if one.id == "settings-changed"]
    if done:
        detail = {"text": done[0], "replace_webhook": replace_webhook}
        doctor.store.write(
            lambda db: audit.record(db, doctor.now(), who, "instance.mended", about=instance.name, **detail)
        )
    return report


def _described(table: Mapping[str, Any]) -> InstanceConfig:
    needed = _NEEDED if table.get("intake") == "poll" else (*_NEEDED, "webhook_token")
    missing = {key: _MISSING for key in needed if not table.get(key)}
    given = {key: value for key, value in table.items() if value}
    where = f"instance {table.get('name') or ''}".strip()
    try:
        config = descriptions.instance(given, where)
    except ConfigError as error:
        wrong = {**error.fields, **missing}
        raise ConfigError(str(error), {key: text for key, text in wrong.items() if key or not missing}) from None
    return config


def _found(db: Db, secrets: Secrets, name: str) -> Instance:
    if found := find(db, secrets, name):
        return found
    raise ConfigError(f"There is no instance {name}; `ringbridge instance list` shows those that there are.")


def _wrong(message: str, key: str, text: str) -> ConfigError:
    return ConfigError(f"{message}.", {key: text})


def _as_described(value: object) -> object:
    return list(value) if isinstance(value, tuple) else value

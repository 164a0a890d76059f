"""Configured connectors: added, changed, paused, resumed, removed, and checked."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import quote

from sqlalchemy import Connection as Db

from bridge import connection_changes, connection_checks, disclosure, listing
from bridge.descriptions import ConfigError
from bridge.listing import Shown
from bridge.web.api import configured, inputs, named, problems, shapes, turns
from bridge.web.api.inputs import CheckOrder, ConnectionChange, ConnectionNew
from bridge.web.api.problems import Problem
from bridge.web.api.replies import Reply
from bridge.web.api.routes import PREFIX, Asked, Body, Nothing, Query, Route

Change = Callable[[Db], Any]


def _list(asked: Asked[Nothing, Nothing]) -> Reply:
    with asked.service.store.read() as db:
        return Reply(listing.connections(db))


def _show(asked: Asked[Nothing, Nothing]) -> Reply:
    return Reply(_detail(asked, asked.name))


def _add(asked: Asked[Nothing, ConnectionNew]) -> Reply:
    secrets, described = asked.service.store.secrets, inputs.given(asked.body)
    name = asked.body.name.strip()

    def added(db: Db) -> None:
        if connection_changes.find(db, secrets, name):
            raise Problem(409, f"There is a connection {name} already.", "Change that one, or take another name.")
        connection_changes.add(db, secrets, asked.service.registry, described, asked.who, asked.now)

    _write(asked, added)
    return Reply(_detail(asked, name), 201, {"Location": f"{PREFIX}/connections/{quote(name, safe='')}"})


def _change(asked: Asked[Nothing, ConnectionChange]) -> Reply:
    secrets, registry, changes = asked.service.store.secrets, asked.service.registry, inputs.given(asked.body)

    def changed(db: Db) -> None:
        found = named.connection(db, secrets, asked.name)
        if "settings" in changes:
            meant = disclosure.without_blank_secrets(registry, found.config.connector, changes["settings"])
            changes["settings"] = meant
        connection_changes.change(db, secrets, registry, asked.name, changes, asked.who, asked.now)

    _write(asked, changed)
    return Reply(_detail(asked, asked.name))


def _pause(asked: Asked[Nothing, Nothing]) -> Reply:
    return _turned(asked, connection_changes.pause)


def _resume(asked: Asked[Nothing, Nothing]) -> Reply:
    return _turned(asked, connection_changes.resume)


def _turned(asked: Asked[Nothing, Nothing], turn: Callable[..., bool]) -> Reply:
    secrets = asked.service.store.secrets

    def turned(db: Db) -> None:
        named.connection(db, secrets, asked.name)
        turn(db, secrets, asked.name, asked.who, asked.now)

    asked.service.store.write(turned)
    return Reply(_detail(asked, asked.name))


def _remove(asked: Asked[Nothing, Nothing]) -> Reply:
    secrets = asked.service.store.secrets

    def removed(db: Db) -> None:
        named.connection(db, secrets, asked.name)
        connection_changes.remove(db, secrets, asked.name, asked.who, asked.now)

    asked.service.store.write(removed)
    return Reply(None, 204)


def _check(asked: Asked[Nothing, CheckOrder]) -> Reply:
    service = asked.service
    with service.store.read() as db:
        checked = named.connection(db, service.store.secrets, asked.name)
    with turns.turn():
        if asked.body.fix:
            found = connection_checks.mend(service.store, service.live, checked, asked.who, asked.now)
        else:
            found = connection_checks.check(service.live, checked)
    return Reply({"ok": not found, "findings": [{"id": one.id, "text": one.text, "next": one.next} for one in found]})


def _write(asked: Asked[Query, Body], change: Change) -> None:
    try:
        asked.service.store.write(change)
    except ConfigError as error:
        raise problems.by_field(error.fields, str(error)) from None


def _detail(asked: Asked[Query, Body], name: str) -> Shown:
    with asked.service.store.read() as db:
        found = named.connection(db, asked.service.store.secrets, name)
        [row] = [one for one in listing.connections(db) if one["name"] == name]
    return {**row, **disclosure.connection(found.config, asked.service.registry)}


ROUTES = (
    Route("GET", "/connections", "Connections, in the order of the file", "administrator", _list, configured.Connection,
          many=True),
    Route("POST", "/connections", "Add a connection", "administrator", _add, configured.ConnectionDetail, 201,
          body=ConnectionNew, refuses=(409,)),
    Route("GET", "/connections/{name}", "One connection and its settings", "administrator", _show,
          configured.ConnectionDetail),
    Route("PATCH", "/connections/{name}", "Change a connection; its name and connector cannot change", "administrator",
          _change, configured.ConnectionDetail, body=ConnectionChange, refuses=(409,)),
    Route("DELETE", "/connections/{name}", "Forget a connection and its settings; what it was told stays on record",
          "administrator", _remove, None, 204),
    Route("POST", "/connections/{name}/check", "Ask the connected system whether the settings work", "administrator",
          _check, shapes.Check, body=CheckOrder, needs_body=False, refuses=(429,)),
    Route("POST", "/connections/{name}/pause", "Tell it nothing until it is resumed; what it is owed is kept",
          "administrator", _pause, configured.ConnectionDetail),
    Route("POST", "/connections/{name}/resume", "Tell it again, and all that was held for it; ringing is not told",
          "administrator", _resume, configured.ConnectionDetail),
)  # fmt: skip

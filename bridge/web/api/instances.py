"""GREEN-API accounts: added, changed, removed, and examined."""

from __future__ import annotations

from urllib.parse import quote

from sqlalchemy import Connection as Db

from bridge import disclosure, instance_changes, listing
from bridge.descriptions import ConfigError
from bridge.doctor import Doctor
from bridge.listing import Shown
from bridge.web.api import configured, inputs, named, problems, shapes, turns
from bridge.web.api.inputs import InstanceChange, InstanceCheckOrder, InstanceNew
from bridge.web.api.problems import Problem, Wrong
from bridge.web.api.replies import Reply
from bridge.web.api.routes import PREFIX, Asked, Body, Nothing, Query, Route


def _list(asked: Asked[Nothing, Nothing]) -> Reply:
    with asked.service.store.read() as db:
        return Reply(listing.instances(db, asked.now))


def _show(asked: Asked[Nothing, Nothing]) -> Reply:
    return Reply(_detail(asked, asked.name))


def _add(asked: Asked[Nothing, InstanceNew]) -> Reply:
    secrets, described = asked.service.store.secrets, inputs.given(asked.body)
    name = asked.body.name.strip()

    def added(db: Db) -> None:
        if instance_changes.find(db, secrets, name):
            raise Problem(409, f"There is an instance {name} already.", "Change that one, or take another name.")
        instance_changes.add(db, secrets, described, asked.who, asked.now)

    try:
        asked.service.store.write(added)
    except ConfigError as error:
        raise problems.by_field(error.fields, str(error)) from None
    return Reply(_detail(asked, name), 201, {"Location": f"{PREFIX}/instances/{quote(name, safe='')}"})


def _change(asked: Asked[Nothing, InstanceChange]) -> Reply:
    secrets, changes = asked.service.store.secrets, inputs.given(asked.body)

    def changed(db: Db) -> None:
        found = named.instance(db, secrets, asked.name)
        described = {**disclosure.instance(found.config), **changes}
        del described["secrets"]
        instance_changes.change(db, secrets, asked.name, described, asked.who, asked.now)

    try:
        asked.service.store.write(changed)
    except ConfigError as error:
        raise problems.by_field(error.fields, str(error)) from None
    return Reply(_detail(asked, asked.name))


def _remove(asked: Asked[Nothing, Nothing]) -> Reply:
    secrets = asked.service.store.secrets

    def removed(db: Db) -> None:
        named.instance(db, secrets, asked.name)
        instance_changes.remove(db, secrets, asked.name, asked.who, asked.now)

    asked.service.store.write(removed)
    return Reply(None, 204)


def _check(asked: Asked[Nothing, InstanceCheckOrder]) -> Reply:
    service, order = asked.service, asked.body
    if order.replace_webhook and not order.fix:
        raise problems.invalid([Wrong("replace_webhook", "This is done with fix alone.")])
    doctor = Doctor(service.store, service.http, service.buckets, service.settings.public_url, service.now)
    with service.store.read() as db:
        examined = named.instance(db, service.store.secrets, asked.name)
    with turns.turn():
        if order.fix:
            report = instance_changes.mend(doctor, examined, asked.who, replace_webhook=order.replace_webhook)
        else:
            report = doctor.examine(examined)
    found = [{"id": one.id, "text": one.text, "next": one.next} for one in report.findings]
    return Reply({"ok": report.ok, "findings": found})


def _detail(asked: Asked[Query, Body], name: str) -> Shown:
    with asked.service.store.read() as db:
        found = named.instance(db, asked.service.store.secrets, name)
        [row] = [one for one in listing.instances(db, asked.now) if one["name"] == name]
    return {**row, **disclosure.instance(found.config)}


ROUTES = (
    Route("GET", "/instances", "GREEN-API accounts, the oldest first", "administrator", _list, configured.Instance,
          many=True),
    Route("POST", "/instances", "Add an account", "administrator", _add, configured.InstanceDetail, 201,
          body=InstanceNew, refuses=(409,)),
    Route("GET", "/instances/{name}", "One account and its settings", "administrator", _show,
          configured.InstanceDetail),
    Route("PATCH", "/instances/{name}", "Change an account; its name and id_instance cannot change", "administrator",
          _change, configured.InstanceDetail, body=InstanceChange, refuses=(409,)),
    Route("DELETE", "/instances/{name}", "Forget an account and its tokens; its calls stay", "administrator", _remove,
          None, 204),
    Route("POST", "/instances/{name}/check", "Say what keeps calls from arriving, and mend it where that is asked for",
          "administrator", _check, shapes.Check, body=InstanceCheckOrder, needs_body=False, refuses=(429,)),
)  # fmt: skip

"""GREEN-API accounts on pages: add, change, remove, and the doctor."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, Response, abort, flash, redirect, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from bridge import instance_changes, listing
from bridge.descriptions import ConfigError
from bridge.doctor import Doctor, Finding, Report
from bridge.instances import Instance, InstanceConfig
from bridge.service import Service
from bridge.web import pages
from bridge.web.languages import _

_PLAIN = ("name", "id_instance", "api_url", "intake", "timezone")
_SECRET = ("api_token", "webhook_token")


@dataclass(frozen=True, slots=True)
class _Shown:
    """A finding, and which of our buttons mends it."""

    text: str
    next: str
    waits: bool
    mends: bool
    takes_over: bool


def blueprint(service: Service) -> Blueprint:
    """`/admin/instances`."""
    instances = pages.blueprint("instances", "administrator", url_prefix="/admin/instances")

    @instances.get("")
    def show() -> Response:
        with service.store.read() as db:
            return pages.page("instances/list.html", instances=listing.instances(db, service.now()))

    _add(instances, service)
    _change(instances, service)
    _remove(instances, service)
    _doctor(instances, service)
    return instances


def _found(service: Service, name: str) -> Instance:
    with service.store.read() as db:
        return instance_changes.find(db, service.store.secrets, name) or abort(404)


def _add(instances: Blueprint, service: Service) -> None:
    store = service.store

    @instances.get("/add")
    def describe() -> Response:
        return pages.page("instances/form.html", instance=None, values=_values(None), errors={}, fault=None)

    @instances.post("/add")
    def add() -> AnyResponse:
        table, who, now = _table(request.form), pages.who(), service.now()
        if table["intake"] != "poll" and not table["webhook_token"]:
            table["webhook_token"] = instance_changes.new_token()
        try:
            added = store.write(lambda db: instance_changes.add(db, store.secrets, table, who, now))
        except ConfigError as error:
            return _again(None, error)
        flash(_("The instance %(name)s is added. See below whether calls can arrive.", name=added.name), "success")
        return redirect(url_for("instances.check", name=added.name), 303)


def _change(instances: Blueprint, service: Service) -> None:
    store = service.store

    @instances.get("/<path:name>/change")
    def edit(name: str) -> Response:
        instance = _found(service, name)
        values = _values(instance.config)
        return pages.page("instances/form.html", instance=instance, values=values, errors={}, fault=None)

    @instances.post("/<path:name>/change")
    def change(name: str) -> AnyResponse:
        instance, table = _found(service, name), _table(request.form)
        who, now = pages.who(), service.now()
        if table["webhook_token"] and request.form.get("keep_old"):
            table["webhook_token"] = [table["webhook_token"], *instance.config.webhook_tokens]
        try:
            differ = store.write(lambda db: instance_changes.change(db, store.secrets, name, table, who, now))
        except ConfigError as error:
            return _again(instance, error)
        if not differ:
            flash(_("Nothing was different, and nothing was changed."), "info")
            return redirect(url_for("instances.show"), 303)
        flash(_("The instance %(name)s is changed. See below whether calls can arrive.", name=name), "success")
        return redirect(url_for("instances.check", name=name), 303)


def _remove(instances: Blueprint, service: Service) -> None:
    store = service.store

    @instances.get("/<path:name>/remove")
    def ask(name: str) -> Response:
        return pages.page("instances/remove.html", instance=_found(service, name))

    @instances.post("/<path:name>/remove")
    def remove(name: str) -> AnyResponse:
        _found(service, name)
        who, now = pages.who(), service.now()
        store.write(lambda db: instance_changes.remove(db, store.secrets, name, who, now))
        flash(_("The instance %(name)s is removed. Its calls stay.", name=name), "success")
        return redirect(url_for("instances.show"), 303)


def _doctor(instances: Blueprint, service: Service) -> None:
    @instances.get("/<path:name>/check")
    def check(name: str) -> Response:
        """The page comes at once, and asks for the findings; `now` puts them in for whoever has no JavaScript."""
        instance = _found(service, name)
        report = _findings(Doctor.of(service).examine(instance)) if "now" in request.args else None
        return pages.page("instances/check.html", instance=instance, report=report)

    @instances.get("/<path:name>/findings")
    def findings(name: str) -> Response:
        instance = _found(service, name)
        report = _findings(Doctor.of(service).examine(instance))
        return pages.page("instances/findings.html", instance=instance, report=report)

    @instances.post("/<path:name>/fix")
    def fix(name: str) -> AnyResponse:
        takes_over = bool(request.form.get("replace_webhook"))
        doctor, instance = Doctor.of(service), _found(service, name)
        report = instance_changes.mend(doctor, instance, pages.who(), replace_webhook=takes_over)
        done = [one for one in report.findings if one.id in ("settings-changed", "settings-not-saved")]
        for one in done:
            flash(f"{one.text} {one.next}", "success" if one.waits else "danger")
        if not done:
            flash(_("Nothing was changed at GREEN-API: the findings below say why."), "warning")
        return redirect(url_for("instances.check", name=name), 303)


def _findings(report: Report) -> dict[str, Any]:
    return {"ok": report.ok, "findings": [_shown(one) for one in report.findings], "notes": report.notes}


def _shown(one: Finding) -> _Shown:
    """What commands are told to do with options is done with buttons here."""
    takes_over = "--replace-webhook" in one.next
    text = one.text.replace("--fix changes nothing", _("mending changes nothing"))
    following = one.next.replace("run the check with --fix --replace-webhook", _("take it over with the button below"))
    mends = "--fix" in following
    following = following.replace("Run the check with --fix.", _("Mend it with the button below."))
    return _Shown(text, following, one.waits, mends, takes_over)


def _table(form: Mapping[str, str]) -> dict[str, Any]:
    """What was typed, as a table of the file would have it."""
    table: dict[str, Any] = {key: form.get(key, "").strip() for key in (*_PLAIN, *_SECRET)}
    lookups = form.get("lookups_per_second", "").strip()
    try:
        table["lookups_per_second"] = float(lookups) if lookups else None
    except ValueError:
        table["lookups_per_second"] = lookups
    table["name_order"] = [one for one in form.get("name_order", "").replace(",", " ").split() if one]
    return table


def _values(config: InstanceConfig | None) -> dict[str, Any]:
    """What stands in the form: never a secret."""
    config = config or InstanceConfig("", "", "", "", ())
    plain = {key: getattr(config, key) for key in _PLAIN}
    return {**plain, "lookups_per_second": f"{config.lookups_per_second:g}", "name_order": ", ".join(config.name_order)}


def _again(instance: Instance | None, error: ConfigError) -> Response:
    """The form as it was sent, without its secrets, and what is wrong beside each field."""
    values = {key: request.form.get(key, "") for key in (*_PLAIN, "lookups_per_second", "name_order")}
    fault = error.fields.get("") or (None if error.fields else str(error))
    if error.fields:
        fault = fault or _("Something is wrong below; nothing was saved. Secrets have to be typed again.")
    return pages.page("instances/form.html", 400, instance=instance, values=values, errors=error.fields, fault=fault)

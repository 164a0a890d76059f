"""Connections: listed, added, changed, checked, paused and removed."""

from __future__ import annotations

from contextlib import suppress

from flask import Blueprint, Response, abort, flash, jsonify, redirect, request, url_for
from sqlalchemy import Connection as Db
from werkzeug.wrappers import Response as AnyResponse

from bridge import connection_changes, connection_checks, listing, offers
from bridge.connections import Connection
from bridge.descriptions import ConfigError
from bridge.previews import Preview
from bridge.service import Service
from bridge.web import pages
from bridge.web.admin import connection_form
from bridge.web.admin.connection_form import ConnectionForm
from bridge.web.languages import _
from connectors.kit import BrokenConnector, Connector, Field, Finding, UnknownConnector, fields

_ROOT = "/admin/connections"


def blueprint(service: Service) -> Blueprint:
    """`/admin/connections` and what is below it, test calls apart."""
    made = pages.blueprint("connections", "administrator")
    _listed(made, service)
    _added(made, service)
    _changed(made, service)
    _checked(made, service)
    _removed(made, service)
    return made


def found(service: Service, db: Db, name: str) -> Connection:
    """The connection of this name, or the page that says that there is none."""
    connection = connection_changes.find(db, service.store.secrets, name)
    if connection is None:
        abort(404)
    return connection


def _listed(made: Blueprint, service: Service) -> None:
    @made.get(_ROOT)
    def show() -> Response:
        with service.store.read() as db:
            rows = listing.connections(db)
        titles = {one["name"]: one["title"] for one in offers.connectors(service.registry)}
        return pages.page("connections/list.html", rows=rows, titles=titles)

    @made.get(f"{_ROOT}/<path:name>")
    def one(name: str) -> AnyResponse:
        with service.store.read() as db:
            found(service, db, name)
        return redirect(url_for("connections.edit", name=name), 303)

    @made.post(f"{_ROOT}/<path:name>/pause")
    def pause(name: str) -> AnyResponse:
        with service.store.read() as db:
            found(service, db, name)
        now, who, secrets = service.now(), pages.who(), service.store.secrets
        paused = service.store.write(lambda db: connection_changes.pause(db, secrets, name, who, now))
        if paused:
            flash(_("%(name)s is paused: it is told nothing, and what it is owed is kept.", name=name), "success")
        else:
            flash(_("%(name)s was paused already.", name=name), "warning")
        return redirect(url_for("connections.show"), 303)

    @made.post(f"{_ROOT}/<path:name>/resume")
    def resume(name: str) -> AnyResponse:
        with service.store.read() as db:
            found(service, db, name)
        now, who, secrets = service.now(), pages.who(), service.store.secrets
        service.store.write(lambda db: connection_changes.resume(db, secrets, name, who, now))
        flash(_("%(name)s is told again, and what was held for it is told now.", name=name), "success")
        return redirect(url_for("connections.show"), 303)


def _added(made: Blueprint, service: Service) -> None:
    @made.get(f"{_ROOT}/add")
    def add() -> Response:
        connector = request.args.get("connector")
        if connector is None:
            return pages.page("connections/choose.html", connectors=offers.connectors(service.registry))
        kind, _settings = _drawable(service, connector)
        with service.store.read() as db:
            form = connection_form.blank(service, db, connector, kind)
        return _page(form)

    @made.post(f"{_ROOT}/add")
    def added() -> AnyResponse:
        connector = request.form.get("connector", "")
        kind, settings = _drawable(service, connector)
        table = connection_form.table(request.form, settings, {})
        table |= {"name": request.form.get("name", "").strip() or None, "connector": connector}
        if "preview" in request.form:
            return _typed_again(service, connector, kind, None)
        now, who, store = service.now(), pages.who(), service.store
        try:
            config = store.write(
                lambda db: connection_changes.add(db, store.secrets, service.registry, table, who, now)
            )
        except ConfigError as error:
            return _typed_again(service, connector, kind, None, error)
        flash(_("%(name)s is added. Check it now, then make a test call.", name=config.name), "success")
        return redirect(url_for("connections.check", name=config.name), 303)

    @made.post(f"{_ROOT}/preview")
    def preview() -> Response:
        with service.store.read() as db:
            kind = _kind(service, request.form.get("connector", ""))
            shown, faults = connection_form.previewed(service, db, kind, request.form)
        return jsonify(previews={one.status.value: said(one) for one in shown}, fault=next(iter(faults.values()), None))


def _changed(made: Blueprint, service: Service) -> None:
    @made.get(f"{_ROOT}/<path:name>/edit")
    def edit(name: str) -> Response:
        with service.store.read() as db:
            connection = found(service, db, name)
            kind, _settings = _drawable(service, connection.config.connector)
            form = connection_form.stored(service, db, connection, kind)
        return _page(form)

    @made.post(f"{_ROOT}/<path:name>/edit")
    def edited(name: str) -> AnyResponse:
        with service.store.read() as db:
            connection = found(service, db, name)
        connector = connection.config.connector
        kind, settings = _drawable(service, connector)
        if "preview" in request.form:
            return _typed_again(service, connector, kind, connection)
        changes = connection_form.table(request.form, settings, connection.config.settings)
        now, who, store = service.now(), pages.who(), service.store
        try:
            differ = store.write(
                lambda db: connection_changes.change(db, store.secrets, service.registry, name, changes, who, now)
            )
        except ConfigError as error:
            return _typed_again(service, connector, kind, connection, error)
        if not differ:
            flash(_("Nothing was changed."), "warning")
            return redirect(url_for("connections.show"), 303)
        flash(_("%(name)s is changed; the bridge takes it up within five seconds.", name=name), "success")
        checks = "settings" in differ
        return redirect(url_for("connections.check", name=name) if checks else url_for("connections.show"), 303)


def _checked(made: Blueprint, service: Service) -> None:
    @made.get(f"{_ROOT}/<path:name>/check")
    def check(name: str) -> Response:
        with service.store.read() as db:
            connection = found(service, db, name)
        return _findings(connection, None)

    @made.post(f"{_ROOT}/<path:name>/check")
    def checked(name: str) -> Response:
        with service.store.read() as db:
            connection = found(service, db, name)
        return _findings(connection, connection_checks.check(service.live, connection))

    @made.post(f"{_ROOT}/<path:name>/fix")
    def fixed(name: str) -> Response:
        with service.store.read() as db:
            connection = found(service, db, name)
        left = connection_checks.mend(service.store, service.live, connection, pages.who(), service.now())
        return _findings(connection, left, mended=True)

    def _findings(connection: Connection, findings: list[Finding] | None, *, mended: bool = False) -> Response:
        mends = hasattr(_kind(service, connection.config.connector), "findings")
        template = "connections/check.html"
        return pages.page(template, connection=connection, findings=findings, mends=mends, mended=mended)


def _removed(made: Blueprint, service: Service) -> None:
    @made.get(f"{_ROOT}/<path:name>/remove")
    def remove(name: str) -> Response:
        with service.store.read() as db:
            connection = found(service, db, name)
            owed = listing.deliveries(db, 1000, states=("due", "held"), connection=name)
        return pages.page("connections/remove.html", connection=connection, owed=len(owed))

    @made.post(f"{_ROOT}/<path:name>/remove")
    def removed(name: str) -> AnyResponse:
        with service.store.read() as db:
            found(service, db, name)
        now, who, secrets = service.now(), pages.who(), service.store.secrets
        service.store.write(lambda db: connection_changes.remove(db, secrets, name, who, now))
        flash(_("%(name)s is removed. What it was told stays on record.", name=name), "success")
        return redirect(url_for("connections.show"), 303)


def said(preview: Preview) -> str:
    """What a preview shows for one status."""
    if preview.summary is not None:
        return preview.summary
    return _("nothing; its popup is taken away") if preview.takes_popup_away else _("nothing")


def _page(form: ConnectionForm, status: int = 200) -> Response:
    is_preview = request.method == "POST" and not form.faults
    return pages.page("connections/form.html", status, form=form, said=said, is_preview=is_preview)


def _typed_again(
    service: Service,
    connector: str,
    kind: type[Connector],
    connection: Connection | None,
    error: ConfigError | None = None,
) -> Response:
    """The form as it was typed, with what is wrong beside it: nothing was saved."""
    with service.store.read() as db:
        faults = dict(error.fields) if error else dict(connection_form.previewed(service, db, kind, request.form)[1])
        if error and not faults:
            faults = {"": str(error)}
        form = connection_form.typed(service, db, connector, kind, request.form, connection, faults)
    return _page(form, 422 if faults else 200)


def _kind(service: Service, connector: str) -> type[Connector] | None:
    try:
        return service.registry.load(connector)
    except (UnknownConnector, BrokenConnector):
        return None


def _drawable(service: Service, connector: str) -> tuple[type[Connector], list[Field]]:
    """A connector whose settings make a form; for any other, the page of those that there are."""
    kind = _kind(service, connector)
    with suppress(TypeError):
        if kind is not None:
            return kind, fields(kind.Settings)
    choice = offers.connectors(service.registry)
    return abort(pages.page("connections/choose.html", 404, connectors=choice, asked_for=connector))

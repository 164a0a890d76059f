"""Bearer tokens of the API: each is shown once, on the page that answers its making."""

from __future__ import annotations

from typing import cast

from flask import Blueprint, Response, abort, flash, redirect, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from bridge import tokens
from bridge.descriptions import ConfigError
from bridge.operators import Role
from bridge.service import Service
from bridge.web import pages
from bridge.web.languages import _


def blueprint(service: Service) -> Blueprint:
    """`/admin/tokens`."""
    made = pages.blueprint("tokens", "administrator", url_prefix="/admin/tokens")
    store = service.store

    def shown(status: int = 200, *, name: str = "", role: str = "operator", fault: str | None = None) -> Response:
        with store.read() as db:
            rows = tokens.listing(db)
        return pages.page("tokens/list.html", status, tokens=rows, name=name, role=role, fault=fault)

    @made.get("")
    def show() -> Response:
        return shown()

    @made.post("/add")
    def add() -> AnyResponse:
        """No redirect: the token would have to be kept somewhere meanwhile."""
        name, role = request.form.get("name", "").strip(), cast("Role", request.form.get("role", ""))
        try:
            who, now = pages.who(), service.now()
            token = store.write(lambda db: tokens.add(db, now, who, name, role))
        except ConfigError as error:
            return shown(400, name=name, role=role, fault=str(error))
        return pages.page("tokens/made.html", name=name, role=role, token=token)

    @made.get("/<path:name>/remove")
    def ask(name: str) -> Response:
        with store.read() as db:
            if not any(one["name"] == name for one in tokens.listing(db)):
                abort(404)
        return pages.page("tokens/remove.html", name=name)

    @made.post("/<path:name>/remove")
    def remove(name: str) -> AnyResponse:
        try:
            who, now = pages.who(), service.now()
            store.write(lambda db: tokens.remove(db, now, who, name))
        except ConfigError:
            abort(404)
        flash(_("The token %(name)s is refused from now on.", name=name), "success")
        return redirect(url_for("tokens.show"), 303)

    return made

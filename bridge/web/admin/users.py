"""The people who may sign in: added, given another role or password, removed."""

from __future__ import annotations

from typing import cast

from flask import Blueprint, Response, abort, current_app, flash, g, redirect, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from bridge import operators, passwords
from bridge.descriptions import ConfigError
from bridge.operators import Role, User
from bridge.passwords import Busy
from bridge.service import Service
from bridge.sessions import Sessions
from bridge.web import pages
from bridge.web.languages import _


def blueprint(service: Service) -> Blueprint:
    """`/admin/users`."""
    users = pages.blueprint("users", "administrator", url_prefix="/admin/users")

    @users.get("")
    def show() -> Response:
        with service.store.read() as db:
            return pages.page("users/list.html", users=operators.listing(db))

    _add(users, service)
    _change(users, service)
    _remove(users, service)
    return users


def _found(service: Service, name: str) -> User:
    with service.store.read() as db:
        return operators.by_name(db, name) or abort(404)


def _add(users: Blueprint, service: Service) -> None:
    @users.get("/add")
    def describe() -> Response:
        return pages.page("users/add.html", name="", role="operator", fault=None)

    @users.post("/add")
    def add() -> AnyResponse:
        name, role = request.form.get("name", ""), cast("Role", request.form.get("role", ""))
        try:
            name = operators.check_name(name)
            operators.check_role(role)
            sealed = _sealed(name)
            who, now = pages.who(), service.now()
            service.store.write(lambda db: operators.add(db, now, who, name, role, sealed))
        except ConfigError as error:
            return pages.page("users/add.html", 400, name=name, role=role, fault=str(error))
        flash(_("%(name)s may sign in now. Tell them their password in person.", name=name), "success")
        return redirect(url_for("users.show"), 303)


def _change(users: Blueprint, service: Service) -> None:
    @users.get("/<name>")
    def edit(name: str) -> Response:
        return pages.page("users/user.html", user=_found(service, name), fault=None)

    @users.post("/<name>/role")
    def role(name: str) -> AnyResponse:
        user, wanted = _found(service, name), cast("Role", request.form.get("role", ""))
        if _is_oneself(user) and wanted != user.role and not request.form.get("oneself"):
            return _refused(
                user, _("That is you: you could open no page of administration any more. Say that you mean it.")
            )
        try:
            who, now = pages.who(), service.now()
            service.store.write(lambda db: operators.set_role(db, now, who, user.name, wanted))
        except ConfigError as error:
            return _refused(user, str(error))
        _forget_sessions()
        flash(_("%(name)s has another role now.", name=user.name), "success")
        return redirect(url_for("board.show" if _is_oneself(user) else "users.show"), 303)

    @users.post("/<name>/password")
    def password(name: str) -> AnyResponse:
        user = _found(service, name)
        try:
            sealed = _sealed(user.name)
            who, now = pages.who(), service.now()
            service.store.write(lambda db: operators.set_password(db, now, who, user.name, sealed))
        except ConfigError as error:
            return _refused(user, str(error))
        _forget_sessions()
        flash(_("%(name)s has another password, and has to sign in again.", name=user.name), "success")
        return redirect(url_for("users.show"), 303)


def _remove(users: Blueprint, service: Service) -> None:
    @users.get("/<name>/remove")
    def ask(name: str) -> Response:
        return pages.page("users/remove.html", user=_found(service, name), fault=None)

    @users.post("/<name>/remove")
    def remove(name: str) -> AnyResponse:
        user = _found(service, name)
        if _is_oneself(user) and not request.form.get("oneself"):
            fault = _("That is you. Say that you mean it.")
            return pages.page("users/remove.html", 400, user=user, fault=fault)
        try:
            who, now = pages.who(), service.now()
            service.store.write(lambda db: operators.remove(db, now, who, user.name))
        except ConfigError as error:
            return pages.page("users/remove.html", 400, user=user, fault=str(error))
        _forget_sessions()
        flash(_("%(name)s can sign in no more.", name=user.name), "success")
        return redirect(url_for("users.show"), 303)


def _forget_sessions() -> None:
    """What they were let do holds no longer: it counts from the next request on."""
    known: Sessions = current_app.extensions["sessions"]
    known.forget_all()


def _is_oneself(user: User) -> bool:
    return bool(user.id == g.user.id)


def _refused(user: User, fault: str) -> Response:
    return pages.page("users/user.html", 400, user=user, fault=fault)


def _sealed(name: str) -> str:
    """What to keep of the password that was typed twice. Raises ConfigError."""
    given = request.form.get("password", "")
    if given != request.form.get("again", ""):
        raise ConfigError(_("The two passwords differ. Type the same twice."))
    if fault := passwords.fault(given, name):
        raise ConfigError(fault)
    try:
        return passwords.seal(given)
    except Busy:
        raise ConfigError(_("Many people are signing in at this moment. Try again.")) from None

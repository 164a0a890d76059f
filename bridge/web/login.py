"""Signing in and out, the first start, and what each may change about oneself."""

from __future__ import annotations

import secrets
from datetime import timedelta
from ipaddress import ip_address, ip_network

from flask import Blueprint, Flask, Response, current_app, flash, g, redirect, request, session, url_for
from itsdangerous import BadSignature, URLSafeSerializer
from sqlalchemy import Connection as Db
from werkzeug.wrappers import Response as AnyResponse

from bridge import audit, invitations, operators, passwords, sessions, throttle
from bridge.descriptions import ConfigError
from bridge.operators import User
from bridge.passwords import Busy
from bridge.service import Service
from bridge.sessions import Sessions
from bridge.web import languages, pages
from bridge.web.languages import _

_DEVICE = "device"
_YEAR = 365 * 24 * 3600


def blueprint(service: Service) -> Blueprint:
    """`/login` and `/logout`."""
    login = Blueprint("login", "bridge.web")
    passwords.nobodys()  # now, so that no stranger waits for it and can tell that their name was the first unknown one

    @login.get("/login")
    def sign_in() -> AnyResponse:
        with service.store.read() as db:
            if invitations.is_open(db):
                return redirect(url_for("start.first"), 303)
        if pages.signed_in():
            return redirect(url_for("board.show"), 303)
        return pages.page("login/login.html", next=request.args.get("next", ""))

    @login.post("/login")
    def signed_in() -> AnyResponse:
        name, password = request.form.get("name", ""), request.form.get("password", "")
        tries = throttle.keys(name, _address(), _device_of(name))
        wait = service.store.write(lambda db: throttle.take(db, tries, service.now()))
        if wait:
            return _again(name, _wait_text(wait), 429, {"Retry-After": str(_seconds(wait))})
        try:
            user = _recognised(service, name, password)
        except Busy:
            return _again(name, _("Many people are signing in at this moment. Try again."), 503, {"Retry-After": "2"})
        if user is None:
            return _again(name, _("The name or the password is wrong. Try again."), 401)
        service.store.write(lambda db: throttle.passed(db, tries, service.now()))
        _begin(service, user)
        target = request.form.get("next", "")
        answer = redirect(target if pages.is_here(target) else url_for("board.show"), 303)
        _remember_device(answer, user)
        return answer

    @login.post("/logout")
    def sign_out() -> AnyResponse:
        session_id = session.get("id")
        if isinstance(session_id, str):
            service.store.write(lambda db: sessions.end(db, session_id))
            _sessions().forget(session_id)
        session.clear()
        flash(_("You are signed out."), "success")
        return redirect(url_for("login.sign_in"), 303)

    return login


def start(service: Service) -> Blueprint:
    """`/start`: the first administrator, by the code that was printed."""
    start = Blueprint("start", "bridge.web")

    @start.get("/start")
    def first() -> AnyResponse:
        with service.store.read() as db:
            if not invitations.is_open(db):
                return redirect(url_for("login.sign_in"), 303)
        return pages.page("login/start.html", code=request.args.get("code", ""), name="", fault=None)

    @start.post("/start")
    def made() -> AnyResponse:
        code, name = request.form.get("code", ""), request.form.get("name", "")
        password = request.form.get("password", "")
        try:
            fault = _unfit(name, password, request.form.get("again", ""))
            # Nobody is slowed down here: no guess comes near so long a code, and strangers would make the owner wait.
            with service.store.read() as db:
                if not invitations.fits(db, code):
                    fault = _("This is not the code that was printed last. Each start prints a new one.")
            if fault:
                return pages.page("login/start.html", 400, code=code, name=name, fault=fault)
            sealed = passwords.seal(password)
            user = service.store.write(lambda db: invitations.accept(db, service.now(), code, name, sealed))
        except ConfigError as error:
            return pages.page("login/start.html", 400, code=code, name=name, fault=str(error))
        except Busy:
            return pages.page("login/start.html", 503, code=code, name=name, fault=_("Busy. Try again."))
        _begin(service, user)
        answer = redirect(url_for("overview.show"), 303)
        _remember_device(answer, user)
        return answer

    return start


def me(service: Service) -> Blueprint:
    """`/me`: one's own password and language."""
    me = pages.blueprint("me", "operator")

    @me.get("/me")
    def show() -> AnyResponse:
        return pages.page("login/me.html", languages=languages.names(), fault=None)

    @me.post("/me/language")
    def language() -> AnyResponse:
        user: User = g.user
        chosen = request.form.get("language") or None
        try:
            service.store.write(lambda db: operators.set_language(db, user, chosen))
        except ConfigError as error:
            return pages.page("login/me.html", 400, languages=languages.names(), fault=str(error))
        _sessions().forget(session["id"])
        return redirect(url_for("me.show"), 303)

    @me.post("/me/password")
    def password() -> AnyResponse:
        old, new = request.form.get("old", ""), request.form.get("password", "")
        tries = throttle.keys(g.user.name, _address(), _device_of(g.user.name))
        wait = service.store.write(lambda db: throttle.take(db, tries, service.now()))
        fault = _wait_text(wait) if wait else None
        try:
            if not fault and _recognised(service, g.user.name, old) is None:
                fault = _("The present password is wrong.")
            elif not fault:
                service.store.write(lambda db: throttle.passed(db, tries, service.now()))
                fault = _unfit(g.user.name, new, request.form.get("again", ""))
            if fault:
                return pages.page("login/me.html", 400, languages=languages.names(), fault=fault)
            sealed = passwords.seal(new)
        except Busy:
            return pages.page("login/me.html", 503, languages=languages.names(), fault=_("Busy. Try again."))
        user: User = g.user
        service.store.write(lambda db: operators.set_password(db, service.now(), user.name, user.name, sealed))
        _sessions().forget(session["id"])
        _begin(service, user)
        flash(_("The password is changed. Other browsers have to sign in again."), "success")
        return redirect(url_for("me.show"), 303)

    return me


def _recognised(service: Service, name: str, password: str) -> User | None:
    with service.store.read() as db:
        known = operators.password_of(db, name)
    user, kept = known or (None, None)
    if not passwords.fits(kept, password) or user is None or kept is None:
        return None
    if passwords.is_outdated(kept):
        sealed = passwords.seal(password)
        service.store.write(lambda db: operators.renew_seal(db, user, sealed))
    return user


def _begin(service: Service, user: User) -> None:
    """Sign in, under an id that nobody had before."""

    def begun(db: Db) -> str:
        audit.record(db, service.now(), user.name, "user.signed_in", user.name)
        return sessions.begin(db, user, service.now())

    made = service.store.write(begun)
    session.clear()
    session["id"] = made
    g.user = user


def _unfit(name: str, password: str, again: str) -> str | None:
    try:
        name = operators.check_name(name)
    except ConfigError as error:
        return str(error)
    if password != again:
        return _("The two passwords differ. Type the same twice.")
    return passwords.fault(password, name)


def _again(name: str, fault: str, status: int, headers: dict[str, str] | None = None) -> Response:
    answer = pages.page("login/login.html", status, next=request.form.get("next", ""), name=name, fault=fault)
    answer.headers.update(headers or {})
    return answer


def _seconds(wait: timedelta) -> int:
    return max(1, round(wait.total_seconds() + 0.5))


def _wait_text(wait: timedelta) -> str:
    return _("Too many wrong passwords. Try again in %(seconds)s seconds.", seconds=_seconds(wait))


def _address() -> str:
    """Where the request comes from: what the proxy in front of us says, if that is on this machine.

    Of an IPv6 address the network: whoever has one has all of its addresses.
    """
    peer = request.remote_addr or ""
    forwarded = request.headers.get("X-Forwarded-For", "").rpartition(",")[2].strip()
    try:
        found = ip_address(forwarded if forwarded and ip_address(peer).is_loopback else peer)
    except ValueError:
        return peer
    return str(found) if found.version == 4 else str(ip_network((found, 64), strict=False))


def _devices(app: Flask) -> URLSafeSerializer:
    return URLSafeSerializer(str(app.secret_key), salt=_DEVICE)


def _device_of(name: str) -> str | None:
    """The browser's own mark, if this account was signed in there before."""
    try:
        account, mark = _devices(current_app).loads(request.cookies.get(_DEVICE, ""))
    except (BadSignature, ValueError, TypeError):
        return None
    return str(mark) if account == name.strip().casefold() else None


def _remember_device(answer: AnyResponse, user: User) -> None:
    mark = _device_of(user.name) or secrets.token_urlsafe(16)
    answer.set_cookie(
        _DEVICE,
        str(_devices(current_app).dumps([user.name, mark])),
        max_age=_YEAR,
        secure=current_app.config["SESSION_COOKIE_SECURE"],
        httponly=True,
        samesite="Strict",
        path="/",
    )


def _sessions() -> Sessions:
    known: Sessions = current_app.extensions["sessions"]
    return known

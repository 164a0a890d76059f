"""A test call through one connection: begun, watched and ended by whoever looks at it."""

from __future__ import annotations

from typing import Any, get_args

from flask import Blueprint, Response, abort, flash, redirect, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from bridge import instances, rehearsals, stories
from bridge.descriptions import ConfigError
from bridge.intake import Accepted
from bridge.rehearsals import Word
from bridge.service import Service
from bridge.web import pages
from bridge.web.admin.connections import found

_ROOT = "/admin/connections/<path:name>/test-call"
_WORDS: dict[str, Word] = {word: word for word in get_args(Word)}


def blueprint(service: Service) -> Blueprint:
    """`/admin/connections/<name>/test-call`."""
    made = pages.blueprint("test_calls", "administrator")

    @made.get(_ROOT)
    def show(name: str) -> Response:
        with service.store.read() as db:
            connection = found(service, db, name)
            why_not = rehearsals.obstacle(connection, instances.active(db, service.store.secrets))
        return pages.page("connections/test_call.html", connection=connection, why_not=why_not)

    @made.post(_ROOT)
    def begin(name: str) -> AnyResponse:
        with service.store.read() as db:
            found(service, db, name)
        try:
            rehearsal = rehearsals.begin(service, name, pages.who())
        except ConfigError as error:
            flash(str(error), "danger")
            return redirect(url_for("test_calls.show", name=name), 303)
        return _rung(service, rehearsal.accepted, name, rehearsal.key)

    @made.get(f"{_ROOT}/<key>")
    def watch(name: str, key: str) -> Response:
        limit = int(service.settings.outcome_seconds)
        return pages.page("connections/watched.html", outcome_seconds=limit, **_progress(service, name, key))

    @made.get(f"{_ROOT}/<key>/progress")
    def progress(name: str, key: str) -> Response:
        return pages.page("connections/_progress.html", **_progress(service, name, key))

    @made.post(f"{_ROOT}/<key>/end")
    def end(name: str, key: str) -> AnyResponse:
        with service.store.read() as db:
            found(service, db, name)
        word = _WORDS.get(request.form.get("word", ""))
        if word is None:
            abort(400)
        try:
            accepted = rehearsals.end(service, name, key, word)
        except ConfigError as error:
            flash(str(error), "warning")
            return redirect(url_for("test_calls.show", name=name), 303)
        return _rung(service, accepted, name, key)

    return made


def _rung(service: Service, accepted: Accepted, name: str, key: str) -> AnyResponse:
    service.ring(accepted)
    return redirect(url_for("test_calls.watch", name=name, key=key), 303)


def _progress(service: Service, name: str, key: str) -> dict[str, Any]:
    with service.store.read() as db:
        connection = found(service, db, name)
        if not rehearsals.is_of(db, connection, key):
            abort(404)
        call = stories.of_call(db, key, service.now())
    told = next((one for one in call["deliveries"] if one["connection"] == name), None)
    is_over = call["status"] != "ringing"
    is_settled = told is None or told["state"] != "due"
    return {"connection": connection, "call": call, "told": told, "is_done": is_over and is_settled}

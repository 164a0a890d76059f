"""Calls: looked for, told one by one, and taken along as a file."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from flask import Blueprint, Response, redirect, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from bridge import call_csv, search, standings, stories
from bridge.search import Filter, Page
from bridge.service import Service
from bridge.text import storable
from bridge.web import call_filter, pages
from bridge.web.languages import _
from connectors.kit import CallStatus

_LINES_AT_ONCE = 200


def blueprint(service: Service) -> Blueprint:
    """`/calls`, `/calls.csv` and `/calls/<id>`."""
    calls = pages.blueprint("calls", "operator")
    store = service.store

    @calls.get("/calls")
    def found() -> Response:
        asked = call_filter.asked(request.args)
        place, faults = storable(request.args.get("after", "")), dict(asked.faults)
        with store.read() as db:
            choices = search.choices(db)
            try:
                page = Page([], None) if faults else search.find(db, asked.filter, after=place or None)
            except ValueError:
                faults["after"] = _("This address does not lead to any page of calls. Begin with the newest.")
                page = Page([], None)
        older = url_for("calls.found", **asked.typed, after=page.next) if page.next else None
        return pages.page(
            "calls/list.html", 400 if faults else 200, asked=asked, faults=faults, calls=page.rows, older=older,
            choices=choices, statuses=list(CallStatus), begins_later=bool(place),
        )  # fmt: skip

    @calls.get("/calls.csv")
    def as_file() -> AnyResponse:
        asked = call_filter.asked(request.args)
        if asked.faults:
            return redirect(url_for("calls.found", **asked.typed), 303)
        answer = Response(_file(service, asked.filter), content_type="text/csv; charset=utf-8")
        answer.headers["Content-Disposition"] = 'attachment; filename="calls.csv"'
        answer.headers["Cache-Control"] = "no-store"
        return answer

    @calls.get("/calls/<given>")
    def one(given: str) -> AnyResponse:
        now = service.now()
        with store.read() as db:
            ids = stories.ids(db, storable(given))
            if len(ids) != 1:
                return pages.page("calls/missing.html", 404)
            if ids != [given]:
                return redirect(url_for("calls.one", given=ids[0]))
            call, stand = stories.of_call(db, given, now), standings.of_call(db, given, now)
        deliveries = {delivery["connection"]: delivery for delivery in call["deliveries"]}
        return pages.page("calls/call.html", call=call, standings=stand, deliveries=deliveries)

    return calls


def _file(service: Service, wanted: Filter) -> Iterator[bytes]:
    """Some lines at a time: one would cost a write to the socket each."""
    lines = call_csv.lines(search.every(service.store, wanted))
    while portion := list(islice(lines, _LINES_AT_ONCE)):
        yield "".join(portion).encode()

"""What GREEN-API sent and could not be read: looked at, and read again."""

from __future__ import annotations

from flask import Blueprint, Response, abort, flash, redirect, url_for
from werkzeug.wrappers import Response as AnyResponse

from bridge import replay_orders, rereading, unread
from bridge.service import Service
from bridge.web import pages
from bridge.web.languages import _, ngettext

PAGE = 50
_MOST = 500  # that one press of a button reads: somebody waits for the answer
_SHORT, _LONG = 160, 16 * 1024  # characters of a body on the list, and on a page of its own


def blueprint(service: Service) -> Blueprint:
    """`/admin/notifications`."""
    notifications = pages.blueprint("notifications", "administrator", url_prefix="/admin/notifications")
    store = service.store

    @notifications.get("")
    def show() -> Response:
        before = pages.number("before")
        with store.read() as db:
            rows, count = unread.page(db, PAGE + 1, before=before), unread.count(db)
        older = url_for("notifications.show", before=rows[PAGE - 1]["id"]) if len(rows) > PAGE else None
        return pages.page(
            "notifications/list.html", rows=rows[:PAGE], count=count, older=older, short=_SHORT, most=_MOST
        )

    @notifications.get("/<int(max=2147483647):number>")
    def look(number: int) -> Response:
        with store.read() as db:
            row = unread.one(db, number)
        if row is None:
            abort(404)
        return pages.page("notifications/show.html", row=row, long=_LONG)

    @notifications.post("/<int(max=2147483647):number>/replay")
    def replay(number: int) -> AnyResponse:
        [done] = _reread([number])
        flash(done.text, "success" if done.result == "read" else "warning")
        return redirect(url_for("notifications.show"), 303)

    @notifications.post("/replay")
    def replay_all() -> AnyResponse:
        with store.read() as db:
            ids = rereading.unread(db)[:_MOST]
        results = [one.result for one in _reread(ids)]
        read = results.count("read")
        text = ngettext("%(num)s notification was read.", "%(num)s notifications were read.", read)
        flash(text, "success" if read else "info")
        if left := results.count("refused"):
            text = ngettext("%(num)s still cannot be read.", "%(num)s still cannot be read.", left)
            hope = _("An update of Ringbridge may understand more.")
            flash(f"{text} {hope}", "warning")
        return redirect(url_for("notifications.show"), 303)

    def _reread(ids: list[int]) -> list[rereading.Reread]:
        snapshot = service.directory.current()
        return list(replay_orders.of_notifications(store, ids, snapshot, service.settings, pages.who(), service.now()))

    return notifications

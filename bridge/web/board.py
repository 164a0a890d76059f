"""The operators' board: who is calling, and whom nobody has called back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import lru_cache, partial
from urllib.parse import urlencode

from flask import Blueprint, Response, abort, current_app, flash, redirect, render_template, request, url_for
from markupsafe import Markup
from werkzeug.wrappers import Response as AnyResponse

from bridge import follow_ups, simulation
from bridge.board import Board, Shown
from bridge.follow_ups import Done, Missed, Refused
from bridge.service import Service
from bridge.text import storable
from bridge.web import boards, languages, live, pages
from bridge.web.languages import _, ngettext
from bridge.web.live import Fragment, Live
from connectors.kit import international

_ACTIONS = {
    "claim": follow_ups.claim,
    "take_over": follow_ups.take_over,
    "release": follow_ups.release,
    "done": follow_ups.done,
}
_LARGEST_ID = 2**31 - 1


def blueprint(service: Service) -> Blueprint:
    """`/`, its part `/live` that browsers ask for again and again, and `/follow-ups/…`."""
    board = pages.blueprint("board", "operator")

    @board.get("/")
    def show() -> Response:
        shown = _fragment(service)
        html = Markup(shown.html.decode())  # noqa: S704  a template has made it, and escaped what is in it
        return pages.page("board/board.html", fragment=html, etag=shown.etag, simulated=_is_simulated())

    @board.get(boards.PATH)
    def fragment() -> AnyResponse:
        shown = _fragment(service)
        body, headers = boards.answer(shown, _live(), request.headers.get("Accept-Encoding", ""))
        answer = Response(body, headers=headers)
        return answer.make_conditional(request)

    @board.post("/follow-ups/<action>")
    def act(action: str) -> AnyResponse:
        instance_id, chat_id = request.args.get("instance", 0, type=int), storable(request.args.get("chat", ""))
        change = _ACTIONS.get(action)
        if change is None or not 0 < instance_id <= _LARGEST_ID:
            abort(404)
        if action == "done":
            change = partial(follow_ups.done, through=_through())
        now, who = service.now(), pages.who()
        try:
            service.store.write(lambda db: change(db, now, who, instance_id, chat_id))
        except Refused as refused:
            return _answered(str(refused), "warning", 409)
        finally:
            _live().changed()
        return _answered(_said(action), "success", 200)

    return board


def _fragment(service: Service) -> Fragment:
    language = languages.current()
    if _is_simulated():
        shown = simulation.board(service.now())
        return live.fragment(shown, language, _rendered(shown, simulated=True), 0.0)
    return _live().fragment(language, _rendered)


def _rendered(shown: Board, *, simulated: bool = False) -> str:
    """The same for everybody who reads this language."""
    row = partial(_row, languages.current(), simulated)
    return render_template("board/_live.html", board=shown, row=row)


@lru_cache(maxsize=512)  # most of a board stays as it was when something of it changes
def _row(_language: str, simulated: bool, kind: str, entry: Shown | Missed | Done) -> Markup:  # noqa: FBT001
    helpers = {"international": international, "calls": _calls, "path": _path}
    rows = current_app.jinja_env.get_template("board/_rows.html", globals=helpers).module
    return Markup(getattr(rows, kind)(entry, simulated))  # noqa: S704  a macro has made it, and escaped what is in it


def _answered(text: str, category: str, status: int) -> AnyResponse:
    """A sentence for the script on the page, or for whoever has none, the board again with that sentence on it."""
    if request.accept_mimetypes.best == "text/plain":
        return Response(text, status, content_type="text/plain; charset=utf-8")
    flash(text, category)
    return redirect(url_for("board.show"), 303)


def _said(action: str) -> str:
    return {
        "claim": _("It is yours. Call back, and press Done when you have."),
        "take_over": _("It is yours now. Call back, and press Done when you have."),
        "release": _("Given back: others may call now."),
        "done": _("Done."),
    }[action]


def _calls(entry: Missed) -> str:
    """Such as `3 calls in 9 minutes`."""
    calls = ngettext("%(num)s call", "%(num)s calls", entry.count)
    if entry.count == 1:
        return calls
    return _("%(calls)s in %(span)s", calls=calls, span=_span(entry.last_at - entry.first_at))


def _span(span: timedelta) -> str:
    minutes = round(span.total_seconds() / 60)
    if minutes < 1:
        return _("less than a minute")
    if minutes < 90:
        return ngettext("%(num)s minute", "%(num)s minutes", minutes)
    hours = round(minutes / 60)
    if hours < 36:
        return ngettext("%(num)s hour", "%(num)s hours", hours)
    return ngettext("%(num)s day", "%(num)s days", round(hours / 24))


def _path(action: str, entry: Missed) -> str:
    """Where a button of an entry leads; what comes in after it was drawn is not done with by it."""
    query = {"instance": entry.instance_id, "chat": entry.chat_id}
    through = {"through": entry.last_at.isoformat()} if action == "done" else {}
    return f"/follow-ups/{action}?{urlencode(query | through)}"


def _through() -> datetime | None:
    text = request.args.get("through")
    if text is None:
        return None
    try:
        return datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError):
        abort(404)


def _is_simulated() -> bool:
    return "simulated" in request.args


def _live() -> Live:
    shared: Live = current_app.extensions["live"]
    return shared

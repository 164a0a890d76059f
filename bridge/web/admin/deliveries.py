"""What is owed, held and failed: looked through, and told again."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, get_args

from flask import Blueprint, Response, abort, flash, redirect, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from bridge import owed, replay_orders, replays
from bridge.deliveries import State
from bridge.policies import NOBODY_KNOWS
from bridge.replays import Choice
from bridge.service import Service
from bridge.text import storable
from bridge.web import pages
from bridge.web.languages import _

PAGE = 50
_STATES: tuple[State, ...] = get_args(State)
_UNTOLD: tuple[State, ...] = ("due", "held", "failed")
_SINCE = {"hour": timedelta(hours=1), "day": timedelta(days=1), "week": timedelta(days=7), "month": timedelta(days=30)}
_MOST = 2000  # deliveries that one press of a button looks at: somebody waits for the answer


def blueprint(service: Service) -> Blueprint:
    """`/admin/deliveries`."""
    deliveries = pages.blueprint("deliveries", "administrator", url_prefix="/admin/deliveries")

    @deliveries.get("")
    def show() -> Response:
        choice = _choice(request.args, service.now())
        before = pages.number("before")
        with service.store.read() as db:
            rows = owed.page(db, choice, PAGE + 1, before=before)
            names, started = owed.names(db), owed.started(db, rows)
        kept = _kept(request.args)
        older = url_for("deliveries.show", **kept, before=rows[PAGE - 1]["id"]) if len(rows) > PAGE else None
        return pages.page(
            "deliveries/list.html", rows=rows[:PAGE], started=started, names=names, kept=kept, older=older,
            states=_STATES, uncertain=NOBODY_KNOWS, most=_MOST, can_all=_replayable(choice.states),
        )  # fmt: skip

    _replays(deliveries, service)
    return deliveries


def _replays(deliveries: Blueprint, service: Service) -> None:
    store = service.store

    @deliveries.get("/<int(max=2147483647):number>")
    def ask(number: int) -> Response:
        """Whether to tell once more what was told, or perhaps was: an answer of its own."""
        with store.read() as db:
            rows = owed.of_id(db, number)
        if not rows:
            abort(404)
        return pages.page("deliveries/again.html", row=rows[0], kept=_kept(request.args))

    @deliveries.post("/<int(max=2147483647):number>/replay")
    def replay(number: int) -> AnyResponse:
        again = bool(request.form.get("again"))
        [one] = replay_orders.of_ids(store, [number], pages.who(), service.now(), again=again)
        if one.hindrance is None:
            flash(_("Delivery %(id)s is due again: %(name)s is told now.", id=number, name=one.connection), "success")
        else:
            refused = _("Delivery %(id)s was not replayed.", id=number)
            flash(f"{refused} {_for_a_page(one.text)}", "warning")
        return redirect(url_for("deliveries.show", **_kept(request.form)), 303)

    @deliveries.post("/replay")
    def replay_all() -> AnyResponse:
        again = bool(request.form.get("again"))
        choice = _choice(request.form, service.now())
        states = _replayable(choice.states, again=again)
        meant = Choice(states, choice.connection, choice.since)
        tally = replay_orders.tallied(
            replay_orders.of_choice(store, meant, pages.who(), service.now(), again=again, most=_MOST)
        )
        flash(tally.replayed(), "success" if tally.done else "info")
        if hindered := tally.not_replayed(again=_("“once more”")):
            flash(hindered, "warning")
        if tally.looked_at >= _MOST:
            flash(
                _("That was %(most)s, as many as are looked at at once; press again for the next.", most=_MOST), "info"
            )
        return redirect(url_for("deliveries.show", **_kept(request.form)), 303)


def _choice(asked: Mapping[str, str], now: datetime) -> Choice:
    """The filter: what is still to be told unless a state is named."""
    state, since = asked.get("state", ""), _SINCE.get(asked.get("since", ""))
    states = tuple(one for one in _STATES if state in (one, "all")) or _UNTOLD
    return Choice(states, storable(asked.get("connection", "")) or None, now - since if since else None)


def _kept(asked: Mapping[str, str]) -> dict[str, Any]:
    """The filter as it stands in addresses and hidden fields."""
    return {key: asked[key] for key in ("state", "connection", "since") if asked.get(key)}


def _replayable(states: tuple[State, ...], *, again: bool = True) -> tuple[State, ...]:
    return tuple(one for one in states if one in replays.REPLAYABLE or (again and one == "delivered"))


def _for_a_page(text: str) -> str:
    return text.replace("add --again to tell it", _("choose “Once more”")).replace(
        "Add --again to tell it once more.", _("Choose “Once more” to tell it again.")
    )

"""Deliveries: what is and was owed, and told again where somebody asks for it."""

from __future__ import annotations

from typing import get_args

from bridge import owed, replay_orders, replays
from bridge.deliveries import State
from bridge.replays import Choice, Replay
from bridge.web.api import named, problems, shapes
from bridge.web.api.inputs import DeliveryQuery, ReplayOrder, moment
from bridge.web.api.problems import Wrong
from bridge.web.api.replies import Reply, page
from bridge.web.api.routes import Asked, Nothing, Route

_STATES: tuple[State, ...] = get_args(State)
_AGAIN = '"again": true'
_MOST = 2000  # deliveries a request; a program asks again for the rest


def _list(asked: Asked[DeliveryQuery, Nothing]) -> Reply:
    wanted = asked.query
    since = moment(wanted.since, asked.now) if wanted.since else None
    with asked.service.store.read() as db:
        named.check_connection(db, wanted.connection)
        chosen = Choice(tuple(wanted.state) or _STATES, wanted.connection, since)
        rows = owed.page(db, chosen, wanted.limit + 1, before=wanted.after)
    return page(rows, wanted.limit)


def _replay(asked: Asked[Nothing, ReplayOrder]) -> Reply:
    order, store = asked.body, asked.service.store
    chosen = bool(order.connection or order.state or order.since)
    if bool(order.ids) == chosen:
        raise problems.invalid(
            [Wrong("ids", "Name deliveries by their ids, or choose them by the rest: one of the two.")]
        )
    if order.ids:
        ids = list(dict.fromkeys(order.ids))
        done = list(replay_orders.of_ids(store, ids, asked.who, asked.now, again=order.again))
    else:
        with store.read() as db:
            named.check_connection(db, order.connection)
        states = tuple(order.state or (*replays.REPLAYABLE, *(("delivered",) if order.again else ())))
        choice = Choice(states, order.connection, moment(order.since, asked.now) if order.since else None)
        done = list(replay_orders.of_choice(store, choice, asked.who, asked.now, again=order.again, most=_MOST))
    tally = replay_orders.tallied(done)
    return Reply(
        {
            "replayed": tally.done,
            "looked_at": tally.looked_at,
            "not_replayed": tally.not_replayed(_AGAIN),
            "deliveries": [_shown(one) for one in done] if order.ids else [],
        }
    )


def _shown(one: Replay) -> dict[str, object]:
    return {
        "id": one.delivery_id,
        "connection": one.connection or None,
        "replayed": one.hindrance is None,
        "reason": one.text or None,
    }


ROUTES = (
    Route("GET", "/deliveries", "What is and was owed, the newest first", "administrator", _list, shapes.Delivery,
          many=True, query=DeliveryQuery, refuses=(404,)),
    Route("POST", "/deliveries/replay", "Have failed and held deliveries told again, at most 2000 of a choice at once",
          "administrator", _replay, shapes.Replays, body=ReplayOrder, refuses=(404,)),
)  # fmt: skip

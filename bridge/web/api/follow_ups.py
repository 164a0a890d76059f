"""Missed callers, and who calls back."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import Connection as Db

from bridge import follow_ups
from bridge.follow_ups import Missed, Refused
from bridge.listing import stamp
from bridge.web.api import named, shapes
from bridge.web.api.inputs import Claim, Whose
from bridge.web.api.problems import Problem
from bridge.web.api.replies import Reply
from bridge.web.api.routes import Asked, Nothing, Route


def _list(asked: Asked[Nothing, Nothing]) -> Reply:
    with asked.service.store.read() as db:
        return Reply([_shown(one) for one in follow_ups.missed(db, asked.now)])


def _claim(asked: Asked[Nothing, Claim]) -> Reply:
    return _done(asked, follow_ups.take_over if asked.body.take_over else follow_ups.claim)


def _release(asked: Asked[Nothing, Whose]) -> Reply:
    return _done(asked, follow_ups.release)


def _close(asked: Asked[Nothing, Whose]) -> Reply:
    return _done(asked, follow_ups.done)


def _done(asked: Asked[Nothing, Claim] | Asked[Nothing, Whose], act: Callable[..., None]) -> Reply:
    secrets, whose = asked.service.store.secrets, asked.body

    def acted(db: Db) -> None:
        instance = named.instance(db, secrets, whose.instance)
        act(db, asked.now, asked.who, instance.id, whose.chat_id)

    try:
        asked.service.store.write(acted)
    except Refused as error:
        raise Problem(409, str(error)) from None
    return Reply(None, 204)


def _shown(one: Missed) -> dict[str, object]:
    return {
        "instance": one.instance,
        "chat_id": one.chat_id,
        "caller": one.caller,
        "phone": one.phone,
        "count": one.count,
        "first_at": stamp(one.first_at),
        "last_at": stamp(one.last_at),
        "claimed_by": one.claimed_by,
        "claimed_at": stamp(one.claimed_at),
    }


ROUTES = (
    Route("GET", "/follow-ups", "Missed callers whom somebody has to call back, the latest first", "operator", _list,
          shapes.FollowUp, many=True),
    Route("POST", "/follow-ups/claim", "Say that this token's owner calls back", "operator", _claim, None, 204,
          body=Claim, refuses=(404, 409)),
    Route("POST", "/follow-ups/release", "Give a claim back", "operator", _release, None, 204, body=Whose,
          refuses=(404, 409)),
    Route("POST", "/follow-ups/done", "Say that the caller was seen to", "operator", _close, None, 204, body=Whose,
          refuses=(404, 409)),
)  # fmt: skip

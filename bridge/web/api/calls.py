"""Calls: found, and each with its whole story."""

from __future__ import annotations

from bridge import search, stories
from bridge.search import Filter
from bridge.web.api import named, problems, shapes
from bridge.web.api.inputs import CallQuery, moment
from bridge.web.api.problems import Problem
from bridge.web.api.replies import Reply, following
from bridge.web.api.routes import Asked, Nothing, Route


def _list(asked: Asked[CallQuery, Nothing]) -> Reply:
    wanted, now = asked.query, asked.now
    chosen = Filter(
        text=wanted.search or "",
        statuses=wanted.status,
        instance=wanted.instance,
        connection=wanted.connection,
        since=moment(wanted.since, now) if wanted.since else None,
        until=moment(wanted.until, now) if wanted.until else None,
    )
    with asked.service.store.read() as db:
        named.check_instance(db, wanted.instance)
        named.check_connection(db, wanted.connection)
        try:
            page = search.find(db, chosen, after=wanted.after, limit=wanted.limit)
        except ValueError as error:
            raise Problem(404, str(error)) from None
    return Reply(page.rows, headers=following(page.next))


def _show(asked: Asked[Nothing, Nothing]) -> Reply:
    given = str(asked.path["call"])
    with asked.service.store.read() as db:
        ids = stories.ids(db, given)
        if len(ids) > 1:
            raise Problem(409, f"Several calls have the idMessage {given}.", f"Name one of them: {', '.join(ids)}.")
        if not ids:
            raise problems.missing("call", given, "/api/v1/calls")
        return Reply(stories.of_call(db, ids[0], asked.now))


ROUTES = (
    Route("GET", "/calls", "Calls, the newest first", "operator", _list, shapes.Call, many=True, query=CallQuery,
          refuses=(404,)),
    Route("GET", "/calls/{call}", "The whole story of one call", "operator", _show, shapes.CallStory, refuses=(409,)),
)  # fmt: skip

"""Notifications: what GREEN-API sent and was kept, and read again where it could not be read."""

from __future__ import annotations

from bridge import notification_pages, replay_orders, unread
from bridge.web.api import named, problems, shapes
from bridge.web.api.inputs import NotificationQuery, moment
from bridge.web.api.replies import Reply, page
from bridge.web.api.routes import Asked, Nothing, Route


def _list(asked: Asked[NotificationQuery, Nothing]) -> Reply:
    wanted = asked.query
    with asked.service.store.read() as db:
        named.check_instance(db, wanted.instance)
        rows = notification_pages.page(
            db,
            wanted.limit + 1,
            before=wanted.after,
            since=moment(wanted.since, asked.now) if wanted.since else None,
            instance=wanted.instance,
            is_unread=wanted.unread,
        )
    return page(rows, wanted.limit)


def _show(asked: Asked[Nothing, Nothing]) -> Reply:
    with asked.service.store.read() as db:
        found = unread.one(db, asked.path["id"])
    if found is None:
        raise _missing(asked)
    return Reply(found)


def _replay(asked: Asked[Nothing, Nothing]) -> Reply:
    service, number = asked.service, int(asked.path["id"])
    with service.store.read() as db:
        if unread.one(db, number) is None:
            raise _missing(asked)
    snapshot = service.directory.current()
    [done] = replay_orders.of_notifications(service.store, [number], snapshot, service.settings, asked.who, asked.now)
    return Reply({"id": done.notification_id, "result": done.result, "text": done.text})


def _missing(asked: Asked[Nothing, Nothing]) -> problems.Problem:
    return problems.missing("notification", asked.path["id"], "/api/v1/notifications")


ROUTES = (
    Route("GET", "/notifications", "What was kept of what GREEN-API sent, the newest first", "administrator", _list,
          shapes.Notification, many=True, query=NotificationQuery, refuses=(404,)),
    Route("GET", "/notifications/{id}", "One notification", "administrator", _show, shapes.Notification),
    Route("POST", "/notifications/{id}/replay", "Read again what could not be read when it came", "administrator",
          _replay, shapes.Reread),
)  # fmt: skip

"""The door that GREEN-API knocks at: authenticate, read, write down, answer 200, and only then ring for the workers.

Anything but a 200 makes GREEN-API wait a minute and send the same again, with all that follows waiting behind it. So
what is authentic is answered 200, whatever it holds, unless nothing could be committed.
"""

from __future__ import annotations

import logging
import time

from flask import Blueprint, Response, request

from bridge import intake, notifications
from bridge.greenapi.events import CallEvent, Unreadable, read
from bridge.intake import Accepted
from bridge.service import Service

log = logging.getLogger(__name__)

PATH = "/webhooks/greenapi"
LONGEST_BODY = 16 * 1024 * 1024
_QUIET = 60.0  # seconds: strangers must not fill the log


def blueprint(service: Service) -> Blueprint:
    """The intake's one route, with and without a trailing slash."""
    door = Blueprint("webhook", __name__)
    refuse = _Refusal()

    @door.post(PATH, provide_automatic_options=False)
    @door.post(f"{PATH}/", provide_automatic_options=False)
    def receive() -> Response:
        owners = service.directory.current().tokens.instances(request.headers.get("Authorization"))
        if not owners:
            return refuse("The Authorization header fits no webhook_token of any instance.")
        try:
            body = request.get_data(cache=False)
        except OSError:  # a chunk that is none, or a connection that was closed: gunicorn raises it here
            return Response("The body broke off.\n", 400, content_type="text/plain")
        return _received(service, owners, body, refuse)

    return door


class _Refusal:
    """The same answer whatever was wrong, so that nothing can be learned from it. The log says it, once a minute."""

    def __init__(self) -> None:
        self._count = 0
        self._quiet_until = 0.0

    def __call__(self, reason: str) -> Response:
        self._count += 1
        if time.monotonic() >= self._quiet_until:
            self._quiet_until = time.monotonic() + _QUIET
            log.warning("notification refused", extra={"reason": reason, "count": self._count})
        return Response("Unauthorized\n", 401, content_type="text/plain")


def _received(service: Service, owners: frozenset[str], body: bytes, refuse: _Refusal) -> Response:
    try:
        notification = read(body)
    except Unreadable as error:
        return _unread(service, owners, body, str(error))
    if notification.id_instance is not None and notification.id_instance not in owners:
        return refuse("The notification names an instance that its token is not for.")
    if notification.call is None:
        return _taken()
    accepted = _accepted(service, notification.call, body)
    answer = _taken()
    answer.call_on_close(lambda: service.ring(accepted))
    return answer


def _accepted(service: Service, call: CallEvent, body: bytes) -> Accepted:
    snapshot, now = service.directory.current(), service.now()
    if call.id_instance not in snapshot.by_id_instance:  # removed since the token was looked at
        return Accepted("call")
    accepted = service.store.write(
        lambda db: intake.accept(db, call, body, snapshot, service.settings, now),
    )
    service.crash_point("committed")
    log.info(
        "notification accepted",
        extra={"call_id": call.call_key, "status": call.word, "outcome": accepted.verdict},
    )
    return accepted


def _unread(service: Service, owners: frozenset[str], body: bytes, reason: str) -> Response:
    snapshot, now = service.directory.current(), service.now()
    only = snapshot.by_id_instance.get(next(iter(owners))) if len(owners) == 1 else None
    instance_id = only.id if only else None
    kept = service.store.write(lambda db: notifications.keep_unread(db, body, instance_id, reason, now))
    if kept:
        log.warning("notification could not be read; it was kept", extra={"reason": reason})
    return _taken()


def _taken() -> Response:
    # Not an empty body: waitress sends the head of one only after `call_on_close`.
    return Response("OK\n", 200, content_type="text/plain")

"""The door that GREEN-API knocks at: authenticate, read, write down, answer 200, and only then ring for the workers.

Anything but a 200 makes GREEN-API wait a minute and send the same again, with all that follows waiting behind it. So
what is authentic is answered 200, whatever it holds, unless nothing could be committed.
"""

from __future__ import annotations

import logging
import time

from flask import Blueprint, Response, g, request
from werkzeug.exceptions import HTTPException

from bridge import reception
from bridge.greenapi.events import Notification
from bridge.reception import LONGEST_BODY, PATH
from bridge.service import Service
from bridge.web.metrics import Counters

log = logging.getLogger(__name__)

_REASONS = {400: "broken_off", 401: "unauthorized", 413: "too_large", 503: "store_unavailable"}
_QUIET = 60.0  # seconds: strangers must not fill the log


def blueprint(service: Service, counters: Counters) -> Blueprint:
    """The intake's one route, with and without a trailing slash."""
    door = Blueprint("webhook", __name__)
    refuse = _Refusal()

    @door.post(PATH, provide_automatic_options=False)
    @door.post(f"{PATH}/", provide_automatic_options=False)
    def receive() -> Response:
        owners = service.directory.current().tokens.instances(request.headers.get("Authorization"))
        if not owners:
            return refuse("The Authorization header fits no webhook_token of any instance.")
        body = _body()
        return body if isinstance(body, Response) else _received(service, owners, body, refuse)

    @door.before_request
    def begun() -> None:
        g.began = time.perf_counter()

    @door.after_request
    def counted(answer: Response) -> Response:
        reason = g.get("reason") or _REASONS.get(answer.status_code, "error")
        counters.answered(answer.status_code, reason, time.perf_counter() - g.began)
        return answer

    return door


def _body() -> bytes | Response:
    """What was sent, or the answer to what cannot be taken."""
    length = request.content_length
    try:
        body = request.get_data(cache=False)
    except HTTPException as error:
        if error.code != 400:
            raise
        return _broken_off()
    except Exception:  # noqa: BLE001  each server has errors of its own for a chunk that is none, or a line that is cut
        return _broken_off()
    if len(body) > LONGEST_BODY:
        return Response("Request Entity Too Large\n", 413, content_type="text/plain")
    return _broken_off() if length is not None and len(body) < length else body


def _broken_off() -> Response:
    return Response("The body broke off.\n", 400, content_type="text/plain")


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
    heard = reception.opened(body)
    if heard.id_instance is not None and heard.id_instance not in owners:
        g.reason = "wrong_instance"
        if heard.id_instance in service.directory.current().by_id_instance:
            service.heard.refused(heard.id_instance)
        return refuse("The notification names an instance that its token is not for.")
    if isinstance(heard, Notification) and heard.call is not None:
        g.call_id = heard.call.call_key
    taken = reception.take(service, heard, body, owners, "webhook")
    g.reason = taken.outcome
    answer = _taken()
    if (accepted := taken.accepted) is not None:
        answer.call_on_close(lambda: service.ring_soon(accepted))
    return answer


def _taken() -> Response:
    # Not an empty body: waitress sends the head of one only after `call_on_close`.
    return Response("OK\n", 200, content_type="text/plain")

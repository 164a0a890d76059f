"""The portal itself: who may ask what, in which order that is judged, and a log of all of it."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from requests import PreparedRequest

from bitrix24_portal import batch, oauth, wire
from bitrix24_portal.comments import Comments
from bitrix24_portal.limits import Bucket, OperatingTime
from bitrix24_portal.messages import Messages
from bitrix24_portal.notes import Activities
from bitrix24_portal.oauth import OAuth
from bitrix24_portal.part import Part, Turn
from bitrix24_portal.people import People
from bitrix24_portal.records import Records
from bitrix24_portal.tasks import Tasks
from bitrix24_portal.telephony import Telephony
from bitrix24_portal.wire import Asked, Listed, Refused
from connectors.kit.testing import Reply

ALL_SCOPES = frozenset({"crm", "im", "telephony", "task", "user_basic"})
ZONE = timezone(timedelta(hours=3))
HTML_404 = "<html><body>404 Not Found</body></html>"


@dataclass(frozen=True, slots=True)
class Refusal:
    """What was refused for being wrong; a status of 200 where it was not done in silence."""

    method: str
    status: int
    code: str
    description: str


@dataclass(frozen=True, slots=True)
class Entry:
    """One HTTP request and its answer. `methods` are the commands of a batch, or the one that was called."""

    at: float
    verb: str
    method: str
    methods: tuple[str, ...]
    params: dict[str, Any]
    reply: Reply
    wrote: tuple[tuple[str, str], ...]


class Portal:
    """`answer` and `held` make it a System. Thread-safe: it does one thing after another.

    `clock` gives seconds since 1970. `webhooks` maps (user, secret) to scopes. `lags` says by method how many seconds
    late a search finds what was made. `refused` and `overruns` hold what a well-behaved client never brings about.
    """

    def __init__(
        self,
        *,
        host: str = "acme.bitrix24.test",
        secret: str = "c4nary5ecret",
        clock: Callable[[], float] = time.time,
        client: tuple[str, str] = ("local.c4nary.client", "c4nary-client-secret"),
    ) -> None:
        self.host, self.clock = host, clock
        self.webhooks: dict[tuple[int, str], frozenset[str]] = {(1, secret): ALL_SCOPES}
        self.oauth = OAuth(self, *client)
        self.bucket: Bucket | None = Bucket(clock)
        self.operating = OperatingTime(clock)
        self.lags: dict[str, float] = {}
        self.renamed_to: str | None = None
        self.has_rest = True
        self.insufficient_scope_status = 403  # the documentation says so; the vendor's own client expects 401
        self.refused: list[Refusal] = []
        self.overruns: list[Entry] = []
        self.ignored: list[tuple[str, str]] = []
        """(method, name) of each parameter or field that nothing read: it was sent in vain."""
        self.shown: list[tuple[str, str]] = []
        """(where, text) of all that people were ever shown."""
        self.log: list[Entry] = []
        self._lock = threading.RLock()
        self.people, self.records, self.activities = People(self), Records(self), Activities(self)
        self.comments, self.messages = Comments(self), Messages(self)
        self.tasks, self.telephony = Tasks(self), Telephony(self)
        parts: list[Part] = [self.people, self.records, self.activities, self.comments, self.messages, self.tasks]
        self.methods = {name: one for part in [*parts, self.telephony] for name, one in part.methods().items()}

    def held(self) -> list[str]:
        parts = (self.activities, self.comments, self.records, self.tasks, self.telephony)
        return [key for part in parts for key in part.held()]

    def show(self, where: str, *texts: str) -> None:
        self.shown += [(where, text) for text in texts if text]

    def visible(self, rows: Iterable[dict[str, Any]], method: str) -> list[dict[str, Any]]:
        """What a search finds by now."""
        lag = self.lags.get(method.lower(), 0.0)
        return [row for row in rows if row["made_at"] + lag <= self.clock()]

    def note_refusal(self, method: str, refused: Refused) -> None:
        self.refused.append(Refusal(method, refused.status, refused.code, refused.description))

    def answer(self, request: PreparedRequest) -> Reply:
        return self.exchange(request).reply

    def exchange(self, request: PreparedRequest) -> Entry:
        """Do what the request asks; what was asked, answered and written."""
        with self._lock:
            asked, turns = wire.take_apart(request), []
            name = "oauth" if asked.host == oauth.HOST else asked.path.rpartition("/")[2]
            try:
                reply = self._reply(asked, turns)
            except Refused as refused:
                reply = self._refusal(name, refused)
            wrote = tuple(one for turn in turns for one in turn.wrote)
            methods = tuple(turn.method for turn in turns if turn.method != "batch") or (name,)
            entry = Entry(self.clock(), asked.verb, name, methods, asked.params, reply, wrote)
            self.log.append(entry)
            if reply.status == 503:
                self.overruns.append(entry)
            return entry

    def _refusal(self, name: str, refused: Refused) -> Reply:
        """An expired token is how an application is meant to learn of it; all else should not have been asked."""
        if refused.code not in ("expired_token", "QUERY_LIMIT_EXCEEDED", "OPERATION_TIME_LIMIT"):
            self.note_refusal(name, refused)
        return Reply(refused.status, refused.body, {"Content-Type": "application/json; charset=utf-8"})

    def _reply(self, asked: Asked, turns: list[Turn]) -> Reply:
        if asked.host == oauth.HOST:
            return self._oauth(asked)
        if self.renamed_to:
            return Reply(302, "", {"Location": f"https://{self.renamed_to}{asked.path}"})
        if asked.scheme != "https":
            raise Refused(400, "INVALID_REQUEST", "Https required")
        if asked.host != self.host or not asked.path.startswith("/rest/"):
            return Reply(404, HTML_404, {"Content-Type": "text/html"})
        if self.bucket:
            self.bucket.pour()
        if asked.path.startswith("/rest/api/"):
            return self._rest3(asked, turns)
        turn, name = self._admitted(asked, asked.path.removeprefix("/rest/"))
        if asked.malformed:
            raise Refused(400, "INVALID_REQUEST", "Malformed JSON")  # a guess
        turns.append(turn)
        return Reply(200, self._classic(name, asked.params, turn, turns), {"Content-Type": "application/json"})

    def _oauth(self, asked: Asked) -> Reply:
        if asked.path != "/oauth/token/":
            return Reply(404, HTML_404, {"Content-Type": "text/html"})
        return Reply(200, self.oauth.token(asked), {"Content-Type": "application/json"})

    def _admitted(self, asked: Asked, path: str) -> tuple[Turn, str]:
        """Whoever may come in, and the method that is asked for."""
        if not self.has_rest:
            raise Refused(403, "ACCESS_DENIED", "REST is available only on commercial plans")
        webhook = re.fullmatch(r"(\d+)/([^/]+)/([^/]+)", path)
        name = re.sub(r"\.(json|xml)$", "", path.rpartition("/")[2])
        if webhook:
            key = (int(webhook[1]), webhook[2])
            if key not in self.webhooks:
                raise Refused(401, "INVALID_CREDENTIALS", "Invalid request credentials")
            return Turn(key[0], self.webhooks[key], None), name
        if "/" in path:
            raise Refused(404, "ERROR_METHOD_NOT_FOUND", "Method not found!")
        self.oauth.admit(asked.params.get("auth"))
        return Turn(self.oauth.user_id, self.oauth.scopes, self.oauth.client_id), name

    def _classic(self, name: str, params: dict[str, Any], turn: Turn, turns: list[Turn]) -> dict[str, Any]:
        began = self.clock()
        if name.lower() == "batch":
            turn.method = "batch"

            def call(command: str, its: dict[str, Any]) -> object:
                nested = Turn(turn.user_id, turn.scopes, turn.application)
                turns.append(nested)
                return self._call(command, its, nested)

            return {"result": batch.run(params, call, self.note_refusal), "time": self._time(name, began)}
        result = self._call(name, params, turn)
        if isinstance(result, Listed):
            counts = {"total": result.total, "next": result.next}
            known = {key: value for key, value in counts.items() if value is not None}
            return {"result": result.result, **known, "time": self._time(name, began)}
        return {"result": result, "time": self._time(name, began)}

    def _call(self, name: str, params: dict[str, Any], turn: Turn) -> object:
        """One method, alone or out of a batch. Raises Refused."""
        found = self.methods.get(name.lower())
        turn.method = found[0].name if found else name
        if found is None:
            raise Refused(404, "ERROR_METHOD_NOT_FOUND", "Method not found!")
        about, handler = found
        if about.scopes and not turn.scopes.intersection(about.scopes):
            text = "The request requires higher privileges than provided by the access token"
            raise Refused(self.insufficient_scope_status, "insufficient_scope", text)
        if about.application_only and turn.application is None:
            raise Refused(403, "WRONG_AUTH_TYPE", "Current authorization type is denied for this method")
        self.operating.spend(name)
        given = {key.upper(): value for key, value in params.items()} if about.any_case else params
        vain = [(about.name, key) for key in given if key not in about.takes and key.lower() != "auth"]
        self.ignored += vain
        return handler(given, turn)

    def _rest3(self, asked: Asked, turns: list[Turn]) -> Reply:
        turn, name = self._admitted(asked, asked.path.removeprefix("/rest/api/"))
        turn.method = name
        if not self.tasks.has_rest3 or name.lower() != "tasks.task.add":
            error = Refused(404, "ERROR_METHOD_NOT_FOUND", "Method not found!")
            if self.tasks.has_rest3:
                raise error
            return Reply(404, error.body, {"Content-Type": "application/json"})  # asking is how one finds out
        if "task" not in turn.scopes:
            raise Refused(403, "BITRIX_REST_V3_EXCEPTION_INSUFFICIENTSCOPEEXCEPTION", "Insufficient scope")
        turns.append(turn)
        began = self.clock()
        result, headers = self.tasks.add3(asked, turn)
        body = {"result": result, "time": self._time(name, began)}
        return Reply(200, body, {"Content-Type": "application/json", **headers})

    def _time(self, method: str, began: float) -> dict[str, Any]:
        now = self.clock()
        dates = {"date_start": _local(began), "date_finish": _local(now)}
        spent = {"duration": now - began, "processing": now - began, "operating": self.operating.operating(method)}
        return {"start": began, "finish": now, **spent, **dates, "operating_reset_at": self.operating.resets_at(method)}


def _local(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).astimezone(ZONE).isoformat(timespec="seconds")

"""A CRM of our own for the demo and the tests: it receives what the `webhook` connector sends, and counts.

Source: Standard Webhooks, "Specification" (headers, signed content, tolerance).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Literal, Self

from flask import Response, request
from flask.typing import ResponseReturnValue
from pydantic import BaseModel, ConfigDict, Field

from bridge.greenapi.standin.loopback import Entry, Faults, Loopback, unanswered

PING = "ringbridge.ping"
_TOLERANCE = 300  # seconds; a signature is good for no longer

Mode = Literal["refuse", "hang", "apply_then_hang", "apply_then_drop", "drop", "forget", "twice"]


class Fault(BaseModel):
    """What a hook does wrong, for the next `count` requests or, with None, until a count of 0 clears it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    type: str | None = None  # only messages of this type, such as `call.missed`
    mode: Mode = "refuse"
    count: int | None = Field(None, ge=0)
    status: int = Field(503, ge=200, le=599)  # of `refuse`
    retry_after: int | str | None = None  # of `refuse`
    seconds: float = Field(1.0, ge=0)  # of `hang` and `apply_then_hang`

    def answer(self) -> Response:
        """The refusal."""
        headers = {} if self.retry_after is None else {"Retry-After": str(self.retry_after)}
        return Response("not now\n", self.status, headers, content_type="text/plain")


class Crm:
    """Keeps one record for each `webhook-id` that arrives at `POST /hooks/<name>`; the first one wins.

    `secrets` are `whsec_…` by name of the hook; a hook without one takes unsigned requests. Records outlive
    `stop()` and a new `start()`.
    """

    def __init__(self, secrets: Mapping[str, str] | None = None, *, log: Path | None = None) -> None:
        self._keys = {name: _key(secret) for name, secret in (secrets or {}).items()}
        self._faults: Faults[Fault] = Faults()
        self._records: list[Entry] = []
        self._kept: set[tuple[str, str]] = set()
        self._hanging = 0
        self._lock = threading.Lock()
        self.url = ""
        self._loopback = Loopback(__name__, log)
        self.log = self._loopback.log
        app = self._loopback.app
        app.add_url_rule("/hooks/<path:name>", view_func=self._hook, methods=["POST"])
        app.add_url_rule("/standin/faults", view_func=self._set_fault, methods=["POST"])
        app.add_url_rule("/standin/records", view_func=self._list_records)
        app.add_url_rule("/standin/hanging", view_func=lambda: {"hanging": self.hanging}, endpoint="hanging")

    def start(self, port: int = 0) -> str:
        """Serve on 127.0.0.1; returns the URL, to which `/hooks/<name>` is added."""
        self.url = self._loopback.start(port)
        return self.url

    def stop(self) -> None:
        """End like a process that is killed: what hangs gets no answer."""
        self._loopback.stop()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def fault(self, fault: Fault) -> None:
        """Let a hook go wrong; the newest fault of a hook replaces the one before."""
        self._faults.set(_fault_key(fault.name, fault.type), fault, fault.count)

    def records(self, after: int = 0) -> list[Entry]:
        """What was kept but for the first `after`, oldest first: `at name webhook_id type body`."""
        with self._lock:
            return self._records[after:]

    @property
    def hanging(self) -> int:
        """How many requests have arrived and hang."""
        with self._lock:
            return self._hanging

    def _set_fault(self) -> ResponseReturnValue:
        self.fault(Fault.model_validate_json(request.get_data()))
        return {"set": True}

    def _list_records(self) -> ResponseReturnValue:
        return self.records(after=request.args.get("after", 0, int))

    def _hook(self, name: str) -> ResponseReturnValue:
        arrival = _Arrival.of(name)
        objection = self._objection(arrival)
        if objection is not None:
            status, reason = objection
            return self._answer(arrival, Response(f"{reason}\n", status, content_type="text/plain"))
        fault = self._faults.take(_fault_key(name, arrival.type)) or self._faults.take(_fault_key(name, None))
        return self._apply(arrival) if fault is None else self._go_wrong(arrival, fault)

    def _objection(self, arrival: _Arrival) -> tuple[int, str] | None:
        key = self._keys.get(arrival.name)
        if key is not None and not _is_signed(arrival, key):
            return 401, "The signature does not fit, or is too old."
        if not arrival.webhook_id or arrival.type is None:
            return 400, "A webhook-id and a JSON object with a type are needed."
        return None

    def _go_wrong(self, arrival: _Arrival, fault: Fault) -> Response:
        match fault.mode:
            case "refuse":
                return self._answer(arrival, fault.answer())
            case "drop":
                return self._answer(arrival, None)
            case "forget":
                return self._answer(arrival, _thanks())
            case "hang":
                killed = self._hang(fault.seconds)
                return self._answer(arrival, None) if killed else self._apply(arrival)
            case "apply_then_hang":
                thanks = self._apply(arrival)
                self._hang(fault.seconds)
                return thanks
            case "apply_then_drop":
                return self._apply(arrival, answered=False)
            case "twice":
                return self._apply(arrival, copies=2)

    def _hang(self, seconds: float) -> bool:
        with self._lock:
            self._hanging += 1
        killed = self._loopback.stopping.wait(seconds)
        with self._lock:
            self._hanging -= 1
        return killed

    def _apply(self, arrival: _Arrival, *, copies: int = 1, answered: bool = True) -> Response:
        """Keep the record unless there is one. The log tells of it before the answer leaves."""
        with self._lock:
            key = (arrival.name, arrival.webhook_id)
            repeat = key in self._kept
            if arrival.type != PING and (copies > 1 or not repeat):
                self._kept.add(key)
                self._records += [arrival.record()] * copies
                return self._answer(arrival, _thanks() if answered else None, kept=copies, repeat=repeat)
            return self._answer(arrival, _thanks() if answered else None, repeat=repeat)

    def _answer(self, arrival: _Arrival, answer: Response | None, *, kept: int = 0, repeat: bool = False) -> Response:
        self.log.add(
            name=arrival.name,
            webhook_id=arrival.webhook_id,
            type=arrival.type,
            applied=kept > 0,
            kept=kept,
            repeat=repeat,
            answer=None if answer is None else answer.status_code,
        )
        return unanswered() if answer is None else answer


@dataclass(frozen=True, slots=True)
class _Arrival:
    """One request to a hook. `type` is None where the body is not a JSON object with a type."""

    name: str
    webhook_id: str
    timestamp: str
    signatures: str
    raw: bytes
    body: object
    type: str | None

    @classmethod
    def of(cls, name: str) -> Self:
        header = request.headers.get
        raw = request.get_data()
        try:
            body = json.loads(raw)
        except ValueError:
            body = None
        kind = body.get("type") if isinstance(body, dict) else None
        return cls(
            name=name,
            webhook_id=header("webhook-id", ""),
            timestamp=header("webhook-timestamp", ""),
            signatures=header("webhook-signature", ""),
            raw=raw,
            body=body,
            type=kind if isinstance(kind, str) else None,
        )

    def record(self) -> Entry:
        return {
            "at": time.time(),
            "name": self.name,
            "webhook_id": self.webhook_id,
            "type": self.type,
            "body": self.body,
        }


def _fault_key(name: str, kind: str | None) -> str:
    return f"{name} {kind}" if kind else name


def _thanks() -> Response:
    return Response(status=200)


def _key(secret: str) -> bytes:
    return base64.b64decode(secret.removeprefix("whsec_"), validate=True)


def _is_signed(arrival: _Arrival, key: bytes) -> bool:
    """Whether one of the signatures is ours, over these very bytes, and not from another hour."""
    if not arrival.timestamp.isdecimal() or abs(time.time() - int(arrival.timestamp)) > _TOLERANCE:
        return False
    signed = f"{arrival.webhook_id}.{arrival.timestamp}.".encode() + arrival.raw
    expected = b"v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest())
    return any(hmac.compare_digest(expected, given.encode()) for given in arrival.signatures.split())

"""Requests and answers of the REST interface as they stand on the wire, and PHP's ways with names and lists."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from requests import PreparedRequest

PAGE = 50
HTML = "<html><body><h1>502 Bad Gateway</h1></body></html>"


class Refused(Exception):
    """The portal's answer to what it does not accept."""

    def __init__(self, status: int, code: str, description: str) -> None:
        super().__init__(f"{status} {code} {description}")
        self.status, self.code, self.description = status, code, description

    @property
    def body(self) -> dict[str, Any]:
        return {"error": self.code, "error_description": self.description}


@dataclass(frozen=True, slots=True)
class Asked:
    """One HTTP request, taken apart."""

    verb: str
    scheme: str
    host: str
    path: str
    params: dict[str, Any]
    headers: Mapping[str, str]
    malformed: bool = False


@dataclass(frozen=True, slots=True)
class Listed:
    """One page of a list: `total` and `next` stand beside the result."""

    result: object
    total: int | None
    next: int | None


def words(text: str) -> frozenset[str]:
    """Names of fields and the like, written as one line."""
    return frozenset(text.split())


def take_apart(request: PreparedRequest) -> Asked:
    """A JSON body that comes with GET is ignored, as the real thing does."""
    address = urlsplit(str(request.url))
    params, malformed = from_query(address.query), False
    body = request.body or b""
    text = body.decode() if isinstance(body, bytes) else str(body)
    if request.method == "POST" and text:
        if "json" in request.headers.get("Content-Type", ""):
            sent = _parsed(text)
            malformed = not isinstance(sent, dict)
            params |= {} if malformed else sent
        else:
            params |= from_query(text)
    verb = request.method or ""
    return Asked(verb, address.scheme, address.hostname or "", address.path, params, request.headers, malformed)


def _parsed(text: str) -> object:
    try:
        return json.loads(text)
    except ValueError:
        return None


def from_query(text: str) -> dict[str, Any]:
    """`filter[ID]=5&select[]=ID` as PHP reads it: nested maps, and lists where the keys count from nought."""
    read: dict[str, Any] = {}
    for name, value in parse_qsl(text, keep_blank_values=True):
        first, *rest = [name.split("[")[0], *re.findall(r"\[([^\]]*)\]", name)]
        _put(read, [first, *rest], value)
    return {name: as_php(value) for name, value in read.items()}


def _put(into: dict[str, Any], path: list[str], value: str) -> None:
    key, *rest = path
    key = key or str(len(into))
    if not rest:
        into[key] = value
        return
    inner = into.get(key)
    if not isinstance(inner, dict):
        inner = into[key] = {}
    _put(inner, rest, value)


def as_php(value: object) -> Any:
    """What PHP writes as JSON for this array: a list where its keys are 0, 1, 2 …, and so `[]` where it is empty."""
    if not isinstance(value, dict):
        return value
    inner = {str(key): as_php(one) for key, one in value.items()}
    return list(inner.values()) if list(inner) == [str(number) for number in range(len(inner))] else inner


def paged(rows: list[Any], start: object, wrap: str | None = None) -> Listed:
    """One page of the rows. `start=-1` asks for no counting."""
    begin = number(start) or 0
    uncounted = begin == -1
    begin = max(begin, 0)
    page: Any = rows[begin : begin + PAGE]
    more = begin + PAGE if begin + PAGE < len(rows) and not uncounted else None
    return Listed({wrap: page} if wrap else page, None if uncounted else len(rows), more)


def number(value: object) -> int | None:
    """An id as it may be written, 5 or "5"; None for anything else."""
    if isinstance(value, bool):
        return None
    text = str(value)
    return int(text) if re.fullmatch(r"-?\d+", text) else None


def moment(value: object) -> datetime | None:
    """An ISO 8601 date and time with its offset: without one the portal would take it to be in its own zone."""
    try:
        read = datetime.fromisoformat(str(value))
    except ValueError:
        return None
    return read if read.tzinfo else None


def required(params: Mapping[str, Any], *names: str) -> None:
    for name in names:
        if params.get(name) in (None, ""):
            raise Refused(400, "100", f"Could not find value for parameter {{{name}}}")

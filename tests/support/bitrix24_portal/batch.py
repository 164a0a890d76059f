"""Several commands in one request: the status is 200 even where all of them fail."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from bitrix24_portal.wire import Listed, Refused, from_query

MOST = 50
_REFERENCE = re.compile(r"\$result((?:\[[^\]]*\])+)")

Call = Callable[[str, dict[str, Any]], object]


def run(params: dict[str, Any], call: Call, note: Callable[[str, Refused], None]) -> dict[str, Any]:
    """The answer to `{"halt": 0, "cmd": {name: "method?query"}}`."""
    commands = params.get("cmd")
    if isinstance(commands, list):
        commands = {str(number): command for number, command in enumerate(commands)}
    done: dict[str, Any] = {}
    errors: dict[str, Any] = {}
    totals: dict[str, Any] = {}
    further: dict[str, Any] = {}
    for position, (name, command) in enumerate((commands or {}).items()):
        method, _, query = str(command).partition("?")
        try:
            if position >= MOST:
                raise Refused(400, "ERROR_BATCH_LENGTH_EXCEEDED", "Max batch length exceeded")
            if method.lower() == "batch":
                raise Refused(400, "ERROR_BATCH_METHOD_NOT_ALLOWED", "Method is not allowed for batch usage")
            result = call(method, _resolved(from_query(query), done))
        except Refused as refused:
            if refused.code != "OPERATION_TIME_LIMIT":
                note(method, refused)
            errors[name] = refused.body
            if str(params.get("halt", 0)) in ("1", "True", "true"):
                break
            continue
        if isinstance(result, Listed):
            totals |= {name: result.total} if result.total is not None else {}
            further |= {name: result.next} if result.next is not None else {}
            result = result.result
        done[name] = result
    parts = {"result": done, "result_error": errors, "result_total": totals, "result_next": further, "result_time": {}}
    return {key: as_list_or_map(value) for key, value in parts.items()}


def as_list_or_map(value: dict[str, Any]) -> Any:
    """Names that count from nought make a list, as PHP's arrays do; what is inside stays as it is."""
    keys = [str(number) for number in range(len(value))]
    return list(value.values()) if list(value) == keys else value


def _resolved(value: Any, done: dict[str, Any]) -> Any:
    if isinstance(value, dict):
        return {key: _resolved(one, done) for key, one in value.items()}
    if isinstance(value, list):
        return [_resolved(one, done) for one in value]
    return _REFERENCE.sub(lambda found: _looked_up(found[1], done), str(value))


def _looked_up(path: str, done: Any) -> str:
    at = done
    for key in re.findall(r"\[([^\]]*)\]", path):
        if isinstance(at, list):
            at = at[int(key)] if key.isdigit() and int(key) < len(at) else None
        else:
            at = at.get(key) if isinstance(at, dict) else None
    return "" if at is None else str(at)

"""Logging: constant messages, variables as fields; one readable line in development, JSON in production.

Everything that this process says goes through one handler, which cuts secrets out and masks phones: our own lines,
those of libraries, Python's warnings, and errors that nobody caught.
"""

from __future__ import annotations

import json
import logging
import re
import sys
import threading
import time
from types import TracebackType
from typing import Any, Literal

from bridge.redaction import redacted

log = logging.getLogger(__name__)

_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
# These print addresses or whole requests below WARNING, and GREEN-API's and some CRMs' addresses hold their secrets.
_TALKATIVE = ("urllib3", "requests", "werkzeug", "waitress.queue", "kombu", "amqp", "celery", "alembic")
# Where a library writes down a stack or a request by itself, line ends and all.
_LINES = re.compile(r"\r\n|[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]")


def configure(level: str, form: Literal["text", "json"]) -> None:
    """Send everything that this process has to say to stderr in the given form."""
    handler = logging.StreamHandler()
    handler.setFormatter(_Json() if form == "json" else _Text())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(logging.WARNING)
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)
    logging.captureWarnings(capture=True)
    sys.excepthook = _uncaught
    sys.unraisablehook = _unraisable
    threading.excepthook = _uncaught_in_thread


def _uncaught(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    if issubclass(kind, Exception):
        log.critical("this process ends by an error that nobody expected", exc_info=(kind, error, trace))
    else:
        sys.__excepthook__(kind, error, trace)


def _unraisable(unraisable: sys.UnraisableHookArgs) -> None:
    error = unraisable.exc_value
    log.error("an error could not be passed on", exc_info=error and (type(error), error, unraisable.exc_traceback))


def _uncaught_in_thread(arguments: threading.ExceptHookArgs) -> None:
    error, name = arguments.exc_value, arguments.thread.name if arguments.thread else None
    if isinstance(error, Exception):
        trace = (type(error), error, arguments.exc_traceback)
        log.critical("a thread ended by an error that nobody expected", exc_info=trace, extra={"thread_name": name})


def _fields(record: logging.LogRecord) -> dict[str, object]:
    return {key: value for key, value in vars(record).items() if key not in _STANDARD}


def _stamp(record: logging.LogRecord) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created)) + f".{int(record.msecs):03d}Z"


def _traced(record: logging.LogRecord) -> str:
    trace = logging.Formatter().formatException(record.exc_info) if record.exc_info else record.exc_text or ""
    return f"{trace}\n{record.stack_info}" if record.stack_info else trace


def _said(record: logging.LogRecord) -> str:
    try:
        return record.getMessage()
    except Exception:  # noqa: BLE001  a library's mistake must not make `logging` print the record, secrets and all
        return f"{record.msg} (its arguments do not fit)"


def _escaped(line: str) -> str:
    return line if line.isprintable() else line.encode("unicode_escape").decode()


class _Text(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        fields = " ".join(f"{key}={value}" for key, value in _fields(record).items())
        line = f"{_stamp(record)} {record.levelname:<7} {_said(record)}" + (f"  {fields}" if fields else "")
        lines = [line, *(f"  {line}" for line in _LINES.split(_traced(record)) if line)]
        # Strangers choose some of the values: nothing of theirs may start a line of its own.
        return "\n".join(_escaped(redacted(line)) for line in lines)


class _Json(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "at": _stamp(record),
            "level": record.levelname,
            "message": _said(record),
            "logger": record.name,
            **_fields(record),
        }
        if trace := _traced(record):
            line["exception"] = trace
        return json.dumps({key: _clean(value) for key, value in line.items()}, default=str)


def _clean(value: object) -> object:
    return value if value is None or isinstance(value, bool | int | float) else redacted(str(value))

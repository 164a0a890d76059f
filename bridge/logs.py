"""Logging: constant messages, variables as fields; one readable line in development, JSON in production."""

from __future__ import annotations

import json
import logging
import re
import time
from typing import Literal

_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
# These print addresses or whole requests below WARNING, and GREEN-API's and some CRMs' addresses hold their secrets.
_TALKATIVE = ("urllib3", "requests", "werkzeug", "waitress.queue", "kombu", "amqp", "celery", "alembic")
# The secrets that stand in addresses, wherever a library may have put one into a message.
_SECRETS = re.compile(r"(waInstance\d+/\w+/|/rest/\d+/|authorization\W+(?:bearer |basic )?)[^\s/\"'\\]+", re.IGNORECASE)


def configure(level: str, form: Literal["text", "json"]) -> None:
    """Send every log line of this process to stderr in the given form."""
    handler = logging.StreamHandler()
    handler.setFormatter(_Json() if form == "json" else _Text())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(logging.WARNING)
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)


def _fields(record: logging.LogRecord) -> dict[str, object]:
    return {key: value for key, value in vars(record).items() if key not in _STANDARD}


def _stamp(record: logging.LogRecord) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created)) + f".{int(record.msecs):03d}Z"


def _traced(record: logging.LogRecord) -> str:
    return logging.Formatter().formatException(record.exc_info) if record.exc_info else ""


def _escaped(line: str) -> str:
    return line if line.isprintable() else line.encode("unicode_escape").decode()


def _redacted(text: str) -> str:
    return _SECRETS.sub(r"\1…", text)


class _Text(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        fields = " ".join(f"{key}={value}" for key, value in _fields(record).items())
        line = f"{_stamp(record)} {record.levelname:<7} {record.getMessage()}" + (f"  {fields}" if fields else "")
        lines = [line, *(f"  {line}" for line in _traced(record).splitlines())]
        # Strangers choose some of the values: nothing of theirs may start a line of its own.
        return _redacted("\n".join(_escaped(line) for line in lines))


class _Json(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, object] = {
            "at": _stamp(record),
            "level": record.levelname,
            "message": record.getMessage(),
            "logger": record.name,
            **_fields(record),
        }
        if record.exc_info:
            line["exception"] = _traced(record)
        return _redacted(json.dumps(line, default=str))

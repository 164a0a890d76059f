"""What the API answers when it does as asked: JSON in the shapes of `--json`, and the way to what follows."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from flask import Response, request

from bridge.listing import Shown


@dataclass(frozen=True, slots=True)
class Reply:
    """A value to be sent; None for no content."""

    value: Any
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)

    def answer(self) -> Response:
        """The same as an HTTP answer."""
        if self.value is None:
            return Response(status=self.status, headers=self.headers)
        return Response(dumped(self.value), self.status, self.headers, content_type="application/json")


def page(rows: Sequence[Shown], limit: int) -> Reply:
    """The first of `rows`, of which one more was read than is asked for: that one says that there is a next page."""
    last = str(rows[limit - 1]["id"]) if len(rows) > limit else None
    return Reply(list(rows[:limit]), headers=following(last))


def following(after: str | None) -> dict[str, str]:
    """The header that leads to what follows `after`, where anything does."""
    if after is None:
        return {}
    query = [(name, value) for name, value in request.args.items(multi=True) if name != "after"]
    return {"Link": f'<{request.path}?{urlencode([*query, ("after", after)])}>; rel="next"'}


def dumped(value: object) -> bytes:
    """UTF-8. Half a surrogate pair, which some old row may hold, stands as JSON's own escape of it."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False).encode("utf-8", "backslashreplace") + b"\n"

"""Filters and selections of the classic lists."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any

_PREFIX = re.compile(r"^(>=|<=|!=|!|=%|%=|@|%|=|>|<)?(.+)$")


def matches(
    row: Mapping[str, Any], wanted: object, known: Collection[str], ignored: list[tuple[str, str]] | None = None
) -> bool:
    """Whether a row fits. What cannot be filtered by is left out in silence, so that everything fits (a guess)."""
    if not isinstance(wanted, Mapping):
        return True
    for name, value in wanted.items():
        found = _PREFIX.match(str(name))
        prefix, field = (found[1] or "", found[2]) if found else ("", str(name))
        if field not in known:
            if ignored is not None and ("filter", field) not in ignored:
                ignored.append(("filter", field))
            continue
        if not _fits(prefix, row.get(field), value):
            return False
    return True


def _fits(prefix: str, held: object, value: object) -> bool:
    """Dates and numbers compare as texts: enough for the few that are asked for here."""
    if isinstance(held, list):
        return any(_fits(prefix, one.get("VALUE") if isinstance(one, dict) else one, value) for one in held)
    text, values = str(held or ""), [str(one) for one in value] if isinstance(value, list) else [str(value)]
    match prefix:
        case "!" | "!=":
            return text not in values
        case "%" | "=%" | "%=":
            return any(one.strip("%").lower() in text.lower() for one in values)
        case ">=":
            return text >= values[0]
        case "<=":
            return text <= values[0]
        case ">":
            return text > values[0]
        case "<":
            return text < values[0]
    return text in values


def chosen(row: Mapping[str, Any], select: object, hidden: Collection[str] = ()) -> dict[str, Any]:
    """The columns that were asked for; without a wish all but those that come by name only."""
    names = [str(name) for name in select] if isinstance(select, list) else []
    if not names or "*" in names:
        names += [name for name in row if name.isupper() and name not in hidden]
    return {name: row[name] for name in row if name in names or name == "ID"}

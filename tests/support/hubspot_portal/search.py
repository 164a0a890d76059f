"""The search, over what the index holds.

Source: https://developers.hubspot.com/docs/api-reference/search/guide
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from connectors.kit.testing import Reply
from hubspot_portal.definitions import Definition
from hubspot_portal.records import Properties, Record, Records
from hubspot_portal.refusals import Refused, envelope
from hubspot_portal.values import milliseconds

GROUPS, FILTERS, FILTERS_IN_ALL, SORTS, LIMIT, REACH, QUERY = 5, 6, 18, 1, 200, 10_000, 3000
_FIELDS = {"after", "filterGroups", "limit", "properties", "query", "sorts"}
_TEXT = ("firstname", "lastname", "email", "phone", "mobilephone", "company", "hs_call_title", "hs_task_subject")
_PSEUDO = "associations.contact"
_NO_VALUE = ("HAS_PROPERTY", "NOT_HAS_PROPERTY")
_OPERATORS = {
    *("EQ", "NEQ", "LT", "LTE", "GT", "GTE", "BETWEEN", "IN", "NOT_IN", "CONTAINS_TOKEN", "NOT_CONTAINS_TOKEN"),
    *_NO_VALUE,
}


def search(records: Records, kind: str, definitions: Mapping[str, Definition], asked: dict[str, Any]) -> Reply:
    """Answer a search."""
    _require(not asked.keys() - _FIELDS, f"unknown fields {sorted(asked.keys() - _FIELDS)}")
    groups = [group["filters"] for group in asked.get("filterGroups", [])]
    limit, after, query = asked.get("limit", 10), asked.get("after") or "0", asked.get("query", "")
    _require(len(groups) <= GROUPS, f"more than {GROUPS} filter groups")
    _require(all(0 < len(group) <= FILTERS for group in groups), f"no filter, or more than {FILTERS}, in a group")
    _require(sum(map(len, groups)) <= FILTERS_IN_ALL, f"more than {FILTERS_IN_ALL} filters")
    _require(len(asked.get("sorts", [])) <= SORTS, "more than one sort")
    _require(isinstance(limit, int) and 0 < limit <= LIMIT, f"a limit of {limit}")
    _require(re.fullmatch(r"\d+", str(after)) is not None, f"after {after}, which is not a number")
    _require(int(after) + limit <= REACH, f"results behind the first {REACH}")
    _require(len(query) <= QUERY, f"a query of more than {QUERY} characters")
    for one in (one for group in groups for one in group):
        _judge(one, definitions)
    _require(
        all(name in definitions for name in asked.get("properties", [])),
        f"unknown properties {asked.get('properties')}",
    )
    found = [
        (record, seen)
        for record, seen in records.indexed(kind)
        if _matches(groups, query, record, seen, records, definitions)
    ]
    _sort(found, asked.get("sorts", []), definitions)
    first = int(after)
    shown = [record.shown(asked.get("properties") or None, seen) for record, seen in found[first : first + limit]]
    following = {"paging": {"next": {"after": str(first + limit)}}} if first + limit < len(found) else {}
    return Reply(200, {"total": len(found), "results": shown, **following})


def _require(condition: bool, wrong: str) -> None:
    if not condition:  # the same words for everything: seen on live portals
        raise Refused(Reply(400, envelope("There was a problem with the request.", "VALIDATION_ERROR")), wrong)


def _judge(one: dict[str, Any], definitions: Mapping[str, Definition]) -> None:
    name, operator = one.get("propertyName"), one.get("operator")
    _require(name in definitions or name == _PSEUDO, f"a filter for {name}, which does not exist")
    _require(operator in _OPERATORS, f"the operator {operator}")
    _require(not one.keys() - {"propertyName", "operator", "value", "values", "highValue"}, f"a filter like {one}")
    if operator in _NO_VALUE:
        return
    given = one.get("values") if operator in ("IN", "NOT_IN") else [one.get("value")]
    strings = isinstance(given, list) and bool(given) and all(isinstance(value, str) for value in given)
    _require(strings, f"a filter for {name} without strings to look for")


def _matches(
    groups: list[list[dict[str, Any]]],
    query: str,
    record: Record,
    seen: Properties,
    records: Records,
    definitions: Mapping[str, Definition],
) -> bool:
    if query and not _mentions(seen, query):
        return False
    associated = records.associated(record, "contacts")
    return not groups or any(
        all(
            _holds(one, associated if one["propertyName"] == _PSEUDO else seen.get(one["propertyName"]), definitions)
            for one in group
        )
        for group in groups
    )


def _mentions(seen: Properties, query: str) -> bool:
    words = re.findall(r"\w+", " ".join(seen.get(name, "") for name in _TEXT).lower())
    return all(any(word.startswith(token) for word in words) for token in re.findall(r"\w+", query.lower()))


def _holds(one: dict[str, Any], held: str | list[str] | None, definitions: Mapping[str, Definition]) -> bool:
    operator = one["operator"]
    if operator in _NO_VALUE:
        return bool(held) == (operator == "HAS_PROPERTY")
    if isinstance(held, list):
        return one.get("value") in held
    if held is None:
        return operator in ("NEQ", "NOT_IN", "NOT_CONTAINS_TOKEN")
    kind = definitions[one["propertyName"]].type
    if operator in ("IN", "NOT_IN"):  # the values are compared as they are: upper case finds nothing
        return (held.lower() in one["values"]) == (operator == "IN")
    if "TOKEN" in operator:
        pattern = re.escape(one["value"].lower()).replace(r"\*", r"\w*")
        found = re.search(rf"(?<!\w){pattern}(?!\w)", held.lower()) is not None
        return found == (operator == "CONTAINS_TOKEN")
    return _compares(operator, _sortable(held, kind), one, kind)


def _compares(operator: str, held: float | str, one: dict[str, Any], kind: str) -> bool:
    wanted = _sortable(one["value"], kind)
    if operator == "BETWEEN":
        return wanted <= held <= _sortable(one["highValue"], kind)  # type: ignore[operator]
    return {
        # Another spelling of the same phone number is another text: guessed.
        "EQ": held == wanted,
        "NEQ": held != wanted,
        "LT": held < wanted,  # type: ignore[operator]
        "LTE": held <= wanted,  # type: ignore[operator]
        "GT": held > wanted,  # type: ignore[operator]
        "GTE": held >= wanted,  # type: ignore[operator]
    }[operator]


def _sortable(value: str, kind: str) -> float | str:
    try:
        if kind == "datetime":
            return milliseconds(value)
        return float(value) if kind == "number" else value.lower()
    except ValueError:
        _require(False, f"the value {value} for a {kind}")
        raise


def _sort(found: list[tuple[Record, Properties]], sorts: list[Any], definitions: Mapping[str, Definition]) -> None:
    for one in sorts:
        name = one["propertyName"] if isinstance(one, dict) else one.lstrip("-")
        down = one.get("direction", "ASCENDING") == "DESCENDING" if isinstance(one, dict) else one.startswith("-")
        _require(name in definitions, f"a sort by {name}, which does not exist")
        found.sort(key=lambda pair: (_sortable(pair[1].get(name, ""), "string"), int(pair[0].id)), reverse=down)

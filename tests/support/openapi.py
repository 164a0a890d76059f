"""What OpenAPI descriptions say of a request: its address, its query, and its body."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

# Where HubSpot's descriptions ask for more than the service does, by the name of the schema.
NOT_REQUIRED = {
    "PublicObjectSearchRequest": {"after", "filterGroups", "limit", "properties", "sorts"},
    "SimplePublicObjectInputForCreate": {"associations"},
    "BatchReadInputSimplePublicObjectId": {"properties", "propertiesWithHistory"},
    "PropertyCreate": set(),
}
LOOSE = {("PublicObjectSearchRequest", "sorts")}
"""Described as strings; the guide shows objects, and both are taken."""


class Descriptions:
    """All descriptions of one version in a folder."""

    def __init__(self, folder: Path, version: str) -> None:
        self._operations = [
            operation for file in sorted(folder.glob(f"*.{version}.json")) for operation in _operations(file)
        ]
        if not self._operations:
            raise FileNotFoundError(f"{folder} has no descriptions named *.{version}.json")

    def faults(self, method: str, path: str, query: dict[str, str], body: Any) -> list[str]:
        """What is wrong with a request by these descriptions, if anything is.

        Several may describe one address, each for another kind of object: the one that finds least is believed.
        """
        found = [one for one in self._operations if one.method == method and one.pattern.fullmatch(path)]
        # An address with its words written out is meant before one with a gap in their place.
        fewest = min((one.gaps for one in found), default=0)
        judged = [one.faults(query, body) for one in found if one.gaps == fewest]
        return min(judged, key=len, default=["there is no such address"])


class _Operation:
    def __init__(self, method: str, path: str, described: dict[str, Any], components: dict[str, Any]) -> None:
        self.method, self.gaps = method, path.count("{")
        self.pattern = re.compile(re.sub(r"\\{\w+\\}", "[^/]+", re.escape(path)))
        parameters = [one for one in described.get("parameters", []) if one["in"] == "query"]
        self._query = {one["name"] for one in parameters}
        self._demanded = {one["name"] for one in parameters if one.get("required")}
        content = described.get("requestBody", {}).get("content", {})
        schema = content.get("application/json", {}).get("schema")
        self._body = schema and Draft202012Validator({**schema, "components": components})

    def faults(self, query: dict[str, str], body: Any) -> list[str]:
        said = [f"the query has {name}, which is not described" for name in sorted(query.keys() - self._query)]
        said += [f"the query lacks {name}" for name in sorted(self._demanded - query.keys())]
        if self._body is None:
            return said + (["there is a body, and none is described"] if body is not None else [])
        return said + [f"{error.json_path}: {error.message}" for error in self._body.iter_errors(body)]


def _operations(file: Path) -> Iterator[_Operation]:
    document = json.loads(file.read_text())
    schemas = {name: _strict(name, one) for name, one in document["components"]["schemas"].items()}
    for path, methods in document["paths"].items():
        for method, described in methods.items():
            if isinstance(described, dict):
                yield _Operation(method.upper(), path, described, {"schemas": schemas})


def _strict(name: str, schema: dict[str, Any]) -> dict[str, Any]:
    """The schema without what the service does not demand, and with no room for fields that are not described."""
    if "properties" not in schema:
        return schema
    fields = {field: {} if (name, field) in LOOSE else one for field, one in schema["properties"].items()}
    needed = [field for field in schema.get("required", []) if field not in NOT_REQUIRED.get(name, ())]
    return {**schema, "properties": fields, "required": needed, "additionalProperties": False}

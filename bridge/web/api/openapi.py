"""The OpenAPI 3.1 document, drawn from the routes and their models: nothing of it is written by hand twice.

Source: https://spec.openapis.org/oas/v3.1.1.html
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from http import HTTPStatus
from importlib.metadata import version
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from bridge.web.api import problems, shapes
from bridge.web.api.examples import EXAMPLES
from bridge.web.api.routes import PREFIX, Nothing, Route

Json = dict[str, Any]

_REF = "#/components/schemas/{model}"
_SEGMENTS: dict[str, Json] = {
    "id": {"type": "integer", "minimum": 0, "maximum": 2**31 - 1},
    "name": {"type": "string", "pattern": "^[^/]+$", "minLength": 1, "maxLength": 80},
    "call": {"type": "string", "pattern": "^[A-Za-z0-9_-]{1,160}$"},
}
_MEANINGS = {
    "id": "The number that the list shows.",
    "name": "As the list shows it.",
    "call": "The id that the list shows, or GREEN-API's idMessage where only one call has it.",
}
_BAD = {
    400: "The body is not JSON, or broke off.",
    401: "No token that is known.",
    403: "An operator's token, where an administrator's is needed.",
    404: "There is no such thing.",
    409: "It stands in the way of something else; nothing was changed.",
    413: "The body is larger than 256 KiB.",
    415: "The body is not said to be JSON.",
    422: "Something in it cannot be meant; `errors` says what.",
    429: "Too much of this at once.",
    500: "Our mistake; the log says more.",
    503: "The store does not answer.",
}


@cache
def document(routes: tuple[Route[Any, Any], ...]) -> Json:
    """The whole document, for the routes in this order."""
    models = _models(routes)
    _, drawn = models_json_schema([(model, "validation") for model in models], ref_template=_REF)
    schemas: Json = {name: _tidy(schema) for name, schema in drawn["$defs"].items()}
    queries = {route.query.__name__ for route in routes}
    paths: dict[str, Json] = {}
    for route in routes:
        paths.setdefault(PREFIX + route.path, {})[route.method.lower()] = _operation(route, schemas)
    paths[f"{PREFIX}/openapi.json"] = {"get": _OWN}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Ringbridge",
            "version": version("ringbridge"),
            "description": "The nouns of the commands, for programs. JSON in the shapes of `--json`; times are UTC.",
        },
        "servers": [{"url": "/"}],
        "security": [{"bearer": []}],
        "paths": paths,
        "components": {
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer", "description": "Made by `ringbridge token add`."}
            },
            "schemas": {name: schema for name, schema in schemas.items() if name not in queries},
            "responses": {str(status): _problem(status) for status in _BAD},
        },
    }


def _models(routes: Iterable[Route[Any, Any]]) -> list[type[BaseModel]]:
    """Each once, so that the document is the same each time."""
    found: dict[type[BaseModel], None] = {shapes.Problem: None}
    for route in routes:
        for model in (route.gives, route.body, route.query):
            if model is not None and model is not Nothing:
                found[model] = None
    return list(found)


def _tidy(schema: Any) -> Any:  # noqa: ANN401  any JSON
    """The schema without titles, which repeat names, and without null as a default, which is how Python says absent."""
    if isinstance(schema, list):
        return [_tidy(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    tidy = {key: _tidy(value) for key, value in schema.items() if key != "title"}
    if "properties" in schema:  # a name there may be any of these words
        tidy["properties"] = {name: _tidy(one) for name, one in schema["properties"].items()}
    if tidy.get("default", 0) is None:
        del tidy["default"]
    return tidy


def _operation(route: Route[Any, Any], schemas: Json) -> Json:
    noun = route.path.split("/")[1]
    described: Json = {
        "operationId": f"{route.method.lower()}{route.path.replace('/{', '_').replace('}', '').replace('/', '_')}",
        "summary": route.summary,
        "description": f"For {'administrators' if route.role == 'administrator' else 'operators and administrators'}.",
        "tags": [noun],
        "parameters": [*_segments(route), *_parameters(route, schemas)],
        "responses": {
            str(route.status): _answer(route),
            **{str(status): {"$ref": f"#/components/responses/{status}"} for status in route.problems},
        },
    }
    if route.has_body:
        content: Json = {"schema": _reference(route.body)}
        if route.body.__name__ in EXAMPLES:
            content["example"] = EXAMPLES[route.body.__name__]
        described["requestBody"] = {"required": route.needs_body, "content": {"application/json": content}}
    return described


def _segments(route: Route[Any, Any]) -> list[Json]:
    return [
        {"name": name, "in": "path", "required": True, "description": _MEANINGS[name], "schema": schema}
        for name, schema in _SEGMENTS.items()
        if f"{{{name}}}" in route.path
    ]


def _parameters(route: Route[Any, Any], schemas: Json) -> list[Json]:
    """The fields of the query's model; null is how Python says that one is left out, and no query can."""
    found = []
    for name, schema in schemas.get(route.query.__name__, {}).get("properties", {}).items():
        described = {key: value for key, value in schema.items() if key not in ("anyOf", "description")}
        ways = [one for one in schema.get("anyOf", ()) if one != {"type": "null"}]
        described |= ways[0] if len(ways) == 1 else {"anyOf": ways} if ways else {}
        text = described.pop("description", schema.get("description", ""))
        found.append({"name": name, "in": "query", "required": False, "description": text, "schema": described})
    return found


def _answer(route: Route[Any, Any]) -> Json:
    described: Json = {"description": HTTPStatus(route.status).phrase}
    if route.gives is not None:
        one = _reference(route.gives)
        content: Json = {"schema": {"type": "array", "items": one} if route.many else one}
        if (example := EXAMPLES.get(route.gives.__name__)) is not None:
            content["example"] = [example] if route.many else example
        described["content"] = {"application/json": content}
    if "limit" in route.query.model_fields:
        described["headers"] = {"Link": _header('The way to what follows, as `<path>; rel="next"`; absent at the end.')}
    if route.status == HTTPStatus.CREATED and "{name}" not in route.path and route.gives is not None:
        described["headers"] = {"Location": _header("Where it can be read, for what can be read by itself.")}
    return described


def _problem(status: int) -> Json:
    described: Json = {
        "description": _BAD[status],
        "content": {problems.CONTENT_TYPE: {"schema": _reference(shapes.Problem)}},
    }
    if status == HTTPStatus.UNAUTHORIZED:
        described["headers"] = {"WWW-Authenticate": {**_header("The scheme that is wanted."), "required": True}}
    if status in (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE):
        described["headers"] = {"Retry-After": {**_header("Seconds."), "required": True}}
    return described


def _header(text: str) -> Json:
    return {"description": text, "schema": {"type": "string"}}


def _reference(model: type[BaseModel]) -> Json:
    return {"$ref": _REF.format(model=model.__name__)}


_OWN: Json = {
    "operationId": "get_openapi",
    "summary": "This document; needs no token",
    "tags": ["openapi"],
    "security": [],
    "responses": {
        "200": {"description": "OK", "content": {"application/json": {"schema": {"type": "object"}}}},
        **{str(status): {"$ref": f"#/components/responses/{status}"} for status in (500,)},
    },
}

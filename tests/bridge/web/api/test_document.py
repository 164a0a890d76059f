"""The document that describes the API holds every route, examples that fit, and the keys of the configuration file."""

from __future__ import annotations

import re

import pytest
from jsonschema import Draft202012Validator

from bridge import descriptions
from bridge.web.api import inputs, openapi
from bridge.web.api.examples import EXAMPLES
from bridge.web.api.table import ROUTES

on_sqlite = pytest.mark.parametrize("store", ["sqlite"], indirect=True)


@on_sqlite
def test_every_route_stands_in_the_document_and_nothing_else(app):
    document = app.test_client().get("/api/v1/openapi.json", buffered=True).json
    described = {(method.upper(), path) for path, one in document["paths"].items() for method in one}
    served = {
        (method, re.sub(r"<(?:[^:<>]+:)?(\w+)>", r"{\1}", rule.rule))
        for rule in app.url_map.iter_rules()
        for method in rule.methods - {"HEAD", "OPTIONS"}
        if rule.endpoint.startswith("api.")
    }

    assert described == served
    assert all("/api/" not in rule.rule for rule in app.url_map.iter_rules() if not rule.endpoint.startswith("api."))


def test_examples_fit_what_they_are_examples_of():
    schemas = openapi.document(ROUTES)["components"]["schemas"]
    assert EXAMPLES.keys() <= schemas.keys()
    for name, example in EXAMPLES.items():
        whole = {"$ref": f"#/components/schemas/{name}", "components": {"schemas": schemas}}
        Draft202012Validator(whole).validate(example)


def test_bodies_are_described_by_the_keys_of_the_configuration_file():
    assert inputs.InstanceNew.model_fields.keys() == descriptions._InstanceTable.model_fields.keys()
    assert inputs.ConnectionNew.model_fields.keys() == descriptions._ConnectionTable.model_fields.keys()
    assert inputs.Labels.model_fields.keys() == descriptions._Labels.model_fields.keys()

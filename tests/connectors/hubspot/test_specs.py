"""The spec checker finds what does not fit a description. The real descriptions are not kept here."""

from __future__ import annotations

import json

import pytest
from openapi import Descriptions

PATH = "/crm/objects/2026-09/{objectType}"
FIELDS = {"id": {"type": "string", "example": None}, "properties": {"type": "object"}}
DOCUMENT = {
    "paths": {
        f"{PATH}/batch/upsert": {
            "post": {
                "parameters": [{"name": "objectType", "in": "path", "required": True}],
                "requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Upsert"}}}},
            }
        },
        f"{PATH}/{{objectId}}": {"get": {"parameters": [{"name": "properties", "in": "query"}]}},
    },
    "components": {
        "schemas": {
            "Upsert": {
                "type": "object",
                "required": ["inputs"],
                "properties": {"inputs": {"type": "array", "items": {"$ref": "#/components/schemas/One"}}},
            },
            "One": {"type": "object", "required": ["id"], "properties": FIELDS},
        }
    },
}


@pytest.fixture
def descriptions(tmp_path):
    (tmp_path / "calls.2026-09.json").write_text(json.dumps(DOCUMENT))
    return Descriptions(tmp_path, "2026-09")


UPSERT = "/crm/objects/2026-09/calls/batch/upsert"


def test_a_request_that_fits_has_no_fault(descriptions):
    assert descriptions.faults("POST", UPSERT, {}, {"inputs": [{"id": "K1", "properties": {}}]}) == []
    assert descriptions.faults("GET", "/crm/objects/2026-09/calls/7", {"properties": "hs_call_status"}, None) == []


@pytest.mark.parametrize(
    ("method", "path", "query", "body", "fault"),
    [
        ("POST", UPSERT, {}, {}, "'inputs' is a required property"),
        ("POST", UPSERT, {}, {"inputs": [{"id": 7}]}, "$.inputs[0].id: 7 is not of type 'string'"),
        ("POST", UPSERT, {}, {"inputs": [], "input": 1}, "'input' was unexpected"),
        ("POST", UPSERT, {"archived": "true"}, {"inputs": []}, "archived, which is not described"),
        ("GET", "/crm/objects/2026-09/calls/7", {}, {"inputs": []}, "there is a body"),
        ("POST", "/crm/v3/objects/calls", {}, {}, "no such address"),
    ],
)
def test_a_request_that_does_not_fit_is_found(descriptions, method, path, query, body, fault):
    [found] = descriptions.faults(method, path, query, body)

    assert fault in found


def test_a_folder_without_descriptions_is_no_proof(tmp_path):
    with pytest.raises(FileNotFoundError):
        Descriptions(tmp_path, "2026-09")

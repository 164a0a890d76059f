"""A replay is as strict as a test should be."""

import json

import pytest

from connectors.kit import Rejected
from connectors.kit.testing import Recorded

ASK = {"method": "GET", "path": "/me", "status": 200, "body": {"id": 1}, "source": "captured 2026-11-20"}
SAY = {
    "method": "POST",
    "path": "/notes?notify=1",
    "status": 422,
    "body": "no",
    "headers": {"X-Request": "7"},
    "source": "https://crm.test/docs",
}


def test_exchanges_are_replayed_in_their_order(tmp_path):
    file = tmp_path / "note.json"
    file.write_text(json.dumps([ASK, SAY]))

    with Recorded.load(file) as crm:
        api = crm.http.at("https://crm.test")
        assert api.get("me", page=2) == {"id": 1}
        with pytest.raises(Rejected):
            api.post("notes", {"text": "hello"}, notify=1)

    assert [request.method for request in crm.sent] == ["GET", "POST"]
    assert crm.sent[1].body == b'{"text":"hello"}'


@pytest.mark.parametrize("path", ["you", "notes?notify=1"])
def test_a_request_that_is_not_expected_fails(path):
    with pytest.raises(AssertionError, match="Expected GET /me, got GET"), Recorded([ASK]) as crm:
        crm.http.at("https://crm.test").get(path)


def test_a_request_too_many_fails_even_where_the_connector_hides_it():
    crm = Recorded([])
    with pytest.raises(AssertionError):
        crm.http.at("https://crm.test").get("me")

    with pytest.raises(AssertionError, match="Expected no more requests, got GET /me"):
        crm.finish()


def test_a_query_counts_where_the_exchange_has_one():
    with pytest.raises(AssertionError, match="got POST /notes"), Recorded([SAY]) as crm:
        crm.http.at("https://crm.test").post("notes", {})


def test_a_request_that_never_comes_fails():
    with pytest.raises(AssertionError, match="Never asked: POST /notes"), Recorded([ASK, SAY]) as crm:
        crm.http.at("https://crm.test").get("me")


def test_an_exchange_without_a_source_is_none():
    with pytest.raises(ValueError, match="Exchange 1 does not say its source"):
        Recorded([{"method": "GET", "path": "/", "status": 200}])

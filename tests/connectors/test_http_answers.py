"""What an answer means: by its status, by what its connector reads in it, and by a body that cannot be read."""

import gzip

import pytest
from heads import take

from connectors.kit import RateLimited, Rejected, Retryable, Unauthorized
from connectors.kit.answers import Answer


@pytest.mark.parametrize(
    ("status", "headers", "kind", "said"),
    [
        ("301 Moved", ["Location: https://elsewhere.test/"], Rejected, {}),
        ("401 No", [], Unauthorized, {"gone": False}),
        ("403 No", [], Unauthorized, {"gone": False}),
        ("404 No", [], Rejected, {}),
        ("408 Slow", [], Retryable, {"sent": True}),
        ("422 No", [], Rejected, {}),
        ("429 Slow", ["Retry-After: 7"], RateLimited, {"retry_after": 7.0, "sent": False}),
        ("429 Slow", [], RateLimited, {"retry_after": None}),
        ("500 Oh", [], Retryable, {"sent": True}),
        ("503 Oh", [], Retryable, {"sent": True}),
        ("503 Oh", ["Retry-After: 9"], RateLimited, {"retry_after": 9.0, "sent": False}),
        ("599 Oh", [], Retryable, {"sent": True}),
    ],
)
def test_a_status_becomes_the_error_it_means(serve, http, answering, status, headers, kind, said):
    server = serve(answering(status, b"<h1>no</h1>", headers))

    with pytest.raises(kind) as caught:
        http().send("POST", server.url, json={})

    assert type(caught.value) is kind
    assert {name: getattr(caught.value, name) for name in said} == said


def test_a_redirect_is_explained_and_not_followed(serve, http, answering):
    server = serve(answering("302 Found", b"", ["Location: /elsewhere"]))

    with pytest.raises(Rejected, match="redirects are not followed: correct the address"):
        http().send("GET", server.url)

    assert server.accepted == 1


def test_a_connector_reads_an_answer_its_own_way_before_the_default(serve, http, answering):
    def classify(answer: Answer):
        return Rejected("No such portal.") if answer.json().get("error") else None

    server = serve(answering("200 OK", b'{"error": "NO_PORTAL"}'))

    with pytest.raises(Rejected, match="No such portal"):
        http().at(server.url, classify=classify).get("")


def test_the_status_decides_where_a_connector_cannot_read_the_answer(serve, http, answering):
    server = serve(answering("401 No", b"<html>"))

    with pytest.raises(Unauthorized):
        http().at(server.url, classify=lambda answer: answer.json() and None).get("")


def test_a_success_whose_body_is_no_json_was_done_and_has_to_be_looked_up(serve, http, answering):
    server = serve(answering("200 OK", b"<html>welcome"))
    client = http()

    with pytest.raises(Retryable, match="not JSON") as caught:
        client.at(server.url).post("notes", {})

    assert caught.value.sent
    assert client.send("POST", server.url).status == 200, "whoever needs no body is content"


def test_a_compressed_answer_is_read(serve, http, answering):
    server = serve(answering("200 OK", gzip.compress(b'{"a": 1}'), ["Content-Encoding: gzip"]))

    assert http().send("GET", server.url).json() == {"a": 1}


def test_a_body_that_grows_beyond_the_limit_is_given_up(serve, http, answering):
    bomb = gzip.compress(bytes(50_000_000))
    server = serve(answering("200 OK", bomb, ["Content-Encoding: gzip"]))

    answer = http(body=100_000).send("GET", server.url)

    assert answer.body == b""
    with pytest.raises(Retryable, match="larger than 100000 bytes") as caught:
        answer.json()
    assert caught.value.sent


def test_what_is_left_of_a_large_answer_does_not_meet_the_next_request(serve, http, answering):
    server = serve(answering("200 OK", b"x" * 500_000))
    client = http(body=100_000)

    assert [client.send("GET", server.url).fault is None for _ in range(2)] == [False, False]
    assert server.accepted == 2


def test_a_truncated_answer_was_done(serve, http):
    def talk(connection, server):
        take(connection)
        connection.sendall(b'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"id":')

    server = serve(talk)

    with pytest.raises(Retryable, match="broke off") as caught:
        http().at(server.url).post("", {})

    assert caught.value.sent

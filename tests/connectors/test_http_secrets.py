"""Errors hold nothing of an address but its host, and nothing of a header or a body."""

import traceback

import pytest
from heads import take

from connectors.kit import Rejected, Retryable, Unauthorized
from connectors.kit.answers import Unreadable

SECRET = "s3cr3tpath"


def everything_said_by(error):
    return "".join([*traceback.format_exception(error), repr(error), str(error), error.reason])


def test_a_header_that_cannot_be_sent_is_refused_without_being_shown(serve, http, answering):
    server = serve(answering())

    for value in (f"{SECRET}\r\nX: 1", f"{SECRET}ключ"):
        with pytest.raises(Rejected) as caught:
            http().send("GET", server.url, headers={"Authorization": value})
        assert SECRET not in everything_said_by(caught.value)


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ("refused", Retryable),
        ("reset", Retryable),
        ("late", Retryable),
        ("401", Unauthorized),
        ("redirect", Rejected),
        ("unreadable", Unreadable),
        ("private", Rejected),
    ],
)
def test_errors_hold_nothing_of_the_address_but_its_host(serve, http, answering, fault, error):
    talks = {
        "reset": lambda connection, server: take(connection),
        "late": lambda connection, server: server.wait(5),
        "401": answering("401 No"),
        "redirect": answering("302 Found", b"", [f"Location: https://x.test/{SECRET}"]),
        "unreadable": answering("200 OK", SECRET.encode()),
    }
    server = serve(talks.get(fault, answering()))
    client = http(**{"private": {"allowed": []}, "late": {"total": 1.0}}.get(fault, {}))
    if fault == "refused":
        server.close()

    with pytest.raises(error) as caught:
        client.at(f"{server.url}/rest/1/{SECRET}/", auth=("ann", SECRET)).post(
            "call", {"token": SECRET}, {"X-Token": SECRET}, token=SECRET
        )

    assert type(caught.value) is error
    assert "127.0.0.1" in caught.value.reason
    assert SECRET not in everything_said_by(caught.value)
    assert caught.value.__context__ is None

"""The server of `up`, as browsers meet it."""

from __future__ import annotations

import http.client
import threading

import pytest
from flask import Flask, Response

from bridge.web.server import create, port_of


@pytest.fixture
def line():
    """One connection to a server whose every answer is a 304."""
    app = Flask("unchanged")
    app.add_url_rule("/", view_func=lambda: Response(status=304))
    server = create(app, "127.0.0.1", 0)
    thread = threading.Thread(target=server.run)
    thread.start()
    connection = http.client.HTTPConnection("127.0.0.1", port_of(server), timeout=10)
    yield connection
    connection.close()
    server.close()
    server.asyncore.close_all(server._map)
    thread.join()
    server.task_dispatcher.shutdown()


def ask(line, **headers):
    line.request("GET", "/", headers=headers)
    answer = line.getresponse()
    answer.read()
    return answer


def test_a_line_is_kept_after_an_answer_that_nothing_has_changed(line):
    line.connect()
    socket = line.sock
    assert [ask(line).status for _ in range(3)] == [304] * 3
    assert line.sock is socket


def test_a_line_is_closed_where_that_is_asked_for(line):
    assert ask(line, Connection="close").headers["Connection"] == "close"
    assert line.sock is None

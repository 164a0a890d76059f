"""The door through a real server, as `ringbridge up` runs it."""

from __future__ import annotations

import json
import socket
import threading
from contextlib import ExitStack

import pytest
from desk import notification
from door import PATH, TOKEN
from waitress import wasyncore

from bridge.web import create_app
from bridge.web.server import create, port_of

MIB = 1024 * 1024
on_sqlite = pytest.mark.parametrize("store", ["sqlite"], indirect=True)


@pytest.fixture
def port(service):
    server = create(create_app(service), "127.0.0.1", 0)
    thread = threading.Thread(target=server.run)
    thread.start()
    yield server.effective_port
    server.trigger.pull_trigger(lambda: wasyncore.close_all(server._map))
    thread.join(10)
    server.task_dispatcher.shutdown()


def talk(port, head: str, body: bytes = b"", token=TOKEN) -> tuple[int, bytes]:
    """Status and head of the answer to one request, written out as it goes over the wire."""
    authorization = f"Authorization: {token}\r\n" if token else ""
    with socket.create_connection(("127.0.0.1", port), timeout=20) as line:
        line.sendall(f"{head}\r\nHost: x\r\nConnection: close\r\n{authorization}".encode())
        line.sendall(body)
        answer = b"".join(iter(lambda: line.recv(65536), b""))
    return int(answer.split(b" ", 2)[1]), answer


def sized(body: bytes) -> bytes:
    return f"Content-Length: {len(body)}\r\n\r\n".encode() + body


def chunked(body: bytes, size=65536) -> bytes:
    pieces = [body[start : start + size] for start in range(0, len(body), size)]
    return (
        b"Transfer-Encoding: chunked\r\n\r\n" + b"".join(b"%x\r\n%s\r\n" % (len(p), p) for p in pieces) + b"0\r\n\r\n"
    )


@on_sqlite
@pytest.mark.parametrize("coding", ["gzip", "chunked, x", "chunked\x0b", "identity"])
def test_a_coding_that_nobody_knows_is_no_error_of_ours(port, coding):
    assert talk(port, f"POST {PATH} HTTP/1.1\r\nTransfer-Encoding: {coding}", b"\r\n{}")[0] == 400


EXACTLY = 16 * MIB - len(json.dumps(notification()))


@on_sqlite
@pytest.mark.parametrize("framed", [sized, chunked])
@pytest.mark.parametrize(
    ("size", "token", "status"),
    [(0, TOKEN, 200), (0, None, 401), (300_000, TOKEN, 200), (300_000, None, 401), (17 * MIB, TOKEN, 413),
     (17 * MIB, "no", 401), (EXACTLY, TOKEN, 200), (EXACTLY + 1, TOKEN, 413), (EXACTLY + 1, None, 401)],
)  # fmt: skip
def test_a_server_judges_the_token_before_the_size(port, framed, size, token, status):
    body = json.dumps(notification()).encode()

    assert talk(port, f"POST {PATH} HTTP/1.1", framed(body + b" " * size), token)[0] == status


@on_sqlite
@pytest.mark.parametrize(
    ("head", "status"),
    [
        (f"GET {PATH} HTTP/1.1", 405),
        (f"OPTIONS {PATH}/ HTTP/1.1", 405),
        (f"BREW {PATH} HTTP/1.1", 405),
        (f"POST {PATH}/ HTTP/1.1", 200),
        (f"POST {PATH} HTTP/1.0", 200),
        (f"POST http://elsewhere{PATH} HTTP/1.1", 200),
        (f"POST {PATH}%00 HTTP/1.1", 404),
        (f"POST {PATH}%ff HTTP/1.1", 404),
        (f"POST {PATH} HTTP/1.1\r\nHost: [::", 200),
        (f"POST {PATH} HTTP/1.1\r\nContent-Type: multipart/form-data", 200),
        (f"POST {PATH} HTTP/1.1\r\nContent-Type: application/json; charset=utf-7", 200),
        (f"POST {PATH} HTTP/1.1\r\nExpect: 100-continue", 100),
        (f"POST {PATH} HTTP/1.1\r\nAuthorization: {TOKEN}", 401),
    ],
    ids=range(13),
)
def test_a_server_answers_odd_requests_in_order(port, head, status):
    found, answer = talk(port, head, sized(json.dumps(notification()).encode()))

    assert found == status
    assert b"Location" not in answer


@on_sqlite
@pytest.mark.parametrize("digits", ["1" * 20, "1" * 5000, "٣"])
@pytest.mark.parametrize("token", [TOKEN, None])
def test_a_length_that_cannot_be_meant_is_refused_at_once(port, digits, token):
    framed = f"Content-Length: {digits}\r\n\r\n{{}}".encode()

    assert talk(port, f"POST {PATH} HTTP/1.1", framed, token)[0] in (400, 401, 413)


@on_sqlite
def test_one_connection_takes_one_notification_after_another(port, desk):
    bodies = [json.dumps(notification(id_message=f"C{number}")).encode() for number in range(5)]
    head = f"POST {PATH} HTTP/1.1\r\nHost: x\r\nAuthorization: {TOKEN}\r\n".encode()
    with socket.create_connection(("127.0.0.1", port), timeout=20) as line:
        line.sendall(b"".join(head + framed(body) for framed, body in zip([sized, chunked] * 3, bodies, strict=False)))
        answers = b""
        while answers.count(b"200 OK") < 5:
            answers += line.recv(65536) or pytest.fail("the connection was closed")

    assert len(desk.calls()) == 5


@on_sqlite
def test_a_name_with_several_addresses_is_listened_at_on_each(service):
    server = create(create_app(service), "localhost", 0)
    try:
        assert port_of(server) > 0
    finally:
        wasyncore.close_all(server.map if hasattr(server, "map") else server._map)
        server.task_dispatcher.shutdown()


@on_sqlite
def test_many_open_boards_do_not_shut_out_a_call(port, desk):
    with ExitStack() as stack:
        for _ in range(250):
            line = stack.enter_context(socket.create_connection(("127.0.0.1", port), timeout=20))
            line.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
            assert line.recv(65536).startswith(b"HTTP/1.1 200")

        assert talk(port, f"POST {PATH} HTTP/1.1", sized(json.dumps(notification()).encode()))[0] == 200
    assert len(desk.calls()) == 1

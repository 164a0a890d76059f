"""A request that is late, reset or never gets through ends in time, and says whether it may have taken effect."""

import socket
import ssl
import struct
import time
from contextlib import contextmanager

import pytest
from heads import take

from connectors.kit import Retryable, attempt_budget

ENOUGH = 1.0  # seconds: a connection is made in less, even where the machine is busy
SOON = 4.0
LONG = 8.0


@contextmanager
def at_most(seconds):
    started = time.monotonic()
    yield
    assert time.monotonic() - started < seconds


def drip(send, server):
    """A byte now and then, for long."""
    ends = time.monotonic() + LONG
    while time.monotonic() < ends and not server.wait(0.02):
        send(b"H")


@pytest.mark.parametrize("dripping", ["status line", "header", "body"])
def test_an_answer_that_drips_is_cut_at_the_total_time(serve, http, dripping):
    def talk(connection, server):
        take(connection)
        if dripping != "status line":
            connection.sendall(b"HTTP/1.1 200 OK\r\nConnection: close\r\nX-Slow: ")
        if dripping == "body":
            connection.sendall(b"\r\n\r\n")
        drip(connection.sendall, server)

    server = serve(talk)

    with at_most(SOON), pytest.raises(Retryable, match=r"did not .*within 1 s") as caught:
        http(total=ENOUGH).at(server.url).post("", {})

    assert caught.value.sent


def test_an_encrypted_answer_that_drips_is_cut_at_the_total_time(serve, http, certificate):
    chain, key, authority = certificate("crm.test")
    server_side = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server_side.load_cert_chain(chain, key)

    def talk(connection, server):
        with server_side.wrap_socket(connection, server_side=True) as encrypted:
            take(encrypted)
            encrypted.sendall(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")
            drip(encrypted.sendall, server)

    server = serve(talk)
    client = http(
        tls=ssl.create_default_context(cafile=authority),
        resolve=lambda host, port: ["127.0.0.1"],
        total=ENOUGH,
    )

    with at_most(SOON), pytest.raises(Retryable, match="did not finish") as caught:
        client.at(f"https://crm.test:{server.port}/").post("", {})

    assert caught.value.sent


def test_a_reused_connection_is_cut_too(serve, http):
    def talk(connection, server):
        take(connection)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
        take(connection)
        drip(connection.sendall, server)

    server, client = serve(talk), http(total=ENOUGH)
    client.send("GET", server.url)

    with at_most(SOON), pytest.raises(Retryable):
        client.send("GET", server.url)

    assert server.accepted == 1


def test_a_server_that_stops_reading_is_cut_at_the_total_time(serve, http):
    server = serve(lambda connection, server: server.wait(LONG))

    with at_most(SOON), pytest.raises(Retryable) as caught:
        http(total=ENOUGH).send("POST", server.url, content=bytes(20_000_000))

    assert caught.value.sent


def test_a_server_that_never_answers_is_given_up_after_the_read_limit(serve, http):
    server = serve(lambda connection, server: server.wait(LONG))

    with at_most(SOON), pytest.raises(Retryable, match=r"did not answer within 0\.2 s") as caught:
        http().send("POST", server.url, json={}, timeout_read=0.2)

    assert caught.value.sent


def test_a_handshake_that_hangs_is_cut_at_the_total_time(serve, http):
    server = serve(lambda connection, server: server.wait(LONG))

    with at_most(SOON), pytest.raises(Retryable, match="did not agree on an encrypted connection") as caught:
        http(total=ENOUGH).send("GET", server.url.replace("http:", "https:"))

    assert not caught.value.sent


def test_the_requests_of_an_attempt_share_its_budget(serve, http):
    server, client = serve(lambda connection, server: server.wait(LONG)), http()

    with at_most(SOON), attempt_budget(ENOUGH):
        with pytest.raises(Retryable) as first:
            client.send("POST", server.url, json={})
        with pytest.raises(Retryable, match="No time was left") as second:
            client.send("POST", server.url, json={})

    assert (first.value.sent, second.value.sent) == (True, False)
    assert server.accepted == 1


def test_an_inner_budget_cannot_extend_the_outer_one(serve, http):
    server, client = serve(lambda connection, server: server.wait(LONG)), http()

    with at_most(SOON), attempt_budget(0.2), attempt_budget(60), pytest.raises(Retryable):
        client.send("GET", server.url)


def test_a_reset_after_sending_may_have_taken_effect(serve, http):
    def talk(connection, server):
        take(connection)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    server = serve(talk)

    with pytest.raises(Retryable, match="broke off the connection") as caught:
        http().send("POST", server.url, json={})

    assert caught.value.sent
    assert server.accepted == 1, "nothing is sent a second time"


def test_a_reset_on_a_kept_connection_is_not_repeated_behind_our_back(serve, http):
    def talk(connection, server):
        take(connection)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
        take(connection)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    server, client = serve(talk), http()
    client.send("POST", server.url, json={})

    with pytest.raises(Retryable) as caught:
        client.send("POST", server.url, json={})

    assert caught.value.sent
    assert server.accepted == 1


def test_a_refused_connection_has_sent_nothing(http):
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port = unused.getsockname()[1]

    with pytest.raises(Retryable, match="did not accept a connection") as caught:
        http().send("POST", f"http://127.0.0.1:{port}/", json={})

    assert not caught.value.sent


def test_a_server_that_speaks_no_tls_has_been_sent_nothing(serve, http):
    server = serve(lambda connection, server: connection.sendall(b"HTTP/1.1 400 Speak up\r\n\r\n"))

    with pytest.raises(Retryable, match="did not agree on an encrypted connection") as caught:
        http().send("POST", server.url.replace("http:", "https:"), json={})

    assert not caught.value.sent

"""Requests over real loopback sockets: limits, errors, and what never shows in them."""

import gzip
import logging
import socket
import ssl
import struct
import threading
import time
import traceback
from contextlib import contextmanager

import pytest

from connectors.kit import RateLimited, Rejected, Retryable, Unauthorized, attempt_budget
from connectors.kit.answers import Answer

SECRET = "s3cr3tpath"


def take(connection):
    """Read until the end of a request's head."""
    received = b""
    while b"\r\n\r\n" not in received:
        more = connection.recv(65536)
        if not more:
            raise ConnectionError
        received += more
    return received


@contextmanager
def at_most(seconds):
    started = time.monotonic()
    yield
    assert time.monotonic() - started < seconds


def test_an_answer_comes_back_with_status_headers_and_body(serve, http, answering):
    server = serve(answering("201 Created", b'{"id": 3}', ["X-Request: 7"]))

    answer = http().send("POST", f"{server.url}/notes", json={"text": "да"})

    assert (answer.status, answer.json(), answer.headers["x-request"]) == (201, {"id": 3}, "7")


def test_an_api_adds_its_address_credentials_and_headers_to_each_request(serve, http):
    heads = []

    def talk(connection, server):
        while True:
            heads.append(take(connection))
            connection.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")

    server = serve(talk)
    api = http().at(f"{server.url}/api/v2/", auth=("ann@пример.test", "t0ken"), headers={"X-Fixed": "1"})

    assert api.get("users.json", None, {"Idempotency-Key": "k"}, query="phone:+1 555", page=None) is None
    assert api.delete("users/3") is None

    first, second = (head.decode() for head in heads)
    assert first.startswith("GET /api/v2/users.json?query=phone%3A%2B1+555 HTTP/1.1")
    assert "Authorization: Basic YW5uQNC/0YDQuNC80LXRgC50ZXN0OnQwa2Vu" in first
    assert "Idempotency-Key: k" in first
    assert "User-Agent: ringbridge/" in first
    assert "Cookie" not in second
    assert "X-Fixed: 1" in second
    assert "Idempotency-Key" not in second


def test_cookies_are_not_kept(serve, http):
    heads = []

    def talk(connection, server):
        while True:
            heads.append(take(connection))
            connection.sendall(b"HTTP/1.1 200 OK\r\nSet-Cookie: sid=1; Path=/\r\nContent-Length: 2\r\n\r\n{}")

    server, client = serve(talk), http()

    client.send("GET", server.url)
    client.send("GET", server.url)

    assert len(heads) == 2
    assert b"cookie" not in heads[1].lower()


def test_a_connection_is_kept_and_used_again(serve, http, answering):
    server, client = serve(answering()), http()

    for _ in range(5):
        client.send("POST", server.url, json={})

    assert server.accepted == 1


def test_a_connection_that_the_server_has_closed_is_noticed_before_sending(serve, http):
    def talk(connection, server):
        take(connection)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")  # and close, without saying so

    server, client = serve(talk), http()

    for _ in range(3):
        client.send("POST", server.url, json={})
        time.sleep(0.02)  # the end of the connection has to arrive

    assert server.accepted == 3


def test_an_environment_with_proxies_and_a_netrc_changes_nothing(serve, http, answering, monkeypatch, tmp_path):
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login a password b\n")
    monkeypatch.setenv("NETRC", str(netrc))
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    server = serve(answering())

    assert http().send("GET", server.url).status == 200


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


@pytest.mark.parametrize("dripping", ["status line", "header", "body"])
def test_an_answer_that_drips_is_cut_at_the_total_time(serve, http, dripping):
    def talk(connection, server):
        take(connection)
        if dripping != "status line":
            connection.sendall(b"HTTP/1.1 200 OK\r\nConnection: close\r\nX-Slow: ")
        if dripping == "body":
            connection.sendall(b"\r\n\r\n")
        while not server.wait(0.02):
            connection.sendall(b"H")

    server = serve(talk)

    with at_most(1.5), pytest.raises(Retryable, match=r"did not .*within 0\.3 s") as caught:
        http(total=0.3).at(server.url).post("", {})

    assert caught.value.sent


def test_a_reused_connection_is_cut_too(serve, http):
    def talk(connection, server):
        take(connection)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
        take(connection)
        while not server.wait(0.02):
            connection.sendall(b"H")

    server, client = serve(talk), http(total=0.3)
    client.send("GET", server.url)

    with at_most(1.5), pytest.raises(Retryable):
        client.send("GET", server.url)

    assert server.accepted == 1


def test_a_server_that_stops_reading_is_cut_at_the_total_time(serve, http):
    server = serve(lambda connection, server: server.wait(5))

    with at_most(1.5), pytest.raises(Retryable) as caught:
        http(total=0.3).send("POST", server.url, content=bytes(20_000_000))

    assert caught.value.sent


def test_a_server_that_never_answers_is_given_up_after_the_read_limit(serve, http):
    server = serve(lambda connection, server: server.wait(5))

    with at_most(1.5), pytest.raises(Retryable, match=r"did not answer within 0\.2 s") as caught:
        http().send("POST", server.url, json={}, timeout_read=0.2)

    assert caught.value.sent


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


def test_a_handshake_that_hangs_is_cut_at_the_total_time(serve, http):
    server = serve(lambda connection, server: server.wait(5))

    with at_most(1.5), pytest.raises(Retryable) as caught:
        http(total=0.3).send("GET", server.url.replace("http:", "https:"))

    assert not caught.value.sent


def test_the_requests_of_an_attempt_share_its_budget(serve, http):
    server, client = serve(lambda connection, server: server.wait(5)), http()

    with at_most(1.5), attempt_budget(0.3):
        with pytest.raises(Retryable) as first:
            client.send("POST", server.url, json={})
        with pytest.raises(Retryable, match="No time was left") as second:
            client.send("POST", server.url, json={})

    assert (first.value.sent, second.value.sent) == (True, False)
    assert server.accepted == 1


def test_an_inner_budget_cannot_extend_the_outer_one(serve, http):
    server, client = serve(lambda connection, server: server.wait(5)), http()

    with at_most(1.5), attempt_budget(0.2), attempt_budget(60), pytest.raises(Retryable):
        client.send("GET", server.url)


def test_many_threads_share_one_client(serve, http, answering):
    server, client = serve(answering("200 OK", b'{"a": 1}')), http()
    got = []

    def work():
        got.extend(client.send("POST", server.url, json={}).json()["a"] for _ in range(20))

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert got == [1] * 160
    assert server.accepted <= 8


@pytest.mark.parametrize(
    "address",
    ["ftp://example.com/x", "https://user:pw@example.com/", "example.com/x", "https:///x", "https://[::1/"],
)
def test_an_address_that_is_more_or_less_than_https_host_and_path_is_refused(http, address):
    with pytest.raises(Rejected, match="cannot be sent"):
        http().send("GET", address)


def test_a_header_that_cannot_be_sent_is_refused_without_being_shown(serve, http, answering):
    server = serve(answering())

    for value in (f"{SECRET}\r\nX: 1", f"{SECRET}ключ"):
        with pytest.raises(Rejected) as caught:
            http().send("GET", server.url, headers={"Authorization": value})
        assert SECRET not in everything_said_by(caught.value)


@pytest.mark.parametrize("fault", ["refused", "reset", "late", "401", "redirect", "unreadable", "private"])
def test_errors_hold_nothing_of_the_address_but_its_host(serve, http, answering, caplog, fault):
    talks = {
        "reset": lambda connection, server: take(connection),
        "late": lambda connection, server: server.wait(5),
        "401": answering("401 No"),
        "redirect": answering("302 Found", b"", [f"Location: https://x.test/{SECRET}"]),
        "unreadable": answering("200 OK", SECRET.encode()),
    }
    server = serve(talks.get(fault, answering()))
    client = http(total=0.3, allowed=[]) if fault == "private" else http(total=0.3)
    if fault == "refused":
        server.close()
    caplog.set_level(logging.DEBUG, logger="connectors")

    with pytest.raises((Retryable, Rejected, Unauthorized)) as caught:
        client.at(f"{server.url}/rest/1/{SECRET}/", auth=("ann", SECRET)).post(
            "call", {"token": SECRET}, {"X-Token": SECRET}, token=SECRET
        )

    assert "127.0.0.1" in caught.value.reason
    assert SECRET not in everything_said_by(caught.value)
    assert caught.value.__context__ is None
    ours = [record for record in caplog.records if record.name.startswith("connectors")]
    assert SECRET not in "".join(
        record.getMessage() for record in ours
    )  # what libraries say, a log is set to leave out


def everything_said_by(error):
    return "".join([*traceback.format_exception(error), repr(error), str(error), error.reason])


def test_tls_is_verified_against_the_name_and_reaches_the_checked_address(serve, http, tmp_path, certificate):
    chain, key, authority = certificate("crm.test")
    server_side = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server_side.load_cert_chain(chain, key)
    heads = []

    def talk(connection, server):
        with server_side.wrap_socket(connection, server_side=True) as encrypted:
            while True:
                heads.append(take(encrypted))
                encrypted.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")

    server = serve(talk)
    trusting = ssl.create_default_context(cafile=authority)
    client = http(tls=trusting, resolve=lambda host, port: ["127.0.0.1"])

    client.send("GET", f"https://crm.test:{server.port}/")
    client.send("GET", f"https://crm.test:{server.port}/")
    assert server.accepted == 1
    assert f"Host: crm.test:{server.port}".encode() in heads[0]

    with pytest.raises(Retryable, match=r"certificate of other\.test is not trusted"):
        client.send("GET", f"https://other.test:{server.port}/")
    with pytest.raises(Retryable, match=r"certificate of crm\.test is not trusted"):
        http(resolve=lambda host, port: ["127.0.0.1"]).send("GET", f"https://crm.test:{server.port}/")


def test_an_encrypted_answer_that_drips_is_cut_at_the_total_time(serve, http, certificate):
    chain, key, authority = certificate("crm.test")
    server_side = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server_side.load_cert_chain(chain, key)

    def talk(connection, server):
        with server_side.wrap_socket(connection, server_side=True) as encrypted:
            take(encrypted)
            encrypted.sendall(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")
            while not server.wait(0.02):
                encrypted.sendall(b" ")

    server = serve(talk)
    client = http(
        tls=ssl.create_default_context(cafile=authority),
        resolve=lambda host, port: ["127.0.0.1"],
        total=0.4,
    )

    with at_most(1.5), pytest.raises(Retryable, match="did not finish") as caught:
        client.at(f"https://crm.test:{server.port}/").post("", {})

    assert caught.value.sent

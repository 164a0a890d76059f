"""What is sent over real loopback sockets, by which connection, and that nothing around it adds to it."""

import ssl
import threading
import time

import pytest
from heads import take

from connectors.kit import Rejected, Retryable


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
    heads = []

    def talk(connection, server):
        heads.append(take(connection))
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")

    server, proxy = serve(talk), serve(answering())
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login a password b\n")
    monkeypatch.setenv("NETRC", str(netrc))
    for name in ("http_proxy", "all_proxy"):
        monkeypatch.setenv(name, proxy.url)
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)

    assert http().send("GET", server.url).status == 200

    assert proxy.accepted == 0
    [head] = heads
    assert head.startswith(b"GET / HTTP/1.1\r\n")
    assert b"authorization" not in head.lower()


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

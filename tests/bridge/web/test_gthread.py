"""`ringbridge web`, as gunicorn runs it: whoever does not send holds nobody up, and nothing sent is our error."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
from contextlib import ExitStack

import pytest
import requests
from desk import ID_INSTANCE, notification
from road import until
from servers import free_port

PATH = "/webhooks/greenapi"
TOKEN = "canary-token-of-the-webhook"
MIB = 1024 * 1024
CONFIG = f"""
[[instance]]
name = "support"
id_instance = "{ID_INSTANCE}"
api_url = "https://api.example.com"
api_token = "canary-token-of-the-api"
webhook_token = "{TOKEN}"
"""


class Web:
    def __init__(self, folder):
        self.port = free_port()
        self.log = folder / "web.log"
        environment = {name: value for name, value in os.environ.items() if not name.startswith("RINGBRIDGE_")}
        environment |= {"RINGBRIDGE_DATA_DIR": str(folder / "data"), "RINGBRIDGE_LOG_LEVEL": "DEBUG"}
        command = [sys.executable, "-m", "tasks.main"]
        (folder / "ringbridge.toml").write_text(CONFIG)
        subprocess.run(
            [*command, "apply", folder / "ringbridge.toml"], env=environment, check=True, capture_output=True
        )
        with self.log.open("w") as log:
            web = [*command, "web", "--port", str(self.port)]
            self.process = subprocess.Popen(web, env=environment, stderr=log, start_new_session=True)
        until(self.is_alive, what="the web process to answer")

    def is_alive(self):
        try:
            return self.get("/healthz").ok
        except requests.RequestException:
            return False

    def get(self, path, **options):
        return requests.get(f"http://127.0.0.1:{self.port}{path}", timeout=5, **options)

    def line(self):
        return socket.create_connection(("127.0.0.1", self.port), timeout=30)

    def stop(self):
        self.process.terminate()
        return self.process.wait(30)


@pytest.fixture(scope="module")
def web(tmp_path_factory):
    web = Web(tmp_path_factory.mktemp("web"))
    yield web
    if web.process.poll() is None:
        os.killpg(web.process.pid, signal.SIGKILL)
        web.process.wait()


def head(token=TOKEN, more="", path=PATH):
    authorization = f"Authorization: Bearer {token}\r\n" if token else ""
    return f"POST {path} HTTP/1.1\r\nHost: x\r\n{authorization}{more}".encode()


def sized(body):
    return head(more=f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n") + body


def answers(line):
    """Everything until the other side closes; what it had said before it broke off, if it does that."""
    answer = b""
    with contextlib.suppress(ConnectionError):
        while piece := line.recv(65536):
            answer += piece
    return answer


def status(answer):
    return int(answer.split(b" ", 2)[1]) if answer else None


def talk(web, *pieces):
    with web.line() as line:
        with contextlib.suppress(ConnectionError):
            for piece in pieces:
                line.sendall(piece)
        return status(answers(line))


NOTHING_SENT = b""
HALF_A_HEAD = head()
HALF_A_BODY = head(token="wrong", more="Content-Length: 1000\r\n\r\n") + b'{"typeWebhook"'

FORM = "Content-Type: application/x-www-form-urlencoded\r\n"
HALF_A_FORM = head(token=None, path="/login", more=f"{FORM}Content-Length: 1000\r\n\r\n") + b"name="
HALF_A_CHUNK = head(token=None, path="/start", more=f"{FORM}Transfer-Encoding: chunked\r\n\r\n") + b"20\r\nname="


@pytest.mark.parametrize(
    "sent",
    [NOTHING_SENT, HALF_A_HEAD, HALF_A_BODY, HALF_A_FORM, HALF_A_CHUNK],
    ids=["nothing", "half a head", "half a body", "half a form", "half a chunk of a form"],
)
def test_those_who_do_not_send_hold_nobody_up(web, sent):
    with ExitStack() as stack:
        for _ in range(100):
            stack.enter_context(web.line()).sendall(sent)

        assert web.get("/healthz").status_code == 200
        assert talk(web, sized(json.dumps(notification()).encode())) == 200


def test_half_a_request_behind_a_whole_one_holds_nobody_up(web):
    with ExitStack() as stack:
        for _ in range(40):
            line = stack.enter_context(web.line())
            line.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\nGET /healthz HT")
            assert line.recv(65536).startswith(b"HTTP/1.1 200")

        assert web.get("/healthz").status_code == 200


def test_a_request_may_arrive_byte_by_byte_and_several_at_once(web):
    one = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
    last = b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    with web.line() as line:
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in one:
            line.sendall(bytes([byte]))
        assert line.recv(65536).startswith(b"HTTP/1.1 200")
        line.sendall(one + one + last)
        assert answers(line).count(b"HTTP/1.1 200 OK") == 3


def test_a_body_may_come_with_its_head_or_after_it(web):
    body = json.dumps(notification()).encode()
    whole = sized(body)
    for cut in (len(whole), len(whole) - len(body), len(whole) - 5):
        assert talk(web, whole[:cut], whole[cut:]) == 200


def test_a_head_without_an_end_is_refused(web):
    assert talk(web, b"GET /healthz HTTP/1.1\r\n" + b"X-Long: " + b"x" * 8000 * 20) in (431, None)
    assert web.get("/healthz").ok


def chunked(body):
    pieces = [body[start : start + MIB] for start in range(0, len(body), MIB)]
    framed = b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"
    return head(more="Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n") + framed


@pytest.mark.parametrize("framed", [sized, chunked])
@pytest.mark.parametrize(("size", "expected"), [(16 * MIB, 200), (16 * MIB + 1, 413), (20 * MIB, 413)])
def test_sixteen_mebibytes_are_taken_and_no_more_however_they_are_framed(web, framed, size, expected):
    assert talk(web, framed(b" " * size)) in (expected, None if expected == 413 else expected)


@pytest.mark.parametrize(
    "body",
    [
        b"zz\r\n{}\r\n0\r\n\r\n", b"2\r\n{}xx0\r\n\r\n", b"2;\x00\r\n{}\r\n0\r\n\r\n", b"-2\r\n{}\r\n0\r\n\r\n",
        b"2\r\n{}\r\n0\r\nno trailer\r\n\r\n", b"f" * 9000, b"2\r\n{}\r\n0\r\nX: y\n\r\n\r\n",
    ],
    ids=range(7),
)  # fmt: skip
def test_a_chunk_that_is_none_is_refused_and_no_error_of_ours(web, body):
    assert talk(web, head(more="Transfer-Encoding: chunked\r\n\r\n") + body) in (400, None)


@pytest.mark.parametrize("coding", ["gzip", "chunked, x", "chunked\x0b", "identity"])
def test_a_coding_that_nobody_knows_is_no_error_of_ours(web, coding):
    assert talk(web, head(more=f"Transfer-Encoding: {coding}\r\nConnection: close\r\n\r\n") + b"{}") == 400
    assert web.get("/healthz").ok


@pytest.mark.parametrize("digits", ["1" * 20, "1" * 5000, "-1", "1_0"])
def test_a_length_that_cannot_be_meant_is_refused(web, digits):
    assert talk(web, head(more=f"Content-Length: {digits}\r\nConnection: close\r\n\r\n") + b"{}") in (400, 413)


def test_a_form_that_breaks_off_is_no_error_of_ours(web):
    for sent in (HALF_A_FORM, HALF_A_CHUNK):
        with web.line() as line:
            line.sendall(sent)
            line.shutdown(socket.SHUT_WR)
            assert status(answers(line)) == 400


def test_a_body_that_breaks_off_is_not_kept(web):
    whole = sized(json.dumps(notification()).encode() * 2)
    with web.line() as line:
        line.sendall(whole[:-10])
        line.shutdown(socket.SHUT_WR)
        assert status(answers(line)) == 400


def test_a_path_that_a_header_names_is_not_looked_at(web):
    assert web.get("/healthz", headers={"SCRIPT_NAME": "/x"}).status_code == 200


def test_figures_are_refused_to_whoever_came_through_a_proxy(web):
    assert web.get("/metrics").status_code == 200
    assert web.get("/metrics", headers={"X-Forwarded-For": "203.0.113.7"}).status_code == 403


def test_it_leaves_in_order_with_everything_that_it_said_in_one_form(tmp_path):
    web = Web(tmp_path)
    try:
        with web.line(), web.line() as half:
            half.sendall(HALF_A_HEAD)
            assert talk(web, head(more="Transfer-Encoding: chunked\r\n\r\n") + b"zz\r\n") in (400, None)
            assert web.stop() == 0
    finally:
        web.process.kill()
        web.process.wait()
    said = web.log.read_text()

    assert "Listening at" in said
    assert [one for one in said.splitlines() if not re.match(r"(20\d\d-\d\d-\d\dT\S+Z [A-Z]+ |  )", one)] == []
    assert "Traceback" not in said
    assert "canary" not in said


def test_many_open_boards_do_not_shut_out_a_call(web):
    with ExitStack() as stack:
        for _ in range(250):
            line = stack.enter_context(web.line())
            line.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
            assert line.recv(65536).startswith(b"HTTP/1.1 200")

        assert talk(web, sized(json.dumps(notification(id_message="BOARDS")).encode())) == 200

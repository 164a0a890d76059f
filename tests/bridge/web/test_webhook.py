"""The door that GREEN-API knocks at: who is let in, what is answered, and what is written down."""

from __future__ import annotations

import json
import socket
import threading
from contextlib import ExitStack

import pytest
from desk import ID_INSTANCE, Desk, notification
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from office import FullStore, office
from sqlalchemy import func, select
from waitress import wasyncore

from bridge import instances
from bridge.instances import InstanceConfig
from bridge.store import tables
from bridge.web import create_app
from bridge.web.server import create, port_of

PATH = "/webhooks/greenapi"
BERLIN = "7103111333"
TOKEN = "Bearer s3cret"
MIB = 1024 * 1024
on_sqlite = pytest.mark.parametrize("store", ["sqlite"], indirect=True)


@pytest.fixture
def desk(store, now):
    """Two instances, `support` and `berlin`, each with a token of its own and one that they share."""
    desk = Desk(store, now)
    config = InstanceConfig("berlin", BERLIN, "https://api.example.com", "t0ken", ("b3rlin", "shared"))
    store.write(lambda db: instances.save(db, store.secrets, config, None))
    support = desk.directory.current().by_id[1]
    shared = InstanceConfig("support", ID_INSTANCE, "https://api.example.com", "t0ken", ("s3cret", "shared"))
    store.write(lambda db: instances.save(db, store.secrets, shared, support))
    return desk


@pytest.fixture
def service(desk):
    return office(desk.store, desk.moment)


@pytest.fixture
def post(service):
    client = create_app(service).test_client()

    def post(body=None, token=TOKEN, path=PATH, **options):
        data = body if isinstance(body, bytes) else json.dumps(notification() if body is None else body).encode()
        headers = {} if token is None else {"Authorization": token}
        return client.post(path, data=data, headers=headers, buffered=True, **options)

    return post


def kept(store, column=tables.notifications.c.body):
    with store.read() as db:
        return db.execute(select(column).order_by(tables.notifications.c.id)).scalars().all()


def rows(store):
    with store.read() as db:
        return [db.execute(select(func.count()).select_from(table)).scalar() for table in _WRITTEN]


_WRITTEN = (tables.notifications, tables.calls, tables.deliveries)


@pytest.mark.parametrize("path", [PATH, f"{PATH}/", f"{PATH}?from=anywhere"])
def test_a_call_is_written_down_answered_and_rung_for(post, desk, service, path):
    desk.know()

    assert post(path=path).status_code == 200
    assert [call.status for call in desk.calls()] == ["ringing"]
    assert service.queue.delivered == [(1, True)]


def test_the_bell_rings_after_the_answer(service, desk):
    answer = (
        create_app(service)
        .test_client()
        .post(PATH, data=json.dumps(notification()), headers={"Authorization": TOKEN}, buffered=False)
    )

    assert answer.get_data() != b""  # waitress would keep the head of an empty answer until the bell has rung
    assert service.queue.identified == []
    answer.close()
    assert service.queue.identified == [1]


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS"])
@pytest.mark.parametrize("path", [PATH, f"{PATH}/"])
@on_sqlite
def test_another_method_is_refused_before_anything_else(service, method, path):
    answer = create_app(service).test_client().open(path, method=method)

    assert (answer.status_code, answer.headers["Allow"]) == (405, "POST")


@on_sqlite
def test_no_path_is_answered_with_a_redirect(post):
    assert post(path="//webhooks//greenapi").status_code == 404
    assert post(path=f"{PATH}//").status_code == 404


@on_sqlite
def test_every_refusal_looks_the_same(post, desk):
    strange = notification(instanceData={"idInstance": 1})
    others = notification(instanceData={"idInstance": int(BERLIN)})
    refused = [
        post(token=None), post(token=""), post(token="Bearer"), post(token="Bearer nobody"), post(token="Bearer ü"),
        post(token="Basic s3cret:"), post(b"{", token="nobody"), post(b"x" * 17 * MIB, token=None),
        post(strange), post(others), post({"typeWebhook": "stateInstanceChanged", "instanceData": {"idInstance": 1}}),
    ]  # fmt: skip

    assert {(one.status_code, one.data, str(one.headers)) for one in refused} == {
        (401, b"Unauthorized\n", str(refused[0].headers))
    }
    assert rows(desk.store) == [0, 0, 0]


@on_sqlite
def test_a_refusal_is_said_in_the_log_and_many_of_them_once(post, caplog):
    for _ in range(5):
        post(token="Bearer canary")

    [record] = caplog.records
    assert (record.levelname, record.reason) == (
        "WARNING",
        "The Authorization header fits no webhook_token of any instance.",
    )
    assert "canary" not in str(vars(record))


@on_sqlite
def test_an_outcome_under_another_id_is_logged_under_the_call_that_it_ends(post, caplog):
    caplog.set_level("INFO", "bridge.web.webhook")
    post()
    post(notification("missed", id_message="C2"))

    assert {record.call_id for record in caplog.records} == {f"{ID_INSTANCE}-C1"}


@on_sqlite
def test_a_call_that_could_not_be_stored_is_named_in_the_log(desk, caplog):
    service = office(FullStore(desk.store), desk.moment)
    create_app(service).test_client().post(PATH, json=notification(), headers={"Authorization": TOKEN})

    [record] = caplog.records
    assert (record.message, record.call_id) == ("nothing could be stored", f"{ID_INSTANCE}-C1")


def test_a_shared_token_speaks_for_each_of_its_instances_and_for_no_other(post, desk):
    codes = [
        post(notification(instanceData={"idInstance": one}), token="shared").status_code
        for one in (int(ID_INSTANCE), BERLIN, 7103111444)
    ]

    assert codes == [200, 200, 401]
    assert len(desk.calls()) == 2


@on_sqlite
def test_the_size_is_judged_after_the_token(post):
    assert post(b"x" * (16 * MIB + 1)).status_code == 413
    assert post(b"x" * 17 * MIB, token="Bearer wrong").status_code == 401
    assert post(b" " * 16 * MIB).status_code == 200


UNREADABLE = [
    b"", b"null", b"3", b'"offer"', b"[]", b"{", b"{}", b'{"typeWebhook": null}', b'{"typeWebhook": 5}', b"\xff\xfe",
    b'{"typeWebhook": "incomingCall\xff"}', b"\x00", b"[" * 100_000, b'{"a":' * 100_000, b"9" * 5000,
    b'{"typeWebhook": "incomingCall"}', b'{"typeWebhook": "incomingCall", "instanceData": 7}',
    b'{"typeWebhook": "incomingCall", "instanceData": {"idInstance": true}}',
    b'{"typeWebhook": "incomingCall", "instanceData": {"idInstance": 7103111222}}',
    b'{"typeWebhook": "incomingCall", "instanceData": {"idInstance": 7103111222}, "from": " "}',
    b"\xe2\x82" * 150_000,
]  # fmt: skip


@pytest.mark.parametrize("body", UNREADABLE, ids=range(len(UNREADABLE)))
def test_what_cannot_be_read_is_kept_once_with_its_beginning(post, store, body):
    assert [post(body).status_code for _ in range(2)] == [200, 200]

    assert kept(store, tables.notifications.c.verdict) == ["unread"]
    [text] = kept(store)
    assert len(text) <= 64 * 1024
    assert text[:20] == body[: 64 * 1024].decode("utf-8", "replace").replace("\x00", "\ufffd")[:20]


def test_what_cannot_be_read_of_another_instance_is_refused_as_all_that_names_it(post, store):
    answer = post(b'{"typeWebhook": "incomingCall", "instanceData": {"idInstance": 9999}}')

    assert (answer.status_code, answer.data) == (401, b"Unauthorized\n")
    assert kept(store) == []


def test_what_cannot_be_read_is_kept_with_the_type_and_the_instance_that_it_names(post, store):
    post(b'{"typeWebhook": "incomingCall", "instanceData": {"idInstance": 7103111222}}')

    assert kept(store, tables.notifications.c.type) == ["incomingCall"]
    assert kept(store, tables.notifications.c.instance_id) == [1]


@on_sqlite
def test_no_depth_of_nesting_is_too_much_for_an_answer(post):
    nested = [
        json.dumps(notification(status=None))[:-1] + f', "status": {"[" * n}{"]" * n}}}' for n in range(900, 1000)
    ]

    assert {post(body.encode()).status_code for body in nested} == {200}


@pytest.mark.parametrize("kind", ["incomingMessageReceived", "outgoingMessageStatus", "deviceInfo", "x" * 9999, "\0"])
def test_what_we_do_not_need_is_stored_nowhere(post, store, kind):
    assert post({"typeWebhook": kind, "instanceData": {"idInstance": ID_INSTANCE}}).status_code == 200
    assert post({"typeWebhook": kind}).status_code == 200
    assert rows(store) == [0, 0, 0]


FIELDS = ["typeWebhook", "from", "idMessage", "status", "timestamp", "isVideo", "instanceData", "wid", "idInstance"]
CHARACTERS = st.characters(exclude_categories=()) | st.sampled_from("\x00\ud800\udfff\u202e")
PLAIN = st.none() | st.booleans() | st.floats() | st.integers() | st.integers(0, 10**4200) | st.text(CHARACTERS)


def nested(inner):
    return inner | st.lists(inner, max_size=3) | st.dictionaries(st.text(CHARACTERS), inner, max_size=3)


JSON = nested(nested(PLAIN))


def with_field(name, value):
    body = notification()
    (body["instanceData"] if name in ("wid", "idInstance") else body)[name] = value
    return body


@given(changes=st.dictionaries(st.sampled_from(FIELDS), JSON, min_size=1, max_size=3))
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_value_of_any_field_is_answered_with_an_error(post, changes):
    body = notification()
    for name, value in sorted(changes.items()):
        if name in ("wid", "idInstance"):
            body["instanceData"] = {**notification()["instanceData"], name: value}
        else:
            body[name] = value

    assert post(body).status_code in (200, 401)


@pytest.mark.parametrize("name", FIELDS)
@pytest.mark.parametrize("value", ["\ud800\x00", "x" * 300_000, -1, 1e308, {"a": [{}]}, [[]] * 100, "٣"])
def test_an_odd_value_is_no_error(post, name, value):
    assert post(with_field(name, value)).status_code in (200, 401)


@on_sqlite
@pytest.mark.parametrize("name", FIELDS)
def test_a_number_of_five_thousand_digits_is_kept_as_unread(post, store, name):
    body = json.dumps(with_field(name, "here")).replace('"here"', "9" * 5000)

    assert post(body.encode()).status_code == 200
    assert kept(store, tables.notifications.c.verdict) == ["unread"]


@pytest.mark.parametrize("body", [None, b"{"])
def test_a_store_that_cannot_write_is_a_503_and_nothing_is_rung_for(desk, body):
    service = office(FullStore(desk.store), desk.moment)
    data = json.dumps(notification()) if body is None else body
    answer = create_app(service).test_client().post(PATH, data=data, headers={"Authorization": TOKEN})

    assert answer.status_code == 503
    assert b"disk" not in answer.data
    assert (service.queue.delivered, service.queue.identified, rows(desk.store)) == ([], [], [0, 0, 0])


# Through a real server, as `ringbridge up` runs it.


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

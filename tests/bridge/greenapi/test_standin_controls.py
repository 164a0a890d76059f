"""The stand-in is driven, and its log read, over HTTP until it stops."""

from __future__ import annotations

import http.client
import json

import requests
from standin import NOOR, api, ask, polled

from bridge.greenapi.standin import GreenApi


def test_it_can_be_driven_and_its_log_read_over_http(account, receiver, tmp_path):
    path = tmp_path / "sent.jsonl"
    with GreenApi(log=path) as green_api, requests.Session() as session:

        def post(what, body):
            return session.post(f"{green_api.url}/standin/{what}", json=body, timeout=5)

        assert post("accounts", account.model_dump()).status_code == 200
        assert post("faults", {"method": "getContactInfo", "status": 500, "count": 1}).status_code == 200
        ring = {"id_instance": "7103111222", "chat_id": NOOR, "outcome": "hungUp", "after": 0}
        id_message = post("ring", ring).json()["idMessage"]
        assert green_api.idle(timeout=5)

        assert ask(green_api, {"chatId": NOOR}).status_code == 500
        assert session.get(f"{green_api.url}/standin/idle", timeout=5).json() == {"idle": True}
        log = session.get(f"{green_api.url}/standin/log", timeout=5).json()
        assert session.get(f"{green_api.url}/standin/log?after=4", timeout=5).json() == log[4:]
        assert post("ring", ring | {"sideways": 1}).status_code == 400
        assert post("ring", ring | {"id_instance": "1"}).status_code == 400

    assert [json.loads(line) for line in path.read_text().splitlines()] == log
    calls = [(entry["what"], entry["status"]) for entry in log if entry.get("id_message") == id_message]
    assert sorted(calls) == [
        ("pushed", "hungUp"),
        ("pushed", "offer"),
        ("queued", "hungUp"),
        ("queued", "offer"),
    ]


def test_anything_can_be_sent_and_states_changed_over_http(green_api, account):
    green_api.account(polled(account))
    with requests.Session() as session:
        message = {"id_instance": "7103111222", "type": "incomingMessageReceived", "fields": {"senderData": {}}}
        for name, body in {
            "notifications": message,
            "state": {"id_instance": "7103111222", "state": "blocked"},
        }.items():
            assert session.post(f"{green_api.url}/standin/{name}", json=body, timeout=5).status_code == 200
            refused = session.post(f"{green_api.url}/standin/{name}", json=body | {"id_instance": "1"}, timeout=5)
            assert refused.status_code == 400

    assert api(green_api, "GET", "getStateInstance").json() == {"stateInstance": "blocked"}
    assert green_api.waiting("7103111222") == 2


def test_a_connection_is_kept_alive_until_the_stand_in_stops(green_api):
    connection = http.client.HTTPConnection(green_api.url.removeprefix("http://"), timeout=5)
    for path in ["/standin/log", "/nowhere", "/standin/log"]:
        connection.request("POST" if path == "/nowhere" else "GET", path, body=b"unread")
        connection.getresponse().read()
        kept = connection.sock
        assert kept is not None

    green_api.stop()

    assert kept.recv(1) == b""
    connection.close()

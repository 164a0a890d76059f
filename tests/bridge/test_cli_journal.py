"""`ringbridge journal import`: calls from before us, and nobody is told unless that is asked for."""

from __future__ import annotations

import time

import pytest
from desk import CHAT, SECRET

from bridge.greenapi.standin import Account, Fault, GreenApi

ID_INSTANCE, TOKEN = "7103111222", "canary-token-of-the-api"


@pytest.fixture
def green_api():
    account = Account(id_instance=ID_INSTANCE, api_token=TOKEN, webhook_url="http://127.0.0.1:9/")
    with GreenApi([account]) as green_api:
        for number in range(3):
            at = int(time.time()) - 600 * (number + 1)
            green_api.remember(ID_INSTANCE, idMessage=f"C{number}", timestamp=at, chatId=CHAT, status="declined")
        yield green_api


@pytest.fixture
def bridge(run, green_api, monkeypatch):
    monkeypatch.setenv("RINGBRIDGE_ALLOWED_PRIVATE_NETWORKS", "127.0.0.0/8")
    instance = ("--id-instance", ID_INSTANCE, "--api-url", green_api.url)
    assert run("instance", "add", "support", *instance, stdin=f"{TOKEN}\ncanary-hook\n").exit_code == 0
    hook = ("--url", "https://crm.example.com/hook")
    assert run("connection", "add", "sales", "--connector", "webhook", *hook, stdin=f"{SECRET}\n").exit_code == 0
    return run


def imported(bridge, minutes=1440, *more):
    return bridge("journal", "import", "--instance", "support", "--minutes", minutes, *more)


def test_history_is_written_down_and_told_nobody(bridge):
    done = imported(bridge)

    assert (done.exit_code, done.stdout.splitlines()[-1]) == (0, "3 new, 0 given their outcome, 0 known already.")
    assert bridge("call", "list", "--json").stdout.count('"source": "journal"') == 3
    assert bridge("delivery", "list", "--json").stdout == "[]\n"


def test_it_goes_back_as_far_as_it_is_told_to(bridge):
    assert "1 new" in imported(bridge, 15).stdout


def test_it_is_told_where_that_is_asked_for(bridge):
    imported(bridge, 1440, "--tell")

    assert bridge("delivery", "list", "--json").stdout.count('"owes": "missed"') == 3


def test_a_second_import_finds_everything_known(bridge):
    imported(bridge)

    assert "0 new, 0 given their outcome, 3 known already." in imported(bridge).stdout


def test_what_green_api_refuses_is_said_in_one_sentence(bridge, green_api):
    green_api.fault(Fault(method="lastIncomingCalls", status=404))
    done = imported(bridge)

    assert (done.exit_code, done.stderr.count("\n")) == (1, 1)
    assert "GREEN-API has no such method" in done.stderr


def test_an_instance_that_there_is_not_is_a_mistake(bridge):
    done = bridge("journal", "import", "--instance", "nobody", "--minutes", 5)

    assert (done.exit_code, "There is no instance nobody" in done.stderr) == (1, True)

"""Log lines: one for each record whatever a stranger wrote, and no secret in any."""

from __future__ import annotations

import json
import logging
import sys
import threading
import warnings

import pytest

from bridge import logs

NASTY = "Noor\n2026-11-20T14:03:12.000Z ERROR   forged\r\x1b[2J\u2028\u202e"


@pytest.fixture
def logged(capsys, monkeypatch):
    """Logs one record, and returns what was printed."""
    root, talkative = logging.getLogger(), logging.getLogger("urllib3")
    before = root.handlers[:], root.level, talkative.level
    for place, hook in ((sys, "excepthook"), (sys, "unraisablehook"), (threading, "excepthook")):
        monkeypatch.setattr(place, hook, getattr(place, hook))

    def logged(form, *, error=None, name="bridge", level=logging.INFO, **fields):
        logs.configure("DEBUG", form)
        logging.getLogger(name).log(level, "call accepted", extra=fields, exc_info=error)
        return capsys.readouterr().err

    yield logged
    logging.captureWarnings(capture=False)
    root.handlers[:], level, talkative.level = before
    root.setLevel(level)


def failed(text):
    try:
        raise ValueError(text)
    except ValueError as error:
        return error


def test_a_line_shows_time_level_message_and_fields(logged):
    line = logged("text", call_id="7103-C1", attempt=2)

    assert line.endswith("Z INFO    call accepted  call_id=7103-C1 attempt=2\n")


def test_json_is_one_object_a_line_with_its_fields(logged):
    line = json.loads(logged("json", call_id="7103-C1", attempt=2, error=failed(NASTY), odd=object))

    assert (line["level"], line["message"], line["logger"]) == ("INFO", "call accepted", "bridge")
    assert (line["call_id"], line["attempt"], line["odd"]) == ("7103-C1", 2, str(object))
    assert "ValueError: Noor" in line["exception"]


@pytest.mark.parametrize("form", ["text", "json"])
@pytest.mark.parametrize("where", ["field", "error"])
def test_nothing_that_a_stranger_wrote_begins_a_line_or_reaches_the_terminal(logged, form, where):
    printed = logged(form, name_of_caller=NASTY) if where == "field" else logged(form, error=failed(NASTY))

    assert "forged" in printed
    assert not any(line.startswith("2026-11-20T14") for line in printed.splitlines())
    assert printed.replace("\n", "").isprintable()
    assert printed.count("\n") == 1 or (form, where) == ("text", "error")


@pytest.mark.parametrize("form", ["text", "json"])
@pytest.mark.parametrize(
    "secret",
    [
        "https://7103.api.example.com/waInstance7103111222/getContactInfo/canary0123",
        "Max retries exceeded with url: /waInstance7103111222/getContactInfo/canary?x=1",
        "https://acme.bitrix24.com/rest/1/canary/crm.lead.add.json",
        "headers={'Authorization': 'Bearer canary'}",
        'Authorization: "Basic canary=="',
        "authorization=canary",
    ],
)
def test_secrets_of_addresses_and_headers_are_cut_out(logged, form, secret):
    printed = logged(form, address=secret, error=failed(secret))

    assert "canary" not in printed
    assert "…" in printed or "\\u2026" in printed


def test_what_libraries_say_of_addresses_below_a_warning_is_left_out(logged):
    assert logged("text", name="urllib3.connectionpool", level=logging.DEBUG) == ""


@pytest.mark.parametrize("form", ["text", "json"])
def test_phones_are_masked_in_messages_fields_and_tracebacks(logged, form):
    printed = logged(form, chat_id="15551230042@c.us", phone="+15551230042", error=failed("no +15551230042"))

    assert "15551230042" not in printed
    assert printed.count("•••0042" if form == "text" else "\\u2022\\u2022\\u20220042") == 3


@pytest.mark.parametrize("form", ["text", "json"])
def test_an_error_that_ends_a_thread_is_one_record_like_any_other(logged, form, capsys):
    logged(form)

    def fail():
        raise ValueError("Authorization: Bearer canary")

    thread = threading.Thread(target=fail, name="sweep")
    thread.start()
    thread.join()
    printed = capsys.readouterr().err

    assert "a thread ended by an error that nobody expected" in printed
    assert "ValueError" in printed
    assert "canary" not in printed


def test_an_error_that_ends_the_process_is_logged(logged, capsys):
    logged("json")
    error = failed("Authorization: Bearer canary")
    sys.excepthook(type(error), error, error.__traceback__)
    line = json.loads(capsys.readouterr().err)

    assert (line["level"], "canary" in line["exception"]) == ("CRITICAL", False)


def test_a_warning_of_python_is_a_line_of_the_log(logged, capsys):
    logged("json")
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        logging.captureWarnings(capture=False)
        logging.captureWarnings(capture=True)
        warnings.warn("Authorization: Bearer canary", stacklevel=1)
    logging.captureWarnings(capture=False)
    line = json.loads(capsys.readouterr().err)

    assert (line["level"], line["logger"]) == ("WARNING", "py.warnings")
    assert "canary" not in str(line)


def test_arguments_that_do_not_fit_a_message_are_not_printed(logged, capsys):
    logged("json")
    logging.getLogger("library").warning("no %d", "canary")
    line = json.loads(capsys.readouterr().err)

    assert line["message"] == "no %d (its arguments do not fit)"

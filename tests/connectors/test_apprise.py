"""What arrives in operators' channels, for names that strangers choose, and what the channels' answers mean."""

import email
import email.policy
import json
import socket
import ssl
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from pydantic import ValidationError

from connectors.apprise import Apprise, AppriseSettings
from connectors.kit import CallStatus, Http, Known, RateLimited, Receipt, Rejected, Retryable, Unauthorized, faults
from connectors.kit.testing import Fault, Reply, Stand

HOSTILE = "Ann *b* <b>x</b> & <!channel> @everyone [x](http://evil) `c`\x07\u202e\r\nEND"
SLACK = "https://hooks.slack.com/services/T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ"
DISCORD = "https://discord.com/api/webhooks/123456789012345678/t0ken"
TELEGRAM = "tgram://123456789:abcdefg_hijklmnop/12315544"
TEAMS = "https://prod-1.westeurope.logic.azure.com:443/workflows/643e69f8/triggers/manual/paths/invoke"
GOOGLE_CHAT = "https://chat.googleapis.com/v1/spaces/AAAA/messages?key=kkk&token=ttt"


class Service:
    """Takes every message, and answers as Slack and Telegram do."""

    def __init__(self):
        self.requests = []

    def answer(self, request):
        self.requests.append(request)
        return Reply(200, {"ok": True, "result": {}} if "telegram" in request.url else "ok")

    def held(self):
        return [request.body for request in self.requests]


def apprise(url, http):
    return Apprise(AppriseSettings(url=url), http)


def sent_to(url, call, known=None):
    """The requests that a delivery makes."""
    service = Service()
    apprise(url, Http(adapter=Stand(service))).deliver(call, known or Known())
    return service.requests


def message_to(url, call):
    [request] = sent_to(url, call)
    return json.loads(request.body)


@pytest.fixture
def hostile_call(missed_call):
    caller = replace(missed_call.caller, name=HOSTILE)
    return replace(missed_call, caller=caller, summary=f"Missed call: {HOSTILE}")


def test_a_call_is_told_in_its_own_words(missed_call):
    assert message_to("jsons://ops.test/in", missed_call) == {
        "version": "1.0",
        "title": "Missed call",
        "message": missed_call.summary,
        "attachments": [],
        "type": "failure",
    }


def test_an_answered_call_is_told_in_a_few_words(missed_call):
    answered = replace(missed_call, status=CallStatus.ANSWERED, label="Answered call")

    message = message_to("jsons://ops.test/in", answered)

    assert (message["title"], message["message"], message["type"]) == ("Answered call", "Noor (bakery)", "success")


@pytest.mark.parametrize(
    ("status", "kind"), [("ringing", "info"), ("dropped", "warning"), ("unknown", "warning"), ("missed", "failure")]
)
def test_each_status_has_its_colour(missed_call, status, kind):
    call = replace(missed_call, status=CallStatus(status))

    assert message_to("jsons://ops.test/in", call)["type"] == kind


def test_slack_gets_a_name_as_text(hostile_call):
    [attachment] = message_to(SLACK, hostile_call)["attachments"]

    assert attachment["text"] == (
        "Missed call: Ann *b* &lt;b&gt;x&lt;/b&gt; &amp; &lt;!channel&gt; @everyone [x](http://evil) `c` END"
    )


def test_telegram_gets_a_name_as_text(hostile_call):
    message = message_to(TELEGRAM, hostile_call)

    assert message["parse_mode"] == "HTML"
    assert message["text"] == (
        "<b>Missed call</b>\r\nMissed call: "
        "Ann *b* &lt;b&gt;x&lt;/b&gt; &amp; &lt;!channel&gt; @everyone [x](http://evil) `c` END"
    )


@pytest.mark.parametrize(("url", "field"), [(DISCORD, "content"), ("mmosts://chat.test/0123456789abcdef0123", "text")])
def test_what_renders_markdown_whatever_it_is_told_gets_it_escaped(hostile_call, url, field):
    assert message_to(url, hostile_call)[field] == (
        "Missed call\r\nMissed call: Ann \\*b\\* \\<b\\>x\\</b\\> & \\<!channel\\> @\u200beveryone"
        " \\[x\\](http://evil) \\`c\\` END"
    )


def test_words_of_a_title_are_no_markup_either(hostile_call):
    call = replace(hostile_call, label="Call, outcome: @here **x**")

    assert message_to(DISCORD, call)["content"].startswith("Call, outcome: @\u200bhere \\*\\*x\\*\\*\r\n")


def test_teams_and_google_chat_get_no_tag_and_no_link(hostile_call):
    card = message_to(f"{TEAMS}?api-version=2016-06-01&sp=%2Frun&sv=1.0&sig=s1g", hostile_call)
    [text] = [block["text"] for block in card["attachments"][0]["content"]["body"] if block.get("id") == "body"]

    for words in (text, message_to(GOOGLE_CHAT, hostile_call)["text"]):
        assert "<!channel>" not in words
        assert "<b>" not in words
    assert "[x]" not in text


@pytest.mark.parametrize(
    "url", ["ntfys://push.test/topic", "jsons://ops.test/in", "gotifys://push.test/A0123456789abcd"]
)
def test_what_shows_plain_text_gets_it_without_control_and_bidirectional_characters(hostile_call, url):
    assert message_to(url, hostile_call)["message"] == (
        "Missed call: Ann *b* <b>x</b> & <!channel> @everyone [x](http://evil) `c` END"
    )


def test_a_native_address_keeps_its_own_query(missed_call):
    [teams] = sent_to(f"{TEAMS}?api-version=2016-06-01&sp=%2Frun&sv=1.0&sig=s_1-g", missed_call)
    [google] = sent_to(GOOGLE_CHAT, missed_call)

    assert {"api-version=2016-06-01", "sig=s_1-g"} < set(teams.url.partition("?")[2].split("&"))
    assert {"key=kkk", "token=ttt"} == set(google.url.partition("?")[2].split("&"))


def test_an_address_cannot_bring_limits_files_or_formats_of_its_own(missed_call, tmp_path):
    secret = tmp_path / "secret.json"
    secret.write_text('{"content": "s3cret"}')

    [request] = sent_to(f"{DISCORD}?template={secret}&format=markdown&RETRY=3&wait=9", missed_call)

    assert json.loads(request.body)["content"] == f"Missed call\r\n{missed_call.summary}"


@pytest.mark.parametrize(
    "url", ["https://evil.test/hook", "syslog://", "mailto://u:p@mail.test", "dbus://", "tgram", "", "https://"]
)
def test_an_address_of_a_service_that_we_do_not_know_is_refused_without_being_shown(url):
    with pytest.raises(ValidationError) as caught:
        AppriseSettings(url=url)

    [fault] = faults(caught.value)
    assert fault.startswith("url: an address is a channel's own https:// webhook, or starts with discord://")


@pytest.mark.parametrize("url", ["slack://too-short", "ntfys://push.test/one/two", "https://discord.com/nothing"])
def test_an_address_that_is_not_one_channel_is_refused_by_the_check(url):
    with pytest.raises(Rejected):
        apprise(url, Http(adapter=Stand(Service()))).check()


@pytest.mark.parametrize(
    ("url", "asked"),
    [
        (SLACK, []),
        ("mailtos://u:p@mail.test", []),
        ("ntfy://topic", []),
        ("ntfys://push.test:8443/topic", ["HEAD https://push.test:8443/"]),
        ("json://u:p@ops.test/in", ["HEAD http://ops.test/"]),
        (TELEGRAM, ["GET https://api.telegram.org/bot123456789:abcdefg_hijklmnop/getMe"]),
        (DISCORD, [f"GET {DISCORD}"]),
    ],
)
def test_a_check_disturbs_nobody(url, asked):
    service = Service()

    apprise(url, Http(adapter=Stand(service))).check()

    assert [f"{request.method} {request.url}" for request in service.requests] == asked


def test_a_check_is_content_with_a_host_that_answers_anything(serve, answering, http):
    server = serve(answering("404 Not Found"))

    apprise(f"ntfy://127.0.0.1:{server.port}/topic", http()).check()

    assert server.accepted == 1


def test_a_check_says_that_a_host_may_not_be_reached(http):
    with pytest.raises(Rejected, match="RINGBRIDGE_ALLOWED_PRIVATE_NETWORKS"):
        apprise("ntfys://10.0.0.7/topic", http(allowed=[])).check()


def test_each_status_is_told_once(missed_call):
    ringing = replace(missed_call, status=CallStatus.RINGING, label="Incoming call")
    connector = apprise("jsons://ops.test/in", Http(adapter=Stand(service := Service())))

    first = connector.deliver(ringing, Known())
    again = connector.deliver(ringing, Known(receipt=first, told=CallStatus.RINGING))
    second = connector.deliver(missed_call, Known(receipt=first, told=CallStatus.RINGING))

    assert again is None
    assert second == Receipt(parts={"ringing": "sent", "missed": "sent"})
    assert [json.loads(body)["title"] for body in service.held()] == ["Incoming call", "Missed call"]


def test_a_message_whose_answer_was_lost_is_not_repeated_and_the_next_one_is_told(missed_call):
    ringing = replace(missed_call, status=CallStatus.RINGING)
    with pytest.raises(Retryable) as caught:
        apprise(SLACK, Http(adapter=Stand(Service(), Fault()))).deliver(ringing, Known())
    doubtful = Known(receipt=caught.value.receipt, unsure=True)

    assert sent_to(SLACK, ringing, doubtful) == []
    assert len(sent_to(SLACK, missed_call, doubtful)) == 1


def test_after_a_worker_has_died_the_same_message_is_left(missed_call):
    rung = Receipt(parts={"ringing": "sent"})

    assert sent_to(SLACK, missed_call, Known(unsure=True)) == []
    assert sent_to(SLACK, missed_call, Known(receipt=rung, told=CallStatus.RINGING, unsure=True)) == []


def test_what_was_certainly_not_sent_is_sent_at_the_next_attempt(missed_call):
    with pytest.raises(RateLimited) as caught:
        apprise(SLACK, Http(adapter=Stand(Service(), Fault(Reply(429))))).deliver(missed_call, Known())

    assert caught.value.receipt is None
    assert len(sent_to(SLACK, missed_call, Known())) == 1


@pytest.mark.parametrize("url", ["ntfy://127.0.0.1:{port}/topic", "json://127.0.0.1:{port}/in"])
@pytest.mark.parametrize(
    ("status", "headers", "error"),
    [
        ("302 Found", ["Location: http://127.0.0.1:1/"], Rejected),
        ("400 Bad Request", [], Rejected),
        ("401 Unauthorized", [], Unauthorized),
        ("404 Not Found", [], Rejected),
        ("429 Too Many Requests", ["Retry-After: 7"], RateLimited),
        ("500 Internal Server Error", [], Retryable),
    ],
)
def test_an_answer_means_what_it_means_everywhere(missed_call, serve, answering, http, url, status, headers, error):
    server = serve(answering(status, headers=headers))

    with pytest.raises(error) as caught:
        apprise(url.format(port=server.port), http()).deliver(missed_call, Known())

    assert type(caught.value) is error
    assert "://" not in caught.value.reason
    assert getattr(caught.value, "retry_after", 7.0) == 7.0
    assert getattr(caught.value, "sent", False) is (error is Retryable)
    assert server.accepted == 1


def test_a_slow_service_may_have_shown_the_message(missed_call, serve, http):
    server = serve(lambda connection, server: server.wait(5))

    with pytest.raises(Retryable) as caught:
        apprise(f"ntfy://127.0.0.1:{server.port}/topic", http(read=0.1)).deliver(missed_call, Known())

    assert caught.value.sent
    assert caught.value.receipt == Receipt(parts={"missed": "unsure"})


def test_a_service_that_does_not_listen_has_shown_nothing(missed_call, http):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

    with pytest.raises(Retryable) as caught:
        apprise(f"ntfy://127.0.0.1:{port}/topic", http()).deliver(missed_call, Known())

    assert not caught.value.sent


def test_a_refusal_inside_a_200_is_a_refusal(missed_call):
    stand = Stand(Service(), Fault(Reply(200, "invalid_token")))

    with pytest.raises(Rejected, match="Slack did not take the message"):
        apprise(SLACK, Http(adapter=stand)).deliver(missed_call, Known())


@pytest.mark.parametrize(
    ("url", "address", "why"),
    [
        ("jsons://inside.test/", "10.0.0.7", "RINGBRIDGE_ALLOWED_PRIVATE_NETWORKS"),
        ("ntfys://inside.test/topic", "169.254.169.254", "it cannot be allowed"),
        ("json://outside.test/", "93.184.216.34", "must be reached by https"),
        ("mailtos://u:p@inside.test", "127.0.0.1", "RINGBRIDGE_ALLOWED_PRIVATE_NETWORKS"),
    ],
)
def test_the_gate_stands_before_every_address(missed_call, http, url, address, why):
    guarded = http(allowed=[], resolve=lambda host, port: [address])

    with pytest.raises(Rejected, match=why):
        apprise(url, guarded).deliver(missed_call, Known())


def test_two_messages_in_a_row_wait_for_nothing(missed_call, serve, answering, http):
    server = serve(answering())
    connector = apprise(f"ntfy://127.0.0.1:{server.port}/topic", http())
    began = time.monotonic()

    for status in (CallStatus.RINGING, CallStatus.MISSED):
        connector.deliver(replace(missed_call, status=status), Known())

    assert time.monotonic() - began < 4  # Apprise would sleep 5.5 s between two messages of one object


def test_many_threads_may_send_at_once(missed_call):
    connector = apprise(DISCORD, Http(adapter=Stand(service := Service())))

    with ThreadPoolExecutor(16) as pool:
        calls = [replace(missed_call, summary=str(number)) for number in range(200)]
        receipts = list(pool.map(lambda call: connector.deliver(call, Known()), calls))

    assert len(receipts) == 200
    assert {json.loads(body)["content"] for body in service.held()} == {f"Missed call\r\n{n}" for n in range(200)}


FORKING = """
import os, sys, time
from ipaddress import ip_network
from connectors.apprise import Apprise, AppriseSettings
from connectors.kit import Http, Known
from connectors.kit.testing import sample_call

def tell():
    http = Http([ip_network("127.0.0.0/8")])
    Apprise(AppriseSettings(url=sys.argv[1]), http).deliver(sample_call(), Known())
    http.close()

tell()
child = os.fork()
if child == 0:
    began = time.monotonic()
    tell()
    os._exit(0 if time.monotonic() - began < 1 else 3)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


def test_a_worker_that_was_forked_after_a_message_sends_its_own_at_once(serve, answering):
    server = serve(answering())

    done = subprocess.run(
        [sys.executable, "-c", FORKING, f"ntfy://127.0.0.1:{server.port}/topic"], timeout=30, check=False
    )

    assert done.returncode == 0
    assert server.accepted == 2


def test_to_know_the_connector_does_not_load_the_library():
    asked = (
        "import sys; from connectors.kit import Registry; Registry().load('apprise'); print('apprise' in sys.modules)"
    )

    done = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)

    assert done.stdout == "False\n"


class MailServer:
    """Speaks enough SMTP with STARTTLS to take one message; says no, or nothing, where it is told to."""

    def __init__(self, context, refuses=None, breaks_off_at=None):
        self.mails = []
        self._context = context
        self._refuses = refuses
        self._breaks_off_at = breaks_off_at

    def talk(self, connection, server):
        connection.sendall(b"220 mail.test\r\n")
        self._session(connection)
        with self._context.wrap_socket(connection, server_side=True) as encrypted:
            self._session(encrypted)

    def _session(self, connection):
        """Until STARTTLS, or the end."""
        with connection.makefile("rb") as lines:
            for line in lines:
                word = line.split()[0].upper().decode()
                if word == self._breaks_off_at:
                    return
                connection.sendall(self._answer(word) + b"\r\n")
                if word == "DATA":
                    self.mails.append(b"".join(iter(lines.readline, b".\r\n")))
                    if self._breaks_off_at == "END":
                        return
                    connection.sendall(b"250 taken\r\n")
                if word in ("STARTTLS", "QUIT"):
                    return

    def _answer(self, word):
        if word == self._refuses:
            return b"535 no"
        answers = {"EHLO": b"250-mail.test\r\n250-STARTTLS\r\n250 AUTH PLAIN", "STARTTLS": b"220 go on"}
        return (answers | {"AUTH": b"235 welcome", "DATA": b"354 go on"}).get(word, b"250 yes")


@pytest.fixture
def mail(serve, http, certificate, monkeypatch):
    """Makes a connector whose mails go to a server on this machine, and the server."""

    def make(**behaviour):
        chain, private, authority = certificate("localhost")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(chain, private)
        monkeypatch.setenv("SSL_CERT_FILE", str(authority))
        mails = MailServer(context, **behaviour)
        port = serve(mails.talk).port
        url = f"mailtos://ann:hush@localhost:{port}?from=calls@ops.test&to=night@ops.test"
        return apprise(url, http(resolve=lambda host, port: ["127.0.0.1"])), mails

    return make


def test_a_mail_is_sent_encrypted_as_plain_text(hostile_call, mail):
    connector, server = mail()

    connector.deliver(hostile_call, Known())

    [sent] = server.mails
    message = email.message_from_bytes(sent, policy=email.policy.default)
    assert (message["Subject"], message["To"], message.get_content_type()) == (
        "Missed call",
        "night@ops.test",
        "text/plain",
    )
    assert message.get_content().strip() == (
        "Missed call: Ann *b* <b>x</b> & <!channel> @everyone [x](http://evil) `c` END"
    )


@pytest.mark.parametrize(
    ("behaviour", "error", "in_doubt"),
    [
        ({"refuses": "AUTH"}, Unauthorized, False),
        ({"refuses": "RCPT"}, Retryable, False),
        ({"breaks_off_at": "MAIL"}, Retryable, False),
        ({"breaks_off_at": "END"}, Retryable, True),
    ],
)
def test_what_a_mail_server_answers_is_understood(missed_call, mail, behaviour, error, in_doubt):
    connector, _ = mail(**behaviour)

    with pytest.raises(error) as caught:
        connector.deliver(missed_call, Known())

    assert type(caught.value) is error
    assert "hush" not in caught.value.reason
    assert getattr(caught.value, "sent", False) is in_doubt


def test_mail_is_never_sent_in_the_clear():
    with pytest.raises(Rejected, match="encrypted only"):
        apprise("mailtos://u:p@mail.test?mode=insecure", Http(adapter=Stand(Service()))).check()

"""A mail is sent as plain text and encrypted only, and what its server answers is understood."""

import email
import email.policy
import ssl

import pytest
from channels import apprise

from connectors.kit import Known, Rejected, Retryable, Unauthorized


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


def test_mail_is_never_sent_in_the_clear(missed_call, serve, http):
    server = serve(lambda connection, server: None)
    connector = apprise(
        f"mailtos://u:p@localhost:{server.port}?mode=insecure", http(resolve=lambda host, port: ["127.0.0.1"])
    )

    with pytest.raises(Rejected, match="encrypted only"):
        connector.check()
    with pytest.raises(Rejected, match="encrypted only"):
        connector.deliver(missed_call, Known())

    assert server.accepted == 0

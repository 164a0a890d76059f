"""A sample call, and a loopback server that does as a test says."""

import socket
import threading
from contextlib import ExitStack, suppress
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from connectors.kit import Call, Caller, CallStatus, Http, Limits
from connectors.kit.addresses import Gate
from connectors.kit.transport import GuardedAdapter

LOOPBACK = [ip_network("127.0.0.0/8"), ip_network("::1/128")]


@pytest.fixture
def missed_call():
    return Call(
        id="7103111222-9C41D0A7F2B84E6E93B1D5C0AA77E210",
        instance="support",
        status=CallStatus.MISSED,
        label="Missed call",
        summary="Missed call from Noor (bakery), +1 555-123-0042, 20 November 2026, 15:03 CET",
        caller=Caller(chat_id="15551230042@c.us", name="Noor (bakery)", source="contact_name", phone="+15551230042"),
        started_at=datetime(2026, 11, 20, 14, 3, 12, tzinfo=UTC),
        outcome_at=datetime(2026, 11, 20, 14, 3, 31, tzinfo=UTC),
        video=False,
    )


class Server:
    """Accepts connections on loopback and gives each to `talk`, in a thread of its own."""

    def __init__(self, talk):
        self.accepted = 0
        self._talk = talk
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = self._listening.getsockname()[1]
        self._stopping = threading.Event()
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def wait(self, seconds):
        """Pause between two bytes of an answer; True when the test is over."""
        return self._stopping.wait(seconds)

    def _accept(self):
        with suppress(OSError):
            while not self._stopping.is_set():
                connection, _ = self._listening.accept()
                self.accepted += 1
                thread = threading.Thread(target=self._serve, args=(connection,))
                self._threads.append(thread)
                thread.start()

    def _serve(self, connection):
        with connection, suppress(OSError):
            connection.settimeout(5)
            self._talk(connection, self)

    def close(self):
        self._stopping.set()
        with suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        for thread in self._threads:
            thread.join()


@pytest.fixture
def serve():
    with ExitStack() as running:

        def start(talk):
            server = Server(talk)
            running.callback(server.close)
            return server

        yield start


@pytest.fixture
def http():
    """Makes an Http that may reach loopback; limits, resolver and certificates as wanted."""
    with ExitStack() as opened:

        def make(*, resolve=None, tls=None, allowed=LOOPBACK, **limits):
            made = Http(adapter=GuardedAdapter(Gate(allowed, resolve), tls), limits=Limits(**limits))
            opened.callback(made.close)
            return made

        yield make


def read_request(connection):
    """The head and the body of the next request; None once the other side has closed."""
    received = b""
    while b"\r\n\r\n" not in received:
        more = connection.recv(65536)
        if not more:
            return None
        received += more
    head, _, body = received.partition(b"\r\n\r\n")
    length = 0
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            length = int(value)
    while len(body) < length:
        body += connection.recv(65536)
    return head, body


@pytest.fixture
def answering():
    """A talk that answers every request of a connection with these bytes."""

    def make(status="200 OK", body=b"{}", headers=()):
        lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers]
        answer = "\r\n".join(lines).encode() + b"\r\n\r\n" + body

        def talk(connection, server):
            while read_request(connection):
                connection.sendall(answer)

        return talk

    return make


@pytest.fixture
def certificate(tmp_path):
    """Makes a certificate for a host, signed by itself: chain, key, and the authority to trust."""

    def make(host):
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
        now = datetime.now(UTC)
        made = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=1))
            .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .sign(key, hashes.SHA256())
        )
        chain, private = tmp_path / "chain.pem", tmp_path / "key.pem"
        chain.write_bytes(made.public_bytes(serialization.Encoding.PEM))
        private.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
        return chain, private, chain

    return make

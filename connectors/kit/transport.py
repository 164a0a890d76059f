"""The way through urllib3: its pools and connections, with our gate in front and our watchdog beside."""

from __future__ import annotations

import socket
import ssl
from functools import cache
from typing import TYPE_CHECKING

import certifi
from requests.adapters import HTTPAdapter
from urllib3 import PoolManager
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import HTTPError

from connectors.kit.addresses import Gate
from connectors.kit.errors import ConnectorError, Retryable
from connectors.kit.watchdog import clock, current_flight

if TYPE_CHECKING:
    from urllib3._base_connection import BaseHTTPConnection  # exists for type checkers only

HOSTS = 64  # pools kept; the one unused for longest goes first
CONNECTIONS_PER_HOST = 32  # kept open; more are made when needed, and closed after use


class GuardedAdapter(HTTPAdapter):
    """Connects only where the gate lets it, verifies certificates, never retries.

    Not to be carried over a fork: two processes would share its connections. `tls` is for tests that have a
    certificate of their own.
    """

    def __init__(self, gate: Gate, tls: ssl.SSLContext | None = None) -> None:
        super().__init__()
        self.poolmanager = PoolManager(
            HOSTS, maxsize=CONNECTIONS_PER_HOST, ssl_context=tls or _trusting_the_machine_and_mozilla()
        )
        self.poolmanager.pool_classes_by_scheme = _pools(gate)

    def cert_verify(self, conn: object, url: str, verify: object, cert: object) -> None:
        """Nothing: the context verifies, loaded once. The default reads the bundle for every connection."""


@cache  # reading a few hundred authorities takes its time
def _trusting_the_machine_and_mozilla() -> ssl.SSLContext:
    # The machine's store holds a company's own authority (and follows SSL_CERT_FILE); slim images have none.
    context = ssl.create_default_context()
    context.load_verify_locations(certifi.where())
    return context


class _Encrypted(HTTPSConnection):
    def connect(self) -> None:
        # Named here, where nothing has been sent: later, the same errors may mean that the request was done.
        failure: ConnectorError
        try:
            super().connect()
        except ssl.SSLCertVerificationError as error:
            failure = Retryable(f"The certificate of {self.host} is not trusted: {error.verify_message}.")
        except (OSError, HTTPError, ssl.CertificateError):
            failure = Retryable(f"{self.host} did not agree on an encrypted connection.")
        else:
            return
        raise failure


class _PlainPool(HTTPConnectionPool):
    def _get_conn(self, timeout: float | None = None) -> BaseHTTPConnection:
        return _board(super()._get_conn(timeout))

    def _put_conn(self, conn: BaseHTTPConnection | None) -> None:
        _land()
        super()._put_conn(conn)


class _EncryptedPool(HTTPSConnectionPool):
    def _get_conn(self, timeout: float | None = None) -> BaseHTTPConnection:
        return _board(super()._get_conn(timeout))

    def _put_conn(self, conn: BaseHTTPConnection | None) -> None:
        _land()
        super()._put_conn(conn)


def _pools(gate: Gate) -> dict[str, type[HTTPConnectionPool]]:
    """urllib3's pools, with connections that go through this gate. To override is the only way it offers."""

    class PlainThroughGate(HTTPConnection):
        def _new_conn(self) -> socket.socket:
            return _connect(self, gate, encrypted=False)

    class EncryptedThroughGate(_Encrypted):
        def _new_conn(self) -> socket.socket:
            return _connect(self, gate, encrypted=True)

    class PlainPool(_PlainPool):
        ConnectionCls = PlainThroughGate

    class EncryptedPool(_EncryptedPool):
        ConnectionCls = EncryptedThroughGate

    return {"http": PlainPool, "https": EncryptedPool}


def _connect(connection: HTTPConnection, gate: Gate, *, encrypted: bool) -> socket.socket:
    seconds = float(connection.timeout or 0)
    flight = current_flight()
    if flight is not None:
        seconds = min(seconds, flight.ends - clock())
    opened = gate.connect(
        connection.host,
        connection.port,
        encrypted=encrypted,
        seconds=max(seconds, 0.001),
        options=connection.socket_options or (),
    )
    opened.settimeout(connection.timeout)
    if flight is not None:
        flight.board(opened)
    return opened


def _board(connection: BaseHTTPConnection) -> BaseHTTPConnection:
    """A kept connection is watched from the moment it is taken; a new one from the moment it is open."""
    flight = current_flight()
    if flight is not None and isinstance(connection, HTTPConnection) and connection.sock is not None:
        flight.board(connection.sock)
    return connection


def _land() -> None:
    # Before the next request can take the connection, or a late cut would hit that one.
    flight = current_flight()
    if flight is not None:
        flight.land()

"""Which addresses we connect to.

Administrators type host names; a name may point anywhere, and somewhere else a moment later. So it is
resolved once, every address is judged, and the connection goes to an address that was judged.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from connectors.kit.errors import ConnectorError, Rejected, Retryable
from connectors.kit.watchdog import clock

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network
Resolve = Callable[[str, int], Iterable[str]]

VARIABLE = "RINGBRIDGE_ALLOWED_PRIVATE_NETWORKS"

# Where clouds keep credentials for whoever asks from inside; no network setting opens these.
NEVER: tuple[Network, ...] = tuple(
    ip_network(network)
    for network in (
        "169.254.0.0/16",  # AWS, Google, Azure, OpenStack
        "fe80::/10",
        "fd00:ec2::/32",  # AWS over IPv6
        "fd20:ce::/32",  # Google over IPv6
        "100.100.100.200/32",  # Alibaba
        "168.63.129.16/32",  # Azure: a public address, answered by the host machine
        "192.0.0.0/24",  # Oracle; `ipaddress` calls parts of it global
    )
)
NEVER_NAMES = frozenset({"metadata", "metadata.google.internal", "metadata.goog", "instance-data"})

NAT64 = ip_network("64:ff9b::/96")

# Mail, SSH and the like live below and speak no HTTP; CRMs that people host themselves live on 8443 or 3000.
PUBLIC_PORT = 443
LOWEST_FREE_PORT = 1024

LOOKUPS_AT_ONCE = 16


class Gate:
    """Opens connections to addresses that may be reached, and to no others."""

    def __init__(self, allowed_private_networks: Sequence[Network] = (), resolve: Resolve | None = None) -> None:
        self._allowed = tuple(allowed_private_networks)
        self._resolve = resolve or _look_up
        self._lookups = threading.BoundedSemaphore(LOOKUPS_AT_ONCE)

    def connect(
        self,
        host: str,
        port: int,
        *,
        encrypted: bool,
        seconds: float,
        options: Iterable[tuple[int, int, int | bytes]] = (),
    ) -> socket.socket:
        """A connected socket. Raises Rejected for what may not be reached, Retryable for what cannot be."""
        ends = clock() + seconds
        addresses = self._addresses(host, port, seconds)
        self._judge(host, port, addresses, encrypted=encrypted)
        late = False
        for position, address in enumerate(addresses):
            # An address that swallows packets (IPv6 often does) leaves the others their share of the time.
            share = (ends - clock()) / (len(addresses) - position)
            try:
                return _open(address, port, max(share, 0.001), options)
            except TimeoutError:
                late = True
            except OSError:
                continue
        if late:
            raise Retryable(f"{host} did not accept a connection within {seconds:.3g} s.")
        raise Retryable(f"{host} did not accept a connection.")

    def _addresses(self, host: str, port: int, seconds: float) -> list[Address]:
        try:
            return [ip_address(host)]
        except ValueError:
            pass
        if host.lower().rstrip(".") in NEVER_NAMES:
            raise _refused(host)
        found = list(dict.fromkeys(ip_address(text) for text in self._resolve_within(host, port, seconds)))
        if not found:
            raise Retryable(f"The name {host} has no address.")
        return found

    def _resolve_within(self, host: str, port: int, seconds: float) -> Iterable[str]:
        # The system's resolver takes no time limit and cannot be interrupted: it gets a thread, and we stop
        # waiting. Only new connections come here: a thread for each is cheap, and stuck ones are bounded.
        answer: Future[Iterable[str]] = Future()

        def ask() -> None:
            try:
                answer.set_result(self._resolve(host, port))
            except Exception as error:  # noqa: BLE001 - handed to the thread that waits
                answer.set_exception(error)
            finally:
                self._lookups.release()

        ends = clock() + seconds
        failure: ConnectorError
        if not self._lookups.acquire(timeout=seconds):
            raise Retryable(f"The name {host} could not be resolved: too many lookups are under way.")
        threading.Thread(target=ask, name="ringbridge-lookup", daemon=True).start()
        try:
            return answer.result(max(ends - clock(), 0.001))
        except TimeoutError:
            failure = Retryable(f"The name {host} could not be resolved within {seconds:.3g} s.")
        except UnicodeError:
            failure = Rejected(f"{host} is not a valid host name.")
        except OSError:
            failure = Retryable(f"The name {host} could not be resolved.")
        raise failure

    def _judge(self, host: str, port: int, addresses: Sequence[Address], *, encrypted: bool) -> None:
        plain = [_unwrapped(address) for address in addresses]
        if any(_inside(address, NEVER) for address in plain):
            raise _refused(host)
        if all(_inside(address, self._allowed) for address in plain):
            return
        if not all(_inside(address, self._allowed) or _is_public(address) for address in plain):
            raise _refused(host, f"add its network to {VARIABLE} if it should be reached")
        if not encrypted:
            raise Rejected(f"{host} must be reached by https; plain http is for addresses inside {VARIABLE} only.")
        if port != PUBLIC_PORT and port < LOWEST_FREE_PORT:
            raise Rejected(f"{host} may be reached on port {PUBLIC_PORT} or from {LOWEST_FREE_PORT} up, not on {port}.")


def _refused(host: str, advice: str = "it cannot be allowed") -> Rejected:
    return Rejected(f"{host} is at a private or reserved address; {advice}.")


def _unwrapped(address: Address) -> Address:
    """The IPv4 address that traffic to this one ends at, where it is a wrapping of one."""
    if isinstance(address, IPv4Address):
        return address
    if address in NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    teredo = address.teredo
    return address.ipv4_mapped or address.sixtofour or (teredo[1] if teredo else address)


def _inside(address: Address, networks: Iterable[Network]) -> bool:
    return any(address in network for network in networks)


def _is_public(address: Address) -> bool:
    # `is_global` alone is true for multicast and for some reserved blocks.
    return address.is_global and not address.is_multicast and not address.is_reserved


def _look_up(host: str, port: int) -> list[str]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(endpoint[0]) for *_, endpoint in found]


def _open(
    address: Address, port: int, seconds: float, options: Iterable[tuple[int, int, int | bytes]]
) -> socket.socket:
    family = socket.AF_INET if address.version == 4 else socket.AF_INET6
    opened = socket.socket(family, socket.SOCK_STREAM)
    try:
        for option in options:
            opened.setsockopt(*option)
        opened.settimeout(seconds)
        opened.connect((str(address), port))
    except BaseException:
        opened.close()
        raise
    return opened

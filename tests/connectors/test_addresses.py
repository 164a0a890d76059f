"""Which addresses are reached, however they are written and whatever their name says later."""

import threading
from ipaddress import ip_network

import pytest

from connectors.kit import Rejected, Retryable
from connectors.kit.addresses import VARIABLE, Gate

WIDE_OPEN = [ip_network("0.0.0.0/0"), ip_network("::/0")]


@pytest.fixture
def dialled(monkeypatch):
    """What a connection was opened to; nothing really is."""
    calls = []

    def record(address, port, seconds, options):
        calls.append((str(address), port))
        raise ConnectionRefusedError

    monkeypatch.setattr("connectors.kit.addresses._open", record)
    return calls


def attempt(gate, host="crm.test", port=443, *, encrypted=True, seconds=1.0):
    gate.connect(host, port, encrypted=encrypted, seconds=seconds)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.1.2.3",
        "192.168.0.1",
        "172.16.0.1",
        "100.64.0.1",
        "0.0.0.0",
        "169.254.169.254",
        "168.63.129.16",
        "192.0.0.192",
        "192.0.0.8",
        "224.0.0.1",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "fe80::1",
        "fd00:ec2::254",
        "fc00::1",
        "ff02::1",
        "::ffff:127.0.0.1",
        "::ffff:100.64.0.1",
        "2002:7f00:1::",
        "2001:0:4136:e378:8000:63bf:80ff:fffe",
        "64:ff9b::7f00:1",
        "64:ff9b::a9fe:a9fe",
    ],
)
def test_private_reserved_and_wrapped_addresses_are_refused(address, dialled):
    with pytest.raises(Rejected, match="private or reserved"):
        attempt(Gate(), address)
    with pytest.raises(Rejected, match="private or reserved"):
        attempt(Gate(resolve=lambda host, port: [address]))

    assert dialled == []


@pytest.mark.parametrize("host", ["127.1", "2130706433", "0x7f.1", "localhost"])
def test_loopback_in_disguise_is_refused(host, dialled):
    with pytest.raises(Rejected):
        attempt(Gate(), host)

    assert dialled == []


@pytest.mark.parametrize("address", ["93.184.215.14", "2606:4700::1111", "64:ff9b::5db8:d70e"])
def test_public_addresses_are_reached_by_https(address, dialled):
    with pytest.raises(Retryable):
        attempt(Gate(), address)

    assert dialled == [(address, 443)]


def test_the_refusal_says_what_to_set(dialled):
    with pytest.raises(Rejected, match=VARIABLE):
        attempt(Gate(), "10.0.0.5")


def test_private_addresses_are_reached_inside_the_allowed_networks_on_any_port(dialled):
    gate = Gate([ip_network("10.2.0.0/16")])

    with pytest.raises(Retryable):
        attempt(gate, "10.2.3.4", 80, encrypted=False)
    with pytest.raises(Rejected):
        attempt(gate, "10.3.0.1")

    assert dialled == [("10.2.3.4", 80)]


@pytest.mark.parametrize(
    "host", ["169.254.169.254", "fe80::1", "100.100.100.200", "metadata.google.internal", "Metadata"]
)
def test_what_clouds_keep_credentials_at_is_never_reached(host, dialled):
    with pytest.raises(Rejected, match="it cannot be allowed"):
        attempt(Gate(WIDE_OPEN, lambda host, port: ["93.184.215.14"]), host)

    assert dialled == []


def test_one_private_address_among_public_ones_spoils_the_name(dialled):
    with pytest.raises(Rejected):
        attempt(Gate(resolve=lambda host, port: ["93.184.215.14", "10.0.0.1"]))

    assert dialled == []


def test_plain_http_is_for_allowed_networks_only(dialled):
    with pytest.raises(Rejected, match="by https"):
        attempt(Gate(), "93.184.215.14", 8080, encrypted=False)


@pytest.mark.parametrize(("port", "reached"), [(443, True), (8443, True), (3000, True), (25, False), (80, False)])
def test_public_systems_are_reached_on_443_and_high_ports(port, reached, dialled):
    with pytest.raises(Retryable if reached else Rejected):
        attempt(Gate(), "93.184.215.14", port)

    assert bool(dialled) is reached


def test_a_name_that_changes_its_mind_is_connected_to_as_it_was_checked(dialled):
    answers = iter([["93.184.215.14"], ["127.0.0.1"]])

    with pytest.raises(Retryable):
        attempt(Gate(resolve=lambda host, port: next(answers)))

    assert dialled == [("93.184.215.14", 443)]
    assert next(answers) == ["127.0.0.1"], "it was asked only once"


def test_the_next_address_is_tried_when_one_does_not_answer(dialled):
    with pytest.raises(Retryable):
        attempt(Gate(resolve=lambda host, port: ["2606:4700::1111", "93.184.215.14", "93.184.215.14"]))

    assert dialled == [("2606:4700::1111", 443), ("93.184.215.14", 443)]


def test_a_name_that_does_not_resolve_may_do_so_later():
    def unknown(host, port):
        raise OSError(-2, "Name or service not known")

    with pytest.raises(Retryable, match=r"crm\.test could not be resolved") as caught:
        attempt(Gate(resolve=unknown))

    assert not caught.value.sent
    assert caught.value.__context__ is None


def test_a_name_that_is_none_is_refused():
    with pytest.raises(Rejected, match="not a valid host name"):
        attempt(Gate(), "a" * 70 + ".test")


def test_a_resolver_that_hangs_is_given_up():
    release = threading.Event()

    def hang(host, port):
        release.wait(5)
        return []

    try:
        with pytest.raises(Retryable, match=r"could not be resolved within 0\.1 s"):
            attempt(Gate(resolve=hang), seconds=0.1)
    finally:
        release.set()


def test_resolvers_that_hang_do_not_pile_up(monkeypatch):
    monkeypatch.setattr("connectors.kit.addresses.LOOKUPS_AT_ONCE", 1)
    release = threading.Event()
    gate = Gate(resolve=lambda host, port: release.wait(5) and [])

    try:
        with pytest.raises(Retryable, match="within"):
            attempt(gate, seconds=0.05)
        with pytest.raises(Retryable, match="too many lookups"):
            attempt(gate, seconds=0.05)
    finally:
        release.set()

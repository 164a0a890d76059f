"""Connectors are found by name, loaded late, and fail one by one."""

import sys
from importlib.metadata import EntryPoint

import pytest

from connectors.kit import BrokenConnector, DuplicateConnector, Registry, UnknownConnector
from connectors.kit.registry import GROUP


class Package:
    def __init__(self, name):
        self.name = name


def entry(name, value, package="acme"):
    found = EntryPoint(name, value, GROUP)
    vars(found)["dist"] = Package(package)
    return found


def test_our_own_connectors_are_registered():
    registry = Registry()

    assert "webhook" in registry.names()
    assert registry.load("webhook").title == "Webhook"
    assert registry.package("webhook") == "ringbridge"


def test_names_are_listed_without_importing_anything():
    registry = Registry([entry("zulu", "nothing.here:X"), entry("alpha", "this_is_not_imported:Y")])

    assert registry.names() == ["alpha", "zulu"]
    assert "this_is_not_imported" not in sys.modules


def test_a_connector_is_loaded_once():
    registry = Registry([entry("webhook", "connectors.webhook:Webhook")])

    assert registry.load("webhook") is registry.load("webhook")


def test_an_unknown_name_is_answered_with_the_known_ones():
    with pytest.raises(UnknownConnector, match=r"no connector named 'zendek'\. Known: webhook, zendesk"):
        Registry([entry("zendesk", "a:B"), entry("webhook", "a:B")]).load("zendek")


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("no_such_module:X", "ModuleNotFoundError: No module named 'no_such_module'"),
        ("connectors.webhook:Missing", "AttributeError"),
        ("json:dumps", "json:dumps is not a Connector"),
        ("connectors.kit:Connector", "does not say its title"),
    ],
)
def test_a_connector_that_does_not_load_says_why_and_leaves_the_rest_working(value, reason):
    registry = Registry([entry("odd", value), entry("webhook", "connectors.webhook:Webhook")])

    for _ in range(2):
        with pytest.raises(BrokenConnector) as caught:
            registry.load("odd")
        assert reason in caught.value.reason
    assert registry.load("webhook").title == "Webhook"


def test_two_packages_that_claim_one_name_are_both_named():
    with pytest.raises(DuplicateConnector, match="named zendesk: acme and zeta"):
        Registry([entry("zendesk", "a:B", "zeta"), entry("zendesk", "c:D", "acme")])


def test_one_package_found_twice_is_no_contradiction():
    assert Registry([entry("zendesk", "a:B"), entry("zendesk", "a:B")]).names() == ["zendesk"]

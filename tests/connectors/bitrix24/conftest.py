"""A portal that knows one caller, connectors to it, and a portal with our application in it."""

from dataclasses import dataclass, field, replace

import application
import pytest
from bitrix24_portal import Portal

from connectors.bitrix24.inbound import Bitrix24
from connectors.bitrix24.settings import Bitrix24Settings
from connectors.kit import ConnectorError, Http, Known
from connectors.kit.testing import Stand, sample_call

WEBHOOK = "https://acme.bitrix24.test/rest/1/c4nary5ecret/"
PHONE = "+15551230042"


class Time:
    def __init__(self):
        self.now = 1_795_000_000.0

    def __call__(self):
        return self.now


@dataclass
class Desk:
    """One connection, and what the bridge keeps of one call: receipt, told, unsure and person."""

    portal: Portal
    settings: dict[str, object]
    known: Known = field(default_factory=Known)

    def connected(self, fault=None, at=None):
        stand = Stand(self.portal, fault, at=at)
        settings = Bitrix24Settings.model_validate({"webhook_url": WEBHOOK, **self.settings})
        return Bitrix24(settings, Http(adapter=stand))

    def tell(self, status, fault=None, at=None, **changes):
        """Tell of a call, and keep what the bridge would keep of it. Raises what the connector raises."""
        call = replace(sample_call(status), **changes)
        try:
            receipt = self.connected(fault, at).deliver(call, self.known)
        except ConnectorError as error:
            receipt = error.receipt or self.known.receipt
            self._keep(receipt, self.known.told, unsure=getattr(error, "sent", False) or self.known.unsure)
            raise
        self._keep(receipt or self.known.receipt, status, unsure=False)
        return receipt

    def _keep(self, receipt, told, *, unsure):
        person = (receipt.person if receipt else None) or self.known.person
        self.known = Known(receipt, told, unsure, person)


@pytest.fixture
def clock():
    return Time()


@pytest.fixture
def portal(clock):
    portal = Portal(clock=clock)
    portal.records.add("CONTACT", NAME="Ann", LAST_NAME="Weber", ASSIGNED_BY_ID="99", phones=[PHONE])
    return portal


@pytest.fixture
def strangers(clock):
    """A portal that knows nobody."""
    return Portal(clock=clock)


@pytest.fixture
def desk(portal):
    return lambda **settings: Desk(portal, {"operators": [5, "6"], **settings})


@pytest.fixture
def stranger_desk(strangers):
    return lambda **settings: Desk(strangers, {"operators": [5, "6"], **settings})


@pytest.fixture
def acme():
    """A portal with our application in it, which is told nothing that it would ignore."""
    made = application.portal()
    yield made
    assert made.ignored == []

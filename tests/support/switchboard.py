"""Calls of every kind, and a bridge that remembers what one connection to HubSpot was told."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hubspot_portal import Line

from connectors.hubspot import Hubspot, HubspotSettings
from connectors.kit import Call, Caller, CallStatus, ConnectorError, Http, Known, RateLimited, Retryable
from connectors.kit.testing import Notebook

START = datetime(2026, 11, 20, 14, 3, 12, tzinfo=UTC)
LABELS = {
    CallStatus.RINGING: "Incoming call",
    CallStatus.UNKNOWN: "Call, outcome not reported",
    CallStatus.MISSED: "Missed call",
    CallStatus.DROPPED: "Dropped call",
    CallStatus.ANSWERED: "Answered call",
}
NOOR = Caller("15551230042@c.us", "Noor (bakery)", "contact_name", "+15551230042")
HIDDEN = Caller("98765@lid", "hidden number", "hidden")
GROUP = Caller("12036304@g.us", "Group call", "group")


class Bridge:
    """Tells one connection of calls as the bridge does: it keeps receipts and persons, and comes again."""

    def __init__(self, portal, plan=None, **settings):
        self.portal, self.line = portal, Line(portal, plan)
        token = {"token": portal.token}
        self.connector = Hubspot(HubspotSettings(**{**token, **settings}), Http(adapter=self.line), Notebook())
        self.receipts, self.told, self.unsure, self.people, self.errors = {}, {}, {}, {}, []

    def tell(self, call, tries=1):
        """The receipt that stands at the end; the last error is raised."""
        for left in reversed(range(tries)):
            try:
                return self._once(call)
            except ConnectorError as error:
                self.errors.append(error)
                if not left or not isinstance(error, Retryable):
                    raise
        return None

    def _once(self, call):
        known = Known(
            self.receipts.get(call.id),
            self.told.get(call.id),
            self.unsure.get(call.id, False),
            self.people.get(call.caller.chat_id),
        )
        try:
            receipt = self.connector.deliver(call, known)
        except ConnectorError as error:
            self._keep(call, error.receipt)
            sent = isinstance(error, Retryable) and not isinstance(error, RateLimited) and error.sent
            self.unsure[call.id] = sent or known.unsure
            raise
        self._keep(call, receipt)
        self.told[call.id], self.unsure[call.id] = call.status, False
        return self.receipts.get(call.id)

    def _keep(self, call, receipt):
        if receipt is not None:
            self.receipts[call.id] = receipt
            if receipt.person is not None:
                self.people[call.caller.chat_id] = receipt.person


def a_call(status=CallStatus.MISSED, number=1, caller=NOOR, **changes):
    """Call `number` of a caller: each is five minutes after the one before, and its outcome 19 seconds later."""
    started_at = START + timedelta(minutes=5 * number)
    call = Call(
        id=f"7103111222-CALL{number}",
        instance="support",
        status=status,
        label=LABELS[status],
        summary=f"{LABELS[status]}: {caller.name}, line support",
        caller=caller,
        started_at=started_at,
        outcome_at=None if status is CallStatus.RINGING else started_at + timedelta(seconds=19),
    )
    return replace(call, **changes)

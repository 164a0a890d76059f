"""A HubSpot portal in memory, as strict as the real one where that is known: contacts, calls, tasks and set-up.

    portal = Portal(clock=lambda: now, lag=5.0)
    portal.contact(firstname="Ann", phone="+44 7700 900123")
    connector = HubSpot(settings, Http(adapter=Line(portal)))

What only a faulty client would send is kept in `portal.refused`. Where HubSpot's behaviour is not documented, a comment
says that it is guessed.
"""

from hubspot_portal.portal import Exchange, Portal
from hubspot_portal.wire import (
    BAD_GATEWAY,
    DAILY,
    DROPPED,
    GATEWAY_TIMEOUT,
    LOCKED,
    MIGRATING,
    SECONDLY,
    SILENT,
    SILENT_BUT_DONE,
    TEN_SECONDLY,
    Line,
)

__all__ = [
    "BAD_GATEWAY",
    "DAILY",
    "DROPPED",
    "GATEWAY_TIMEOUT",
    "LOCKED",
    "MIGRATING",
    "SECONDLY",
    "SILENT",
    "SILENT_BUT_DONE",
    "TEN_SECONDLY",
    "Exchange",
    "Line",
    "Portal",
]

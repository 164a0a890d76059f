"""What becomes of a notification that is authentic, whichever door it came by: nothing, a call, or a line to look at.

Each door decides whom it believes, and acknowledges only what has been taken here: then it is on the disk.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Literal

from bridge import alarms, intake, notifications
from bridge.calls import Source
from bridge.greenapi.alerts import Alert
from bridge.greenapi.events import CallEvent, Notification, Unreadable, read
from bridge.intake import Accepted
from bridge.service import Service

log = logging.getLogger(__name__)

PATH = "/webhooks/greenapi"
"""Where GREEN-API pushes to."""
LONGEST_BODY = 16 * 1024 * 1024
"""How much of one is read at all, in bytes."""


@dataclass(frozen=True, slots=True)
class Taken:
    """What came of one. `accepted` is what to ring for, once it has been acknowledged."""

    outcome: Literal["accepted", "repeat", "unneeded", "unread"]
    accepted: Accepted | None = None


_UNNEEDED = Taken("unneeded")


def opened(body: bytes) -> Notification | Unreadable:
    """The notification, or why there is none in it. Either may name an instance."""
    try:
        return read(body)
    except Unreadable as error:
        return error


def take(
    service: Service, heard: Notification | Unreadable, body: bytes, owners: frozenset[str], source: Source
) -> Taken:
    """Write down what was heard. `owners` are the accounts (idInstance) that whoever brought it may speak for.

    Raises StoreUnavailable: then it has not been taken, and must come again.
    """
    if isinstance(heard, Unreadable):
        return _unread(service, heard, body, owners)
    if heard.id_instance is not None:
        service.heard.notification(heard.id_instance, heard.sender)
    if heard.alert is not None:
        return _alerted(service, heard.alert, body)
    if heard.call is None:
        return _UNNEEDED
    accepted = _accepted(service, heard.call, body, source)
    return Taken("repeat" if accepted.verdict == "repeat" else "accepted", accepted)


def _accepted(service: Service, call: CallEvent, body: bytes, source: Source) -> Accepted:
    snapshot, now = service.directory.current(), service.now()
    if call.id_instance not in snapshot.by_id_instance:  # removed since it was known to be ours
        return Accepted("call")
    accepted = service.store.write(
        lambda db: intake.accept(db, call, body, snapshot, service.settings, now, source=source),
    )
    service.crash_point("committed")
    log.info(
        "notification accepted",
        extra={"call_id": accepted.call_id or call.call_key, "status": call.word, "outcome": accepted.verdict},
    )
    return accepted


def _alerted(service: Service, alert: Alert, body: bytes) -> Taken:
    now = service.now()
    instance = service.directory.current().by_id_instance.get(alert.id_instance)
    if instance is None:  # removed since it was known to be ours
        return _UNNEEDED
    alarming = service.store.write(lambda db: alarms.accept(db, alert, body, instance, now))
    if alarming is None:
        return Taken("repeat", Accepted("repeat"))
    fields = {"instance": instance.name, "type": alert.type, "word": alert.word}
    log.log(logging.WARNING if alarming else logging.INFO, "GREEN-API tells of the account", extra=fields)
    return Taken("accepted", Accepted("alert"))


def _unread(service: Service, error: Unreadable, body: bytes, owners: frozenset[str]) -> Taken:
    snapshot, now = service.directory.current(), service.now()
    # The instance that it names, or else the only one that it can be of.
    id_instance = error.id_instance or (next(iter(owners)) if len(owners) == 1 else "")
    known = snapshot.by_id_instance.get(id_instance)
    instance_id = known.id if known else None
    kept = service.store.write(lambda db: notifications.keep_unread(db, body, instance_id, str(error), now, error.type))
    if kept:
        log.warning("notification could not be read; it was kept", extra={"reason": str(error)})
    return Taken("unread")

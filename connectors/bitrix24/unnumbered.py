"""Calls without a number, of groups and hidden callers: there is no card without one, so operators are notified."""

from __future__ import annotations

from collections.abc import Sequence

from connectors.bitrix24.bell import Bell
from connectors.bitrix24.refusals import ScopeMissing
from connectors.bitrix24.rest import Rest
from connectors.bitrix24.wording import neutral
from connectors.kit import Call, CallStatus, Known, Rejected

_NO_SCOPE = (
    "A call card needs a number, and this caller shows none. Grant the application the scope im as well, and operators "
    "get a notification instead."
)


def notify(rest: Rest, call: Call, known: Known, operators: Sequence[str]) -> None:
    """Tell the operators how the call stands; of an answered one there is nothing left to tell.

    Raises Rejected where the application has no scope for it: that is no reason to pause the whole connection.
    """
    bell = Bell(rest, call.id)
    try:
        if call.status is CallStatus.ANSWERED:
            bell.take_back()
            return
        told = bell.tell(operators, neutral(call.summary), afresh=known.unsure or known.told is not None)
    except ScopeMissing as error:
        raise Rejected(_NO_SCOPE) from error
    if not told:
        raise Rejected("The portal notified nobody: see whether the operators still work there.")


def withdraw(rest: Rest, call: Call) -> None:
    """Take the notification away from everybody; without the scope for it there was none."""
    try:
        Bell(rest, call.id).take_back()
    except ScopeMissing:
        return
